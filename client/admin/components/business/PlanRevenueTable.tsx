/** What each plan's subscribers earned and cost. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { State, toneOfMargin } from '../../../ui/State.tsx';
import { Count, Money, Ratio } from '../../../ui/values.tsx';
import type { PlanRevenueTable_PlanRevenueFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const PlanRevenueTable_PlanRevenueFragment = graphql(`
  fragment PlanRevenueTable_PlanRevenueFragment on PlanRevenue {
    plan
    planName
    subscribers
    margin
    revenue {
      amount
      currency
    }
    cost {
      amount
      currency
    }
    grossProfit {
      amount
      currency
    }
  }
`);

type Line = PlanRevenueTable_PlanRevenueFragmentFragment;

const COLUMNS: readonly Column<Line>[] = [
  { key: 'plan', header: 'Plan', isRowHeader: true, render: ({ planName }) => planName || 'without a plan' },
  {
    key: 'subscribers',
    header: 'Subscribers',
    align: 'end',
    wide: true,
    render: ({ subscribers }) => <Count value={subscribers} />,
  },
  {
    key: 'revenue',
    header: 'Earned',
    align: 'end',
    render: ({ revenue }) => <Money value={revenue} precision="cents" />,
  },
  {
    key: 'cost',
    header: 'Cost',
    align: 'end',
    wide: true,
    render: ({ cost }) => <Money value={cost} precision="cents" />,
  },
  {
    key: 'profit',
    header: 'Profit',
    align: 'end',
    render: ({ grossProfit }) => <Money value={grossProfit} signed precision="cents" />,
  },
  {
    key: 'margin',
    header: 'Margin',
    align: 'end',
    wide: true,
    render: ({ margin }) => (
      <State tone={toneOfMargin(margin)}>
        <Ratio value={margin} none="nothing earned" />
      </State>
    ),
  },
];

interface PlanRevenueTableProps {
  readonly plans: readonly FragmentType<typeof PlanRevenueTable_PlanRevenueFragment>[] | undefined;
}

export function PlanRevenueTable(props: PlanRevenueTableProps) {
  return (
    <DataTable
      label="Revenue by plan"
      columns={COLUMNS}
      rows={readFragment(PlanRevenueTable_PlanRevenueFragment, props.plans)}
      keyOf={({ plan }) => plan}
      expected={3}
      empty={<Empty title="No plan earned in this range">Choose a longer range.</Empty>}
    />
  );
}
