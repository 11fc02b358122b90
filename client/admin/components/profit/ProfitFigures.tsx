/** The sums of a report, beside those of the time before. */

import { isNegative, isZero } from '../../../ui/decimal.ts';
import { Figure, Figures } from '../../../ui/Figure.tsx';
import { toneOfMargin } from '../../../ui/State.tsx';
import { Change, Count, Money, Ratio } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const ProfitFigures_ProfitReportFragment = graphql(`
  fragment ProfitFigures_ProfitReportFragment on ProfitReport {
    totals {
      calls
      failed
      margin
      cost {
        amount
        currency
      }
      lostCost {
        amount
        currency
      }
      revenue {
        amount
        currency
      }
      grossProfit {
        amount
        currency
      }
    }
    trend {
      costChange
      revenueChange
      grossProfitChange
      callsChange
      previous {
        margin
      }
    }
  }
`);

interface ProfitFiguresProps {
  readonly report: FragmentType<typeof ProfitFigures_ProfitReportFragment> | undefined;
}

export function ProfitFigures(props: ProfitFiguresProps) {
  const report = readFragment(ProfitFigures_ProfitReportFragment, props.report);
  const totals = report?.totals;
  const trend = report?.trend;
  return (
    <Figures label="Sums, and how they changed from the time before">
      <Figure
        label="Cost"
        value={totals && <Money value={totals.cost} precision="cents" />}
        note={<Change ratio={trend?.costChange} />}
      />
      <Figure
        label="Revenue"
        value={totals && <Money value={totals.revenue} precision="cents" />}
        note={<Change ratio={trend?.revenueChange} />}
      />
      <Figure
        label="Profit"
        value={totals && <Money value={totals.grossProfit} precision="cents" signed />}
        note={<Change ratio={trend?.grossProfitChange} />}
        tone={totals && isNegative(totals.grossProfit.amount) ? 'bad' : undefined}
      />
      <Figure
        label="Margin"
        value={totals && <Ratio value={totals.margin} none="nothing earned" />}
        note={
          <>
            <Ratio value={trend?.previous.margin} none="nothing earned" /> before
          </>
        }
        tone={toneOfMargin(totals?.margin)}
      />
      <Figure
        label="Calls"
        value={totals && <Count value={totals.calls} />}
        note={<Change ratio={trend?.callsChange} />}
      />
      <Figure
        label="Lost"
        value={totals && <Money value={totals.lostCost} precision="cents" />}
        note={
          totals && (
            <>
              <Count value={totals.failed} /> calls failed
            </>
          )
        }
        tone={totals && !isZero(totals.lostCost.amount) ? 'warning' : undefined}
      />
    </Figures>
  );
}
