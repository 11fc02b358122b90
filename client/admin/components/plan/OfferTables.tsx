/** Plans and packs as they are sold now, with what they leave; each can be changed, archived and simulated. */
import { Button, Group, Text, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { useManner } from '../../../ui/preferences.tsx';
import { State, toneOfMargin } from '../../../ui/State.tsx';
import { toastDone, toastFailure } from '../../../ui/toasts.ts';
import { Count, Instant, Money, Ratio } from '../../../ui/values.tsx';
import type {
  OfferTables_PackFragmentFragment,
  OfferTables_PlanFragmentFragment,
} from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';
import { TextLink } from '../../links.tsx';
import { FromDay, instantOf } from '../range/FromDay.tsx';
import type { OfferDraft } from './OfferForm.tsx';
import { toUse } from './uses.ts';

const OfferTables_PlanFragment = graphql(`
  fragment OfferTables_PlanFragment on Plan {
    id
    name
    tier
    interval
    credits
    rollover
    belowFloor
    effectiveFrom
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

const OfferTables_PackFragment = graphql(`
  fragment OfferTables_PackFragment on Pack {
    id
    name
    credits
    belowFloor
    effectiveFrom
    price {
      amount
      currency
    }
    pricePerCredit {
      amount
      currency
    }
    simulation {
      worst {
        model
        afterFees {
          margin
        }
      }
      best {
        model
        afterFees {
          margin
        }
      }
    }
  }
`);

const RetirePlanMutation = graphql(`
  mutation OfferTables_RetirePlanMutation($input: RetirePlanInput!) {
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

const RetirePackMutation = graphql(`
  mutation OfferTables_RetirePackMutation($input: RetirePackInput!) {
    retirePack(input: $input) {
      ... on Pack {
        id
      }
      ... on Error {
        message
      }
    }
  }
`);

type Plan = OfferTables_PlanFragmentFragment;
type Pack = OfferTables_PackFragmentFragment;

interface Actions<Offer> {
  readonly onChange: (offer: Offer) => void;
  readonly onRetire: (offer: Offer) => void;
}

function Buttons<Offer>({
  offer,
  name,
  onChange,
  onRetire,
}: Actions<Offer> & { readonly offer: Offer; readonly name: string }) {
  return (
    <Group gap={6} justify="flex-end" wrap="nowrap">
      <Button variant="default" size="xs" onClick={() => onChange(offer)} aria-label={`Change ${name}`}>
        Change
      </Button>
      <DangerButton size="xs" onClick={() => onRetire(offer)} aria-label={`Archive ${name}`}>
        Archive
      </DangerButton>
    </Group>
  );
}

const nameOf = ({ name, interval }: Plan) => `${name}, a ${interval.toLowerCase()}`;

function Floor({ belowFloor }: { readonly belowFloor: boolean }) {
  return belowFloor ? <State tone="bad">Below the floor</State> : <State tone="good">Above the floor</State>;
}

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
  { key: 'tier', header: 'Tier', wide: true, render: ({ tier }) => wordsOf(tier) },
  { key: 'price', header: 'Price', align: 'end', render: ({ price }) => <Money value={price} /> },
  { key: 'credits', header: 'Credits', align: 'end', render: ({ credits }) => <Count value={credits} /> },
  {
    key: 'each',
    header: 'A credit',
    align: 'end',
    wide: true,
    render: ({ pricePerCredit }) => <Money value={pricePerCredit} />,
  },
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
      <State tone={toneOfMargin(simulation.beforeFees.margin)}>
        <Ratio value={simulation.beforeFees.margin} none="no revenue" />
        {', '}
        <Ratio value={simulation.afterFees.margin} none="no revenue" /> after fees
      </State>
    ),
  },
  { key: 'floor', header: 'Floor', wide: true, render: (plan) => <Floor belowFloor={plan.belowFloor} /> },
  {
    key: 'from',
    header: 'Since',
    wide: true,
    render: ({ effectiveFrom }) => <Instant value={effectiveFrom} style="day" />,
  },
  {
    key: 'do',
    header: <VisuallyHidden>What can be done</VisuallyHidden>,
    align: 'end',
    render: (plan) => <Buttons offer={plan} name={nameOf(plan)} {...actions} />,
  },
];

