/** What an hour or a day has cost and earned so far. */

import { isNegative, isZero } from '../../../ui/decimal.ts';
import { Figure, Figures } from '../../../ui/Figure.tsx';
import { toneOfMargin } from '../../../ui/State.tsx';
import { Count, Money, Ratio } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const LiveFigures_LiveProfitFragment = graphql(`
  fragment LiveFigures_LiveProfitFragment on LiveProfit {
    reservationsOpen
    totals {
      calls
      failed
      cacheHits
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
      margin
    }
  }
`);

const MARGIN_WORDS = {
  good: 'healthy',
  warning: 'under 40 %',
  bad: 'under the floor of 20 %',
  quiet: 'nothing earned yet',
  busy: '',
} as const;

interface LiveFiguresProps {
  /** Undefined until the first event. */
  readonly profit: FragmentType<typeof LiveFigures_LiveProfitFragment> | undefined;
  readonly label: string;
}

export function LiveFigures({ label, ...props }: LiveFiguresProps) {
  const profit = readFragment(LiveFigures_LiveProfitFragment, props.profit);
  const totals = profit?.totals;
  const tone = toneOfMargin(totals?.margin);
  return (
    <Figures label={label}>
      <Figure
        label="Cost"
        value={totals && <Money value={totals.cost} precision="cents" />}
        note={
          totals && !isZero(totals.lostCost.amount) ? (
            <>
              <Money value={totals.lostCost} precision="cents" /> of it lost
            </>
          ) : (
            'nothing lost'
          )
        }
        tone={totals && !isZero(totals.lostCost.amount) ? 'warning' : undefined}
      />
      <Figure
        label="Revenue"
        value={totals && <Money value={totals.revenue} precision="cents" />}
        note="earned"
      />
      <Figure
        label="Profit"
        value={totals && <Money value={totals.grossProfit} precision="cents" signed />}
        note={totals && isNegative(totals.grossProfit.amount) ? 'a loss' : 'before fees'}
        tone={totals && isNegative(totals.grossProfit.amount) ? 'bad' : undefined}
      />
      <Figure
        label="Margin"
        value={totals && <Ratio value={totals.margin} none="nothing earned yet" />}
        note={MARGIN_WORDS[tone]}
        tone={tone}
      />
      <Figure
        label="Calls"
        value={totals && <Count value={totals.calls} />}
        note={
          totals && (
            <>
              <Count value={totals.failed} /> failed, <Count value={totals.cacheHits} /> from the cache
            </>
          )
        }
      />
      <Figure
        label="Under way"
        value={profit && <Count value={profit.reservationsOpen} />}
        note="open reservations"
      />
    </Figures>
  );
}
