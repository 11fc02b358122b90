/** Plans as they are sold now, with what they leave; each can be changed, archived and simulated. */
import { Text } from '@mantine/core';
import { useState } from 'react';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Money, Ratio } from '../../../ui/values.tsx';
import type { PlanTable_PlanFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';
import { isDone } from '../../graphql/outcome.ts';
import { TextLink } from '../../links.tsx';
import { MarginBadge } from './MarginBadge.tsx';
import { type Actions, lastColumns, priceColumns } from './OfferColumns.tsx';
import type { OfferDraft } from './OfferForm.tsx';
import { RetireDialog, STILL_SOLD } from './RetireDialog.tsx';
import { toUse } from './uses.ts';

const PlanTable_PlanFragment = graphql(`
  fragment PlanTable_PlanFragment on Plan {
    id
    name
    tier
    interval
    credits
    rollover
    belowFloor
    price {
      amount
      currency
    }
    pricePerCredit {
      amount
      currency
    }
    included {
      model
      count
      size
      quality
      durationSeconds
    }
    simulation {
      cost {
        amount
        currency
      }
      beforeFees {
        margin
        profit {
          amount
          currency
        }
      }
      afterFees {
        margin
      }
    }
  }
`);

const RetirePlanMutation = graphql(`
  mutation PlanTable_RetirePlanMutation($input: RetirePlanInput!) {
    retirePlan(input: $input) {
      ... on Plan {
        id
      }
      ... on Error {
        message
      }
    }
  }
`);

type Plan = PlanTable_PlanFragmentFragment;

const nameOf = ({ name, interval }: Plan) => `${name}, a ${interval.toLowerCase()}`;

const planColumns = (actions: Actions<Plan>): readonly Column<Plan>[] => [
  {
    key: 'plan',
    header: 'Plan',
    isRowHeader: true,
    render: (plan) => (
      <TextLink to="/plans" search={{ show: 'simulator', plan: plan.id, interval: plan.interval }}>
        {nameOf(plan)}
      </TextLink>
    ),
  },
  ...priceColumns,
  {
    key: 'cost',
    header: 'Uses cost',
    align: 'end',
    wide: true,
    render: ({ simulation }) => <Money value={simulation.cost} />,
  },
  {
    key: 'profit',
    header: 'Profit',
    align: 'end',
    wide: true,
    render: ({ simulation }) => <Money value={simulation.beforeFees.profit} signed />,
  },
  {
    key: 'margin',
    header: 'Margin',
    align: 'end',
    wide: true,
    render: ({ simulation }) => (
      <>
        <MarginBadge value={simulation.beforeFees.margin} />
        <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          <Ratio value={simulation.afterFees.margin} none="no revenue" /> after fees
        </Text>
      </>
    ),
  },
  ...lastColumns(nameOf, actions),
];

interface PlanTableProps {
  readonly plans: readonly FragmentType<typeof PlanTable_PlanFragment>[] | undefined;
  readonly onChange: (draft: OfferDraft) => void;
}

export function PlanTable({ onChange, ...props }: PlanTableProps) {
  const plans = readFragment(PlanTable_PlanFragment, props.plans);
  const [asked, setAsked] = useState<Plan | null>(null);
  const [retirePlan] = useAction(RetirePlanMutation);
  const change = (plan: Plan) =>
    onChange({ ...plan, kind: 'plan', price: plan.price.amount, uses: plan.included.map(toUse) });
  return (
    <>
      <DataTable
        label="Plans"
        columns={planColumns({ onChange: change, onRetire: setAsked })}
        rows={plans}
        keyOf={({ id, interval }) => `${id} ${interval}`}
        expected={4}
        empty={<Empty title="No plan is sold">Make one: credits that come with each payment.</Empty>}
      />
      <RetireDialog
        offer={asked}
        name={asked ? nameOf(asked) : ''}
        consequence={`Nobody can subscribe to it any more. Those who have keep it at their price, with ${asked?.credits ?? 0} credits each ${asked?.interval.toLowerCase() ?? 'month'}.`}
        onClose={() => setAsked(null)}
        retire={async ({ id, interval }, when) =>
          isDone(
            (await retirePlan({ input: { plan: id, interval, ...when } }))?.retirePlan,
            'Plan',
            STILL_SOLD,
          )
        }
      />
    </>
  );
}
