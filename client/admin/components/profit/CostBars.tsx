/** Which part of the cost each provider or operation has. */
import { Skeleton } from '@mantine/core';
import { BarList } from '../../../ui/BarList.tsx';
import { add } from '../../../ui/decimal.ts';
import { Empty } from '../../../ui/Empty.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { State, toneOfMargin } from '../../../ui/State.tsx';
import { Count, Ratio } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const CostBars_ProfitLineFragment = graphql(`
  fragment CostBars_ProfitLineFragment on ProfitLine {
    provider
    operation
    calls
    margin
    cost {
      amount
      currency
    }
  }
`);

/** Of what is shown where there are none. */
const HEIGHT = 128;

interface CostBarsProps {
  readonly label: string;
  /** Undefined until they are known. */
  readonly lines: readonly FragmentType<typeof CostBars_ProfitLineFragment>[] | undefined;
}

export function CostBars({ label, ...props }: CostBarsProps) {
  const lines = readFragment(CostBars_ProfitLineFragment, props.lines);
  if (!lines) return <Skeleton height={HEIGHT} />;
  if (lines.length === 0) return <Empty title="No calls yet">What is made shows up here at once.</Empty>;
  const whole = {
    amount: add(...lines.map(({ cost }) => cost.amount)),
    currency: lines[0]?.cost.currency ?? 'USD',
  };
  return (
    <BarList
      label={label}
      whole={whole}
      bars={lines.map((line) => ({
        key: line.provider ?? line.operation ?? '',
        label: line.provider ?? wordsOf(line.operation ?? ''),
        value: line.cost,
        note: (
          <>
            <span>
              <Count value={line.calls} /> calls
            </span>
            <State tone={toneOfMargin(line.margin)}>
              <Ratio value={line.margin} none="nothing earned" /> margin
            </State>
          </>
        ),
      }))}
    />
  );
}
