/** Cost, revenue and profit over time. */
import { Skeleton } from '@mantine/core';
import { TimeChart } from '../../../ui/charts/index.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import type { Interval } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const ProfitChart_ProfitPointFragment = graphql(`
  fragment ProfitChart_ProfitPointFragment on ProfitPoint {
    at
    calls
    cost {
      amount
      currency
    }
    revenue {
      amount
    }
    grossProfit {
      amount
    }
  }
`);

const SERIES = [
  { key: 'revenue', label: 'Revenue', color: 'ink.6' },
  { key: 'cost', label: 'Cost', color: 'orange.8' },
  { key: 'profit', label: 'Profit', color: 'teal.8' },
] as const;

const HEIGHT = 280;

interface ProfitChartProps {
  readonly points: readonly FragmentType<typeof ProfitChart_ProfitPointFragment>[] | undefined;
  readonly interval: Interval;
}

export function ProfitChart({ interval, ...props }: ProfitChartProps) {
  const points = readFragment(ProfitChart_ProfitPointFragment, props.points);
  if (!points) return <Skeleton height={HEIGHT + 36} />;
  if (points.every(({ calls }) => calls === 0)) {
    return <Empty title="No calls in this range">Choose another range, or take a filter away.</Empty>;
  }
  return (
    <TimeChart
      label="Revenue, cost and profit over time"
      height={HEIGHT}
      currency={points[0]?.cost.currency ?? 'USD'}
      series={SERIES}
      style={interval === 'HOUR' ? 'minute' : 'day'}
      points={points.map(({ at, cost, revenue, grossProfit }) => ({
        at,
        amounts: { revenue: revenue.amount, cost: cost.amount, profit: grossProfit.amount },
      }))}
    />
  );
}
