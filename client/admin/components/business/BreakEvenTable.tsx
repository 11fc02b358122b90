/** Where plans and free users leave nothing, beside what subscribers really use. */
import { Skeleton, Text } from '@mantine/core';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { isNegative } from '../../../ui/decimal.ts';
import { Empty } from '../../../ui/Empty.tsx';
import { Figure, Figures } from '../../../ui/Figure.tsx';
import { Count, Money, Nothing } from '../../../ui/values.tsx';
import type { BreakEvenTable_PlanBreakEvenFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const BreakEvenTable_PlanBreakEvenFragment = graphql(`
  fragment BreakEvenTable_PlanBreakEvenFragment on PlanBreakEven {
    plan
    planName
    interval
    credits
    breakEvenCredits
    subscribers
    price {
      amount
      currency
    }
    paymentFee {
      amount
      currency
    }
    costPerCredit {
      amount
      currency
    }
    profitAtFullUse {
      amount
      currency
    }
    observedCost {
      amount
      currency
    }
    observedProfit {
      amount
      currency
    }
  }
`);

const BreakEvenTable_FreeBreakEvenFragment = graphql(`
  fragment BreakEvenTable_FreeBreakEvenFragment on FreeBreakEven {
    creditsAMonth
    paidCredits
    costPerCredit {
      amount
      currency
    }
    profit {
      amount
      currency
    }
    observed {
      calls
      cost {
        amount
        currency
      }
    }
  }
`);

type Plan = BreakEvenTable_PlanBreakEvenFragmentFragment;

/** Credits may be broken ones here: as many as a price pays for. */
function Credits({ value }: { readonly value: number | null | undefined }) {
  return value === null || value === undefined ? (
    <Nothing label="unknown" />
  ) : (
    <Count value={Math.floor(value)} />
  );
}

const COLUMNS: readonly Column<Plan>[] = [
  {
    key: 'plan',
    header: 'Plan',
    isRowHeader: true,
    render: ({ planName, interval }) => `${planName}, a ${interval.toLowerCase()}`,
  },
  { key: 'price', header: 'Price', align: 'end', render: ({ price }) => <Money value={price} /> },
  {
    key: 'fee',
    header: 'Fee',
    align: 'end',
    wide: true,
    render: ({ paymentFee }) => <Money value={paymentFee} precision="cents" />,
  },
  {
    key: 'credits',
    header: 'Credits',
    align: 'end',
    wide: true,
    render: ({ credits }) => <Count value={credits} />,
  },
  {
    key: 'each',
    header: 'A credit costs',
    align: 'end',
    wide: true,
    render: ({ costPerCredit }) => <Money value={costPerCredit} />,
  },
  {
    key: 'even',
    header: 'Breaks even at',
    align: 'end',
    wide: true,
    render: ({ breakEvenCredits }) => <Credits value={breakEvenCredits} />,
  },
  {
    key: 'full',
    header: 'At full use',
    align: 'end',
    render: ({ profitAtFullUse }) => <Money value={profitAtFullUse} signed precision="cents" />,
  },
  {
    key: 'subscribers',
    header: 'Subscribers',
    align: 'end',
    wide: true,
    render: ({ subscribers }) => <Count value={subscribers} />,
  },
  {
    key: 'observed',
    header: 'As used, a month',
    align: 'end',
    wide: true,
    render: ({ observedProfit }) => <Money value={observedProfit} signed precision="cents" />,
  },
];

interface PlanBreakEvenTableProps {
  readonly plans: readonly FragmentType<typeof BreakEvenTable_PlanBreakEvenFragment>[] | undefined;
}

export function PlanBreakEvenTable(props: PlanBreakEvenTableProps) {
  return (
    <DataTable
      label="Break-even of plans"
      columns={COLUMNS}
      rows={readFragment(BreakEvenTable_PlanBreakEvenFragment, props.plans)}
      keyOf={({ plan, interval }) => `${plan} ${interval}`}
      expected={4}
      empty={<Empty title="No plan is sold">Set one on the page of plans.</Empty>}
    />
  );
}

interface FreeBreakEvenFiguresProps {
  readonly free: FragmentType<typeof BreakEvenTable_FreeBreakEvenFragment> | undefined;
}

export function FreeBreakEvenFigures(props: FreeBreakEvenFiguresProps) {
  const free = readFragment(BreakEvenTable_FreeBreakEvenFragment, props.free);
  if (!free) return <Skeleton height={92} />;
  return (
    <>
      <Figures label="What free users cost">
        <Figure
          label="A free user leaves"
          value={free.profit ? <Money value={free.profit} signed /> : 'Not yet'}
          note={
            free.profit ? (
              <>
                a month at <Count value={free.creditsAMonth} /> credits
              </>
            ) : (
              'no credit was burned in this range'
            )
          }
          tone={free.profit && isNegative(free.profit.amount) ? 'warning' : undefined}
        />
        <Figure
          label="A credit costs"
          value={<Money value={free.costPerCredit} />}
          note="of their calls, else of all"
        />
        <Figure
          label="Paid for by"
          value={<Credits value={free.paidCredits} />}
          note="sold credits, each month and free user"
        />
        <Figure
          label="Cost so far"
          value={<Money value={free.observed.cost} precision="cents" />}
          note={
            <>
              <Count value={free.observed.calls} /> calls in this range
            </>
          }
        />
      </Figures>
      <Text size="sm" c="dimmed" mt="sm">
        A free user who uses all free credits costs this much; fewer uses cost less.
      </Text>
    </>
  );
}