const packColumns = (actions: Actions<Pack>): readonly Column<Pack>[] => [
  {
    key: 'pack',
    header: 'Pack',
    isRowHeader: true,
    render: ({ name, price, credits }) => (
      <TextLink to="/plans" search={{ show: 'simulator', price: price.amount, credits: String(credits) }}>
        {name}
      </TextLink>
    ),
  },
  { key: 'price', header: 'Price', align: 'end', render: ({ price }) => <Money value={price} /> },
  { key: 'credits', header: 'Credits', align: 'end', render: ({ credits }) => <Count value={credits} /> },
  {
    key: 'each',
    header: 'A credit',
    align: 'end',
    wide: true,
    render: ({ pricePerCredit }) => <Money value={pricePerCredit} />,
  },
  {
    key: 'worst',
    header: 'At the worst, after fees',
    align: 'end',
    wide: true,
    render: ({ simulation: { worst } }) =>
      worst && (
        <State tone={toneOfMargin(worst.afterFees.margin)}>
          <Ratio value={worst.afterFees.margin} none="none" />, {worst.model}
        </State>
      ),
  },
  {
    key: 'best',
    header: 'At the best',
    align: 'end',
    wide: true,
    render: ({ simulation: { best } }) =>
      best && (
        <>
          <Ratio value={best.afterFees.margin} none="none" />, {best.model}
        </>
      ),
  },
  { key: 'floor', header: 'Floor', wide: true, render: (pack) => <Floor belowFloor={pack.belowFloor} /> },
  {
    key: 'do',
    header: <VisuallyHidden>What can be done</VisuallyHidden>,
    align: 'end',
    render: (pack) => <Buttons offer={pack} name={pack.name} {...actions} />,
  },
];

/** Asks before a sale ends, at once or from a day on. */
function Retire<Offer>(props: {
  readonly offer: Offer | null;
  readonly name: string;
  readonly consequence: string;
  readonly onClose: () => void;
  readonly retire: (
    offer: Offer,
    change: { effectiveFrom: string | null; reason: string },
  ) => Promise<string | null>;
}) {
  const { offer, name, consequence, onClose, retire } = props;
  const { zone } = useManner();
  const [from, setFrom] = useState('');
  return (
    <ConfirmDialog
      opened={offer !== null}
      onClose={onClose}
      title={`Archive “${name}”?`}
      confirm={from ? 'Schedule its end' : 'Sell it no more'}
      danger
      reason="The audit log keeps it."
      onConfirm={async (reason) => {
        if (!offer) return false;
        const problem = await retire(offer, { effectiveFrom: instantOf(from, zone), reason });
        if (problem === '') return false;
        if (problem !== null) {
          toastFailure({ title: 'It is still sold', message: problem });
          return false;
        }
        toastDone(from ? `“${name}” is sold until ${from}.` : `“${name}” is sold no more.`);
        setFrom('');
        return true;
      }}
    >
      <Text size="sm" mb="sm">
        {consequence}
      </Text>
      <FromDay value={from} onChange={setFrom} />
    </ConfirmDialog>
  );
}

/** What kept it from being done: null: nothing; empty: it has been told. */
const problemOf = (
  outcome: { readonly __typename: string; readonly message?: string } | undefined,
  done: string,
) =>
  outcome === undefined
    ? ''
    : outcome.__typename === done
      ? null
      : (outcome.message ?? 'No reason was given.');

interface PlanTableProps {
  readonly plans: readonly FragmentType<typeof OfferTables_PlanFragment>[] | undefined;
  readonly onChange: (draft: OfferDraft) => void;
}

export function PlanTable({ onChange, ...props }: PlanTableProps) {
  const plans = readFragment(OfferTables_PlanFragment, props.plans);
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
      <Retire
        offer={asked}
        name={asked ? nameOf(asked) : ''}
        consequence={`Nobody can subscribe to it any more. Those who have keep it at their price, with ${asked?.credits ?? 0} credits each ${asked?.interval.toLowerCase() ?? 'month'}.`}
        onClose={() => setAsked(null)}
        retire={async ({ id, interval }, when) =>
          problemOf((await retirePlan({ input: { plan: id, interval, ...when } }))?.retirePlan, 'Plan')
        }
      />
    </>
  );
}

interface PackTableProps {
  readonly packs: readonly FragmentType<typeof OfferTables_PackFragment>[] | undefined;
  readonly onChange: (draft: OfferDraft) => void;
}

export function PackTable({ onChange, ...props }: PackTableProps) {
  const packs = readFragment(OfferTables_PackFragment, props.packs);
  const [asked, setAsked] = useState<Pack | null>(null);
  const [retirePack] = useAction(RetirePackMutation);
  const change = ({ id, name, price, credits }: Pack) =>
    onChange({
      kind: 'pack',
      id,
      name,
      price: price.amount,
      credits,
      tier: 'PAYG',
      interval: 'MONTH',
      rollover: false,
      uses: [],
    });
  return (
    <>
      <DataTable
        label="Packs"
        columns={packColumns({ onChange: change, onRetire: setAsked })}
        rows={packs}
        keyOf={({ id }) => id}
        expected={5}
        empty={<Empty title="No pack is sold">Make one: credits that are bought once.</Empty>}
      />
      <Retire
        offer={asked}
        name={asked?.name ?? ''}
        consequence="Nobody can buy it any more, by hand or by automatic top-up. Credits that were bought stay."
        onClose={() => setAsked(null)}
        retire={async ({ id }, when) =>
          problemOf((await retirePack({ input: { pack: id, ...when } }))?.retirePack, 'Pack')
        }
      />
    </>
  );
}
