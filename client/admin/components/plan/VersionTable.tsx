/** Every version of plans and packs: those to come, in force, and past. One that is to come can be taken back. */
import { useState } from 'react';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { PhoneLine } from '../../../ui/PhoneLine.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { type Amount, Count, Instant, Money, Nothing } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';
import { isDone } from '../../graphql/outcome.ts';
import { DatedStateBadge } from '../dated/DatedStateBadge.tsx';
import { type Dated, heldInstead } from '../dated/held.ts';
import { STANDS, TakeBackDialog, takeBackColumn } from '../dated/TakeBack.tsx';

const VersionTable_PlanVersionFragment = graphql(`
  fragment VersionTable_PlanVersionFragment on PlanVersion {
    id
    state
    retired
    createdAt
    plan {
      id
      name
      interval
      credits
      effectiveFrom
      price {
        amount
        currency
      }
    }
  }
`);

const VersionTable_PackVersionFragment = graphql(`
  fragment VersionTable_PackVersionFragment on PackVersion {
    id
    state
    retired
    createdAt
    pack {
      id
      name
      credits
      effectiveFrom
      price {
        amount
        currency
      }
    }
  }
`);

const CancelPlanMutation = graphql(`
  mutation VersionTable_CancelPlanMutation($input: CancelVersionInput!) {
    cancelPlanVersion(input: $input) {
      ... on Plan {
        id
      }
      ... on Error {
        message
      }
    }
  }
`);

const CancelPackMutation = graphql(`
  mutation VersionTable_CancelPackMutation($input: CancelVersionInput!) {
    cancelPackVersion(input: $input) {
      ... on Pack {
        id
      }
      ... on Error {
        message
      }
    }
  }
`);

interface Version extends Dated {
  readonly what: 'Plan' | 'Pack';
  /** Which plan and interval, or which pack, it is of. */
  readonly of: string;
  readonly retired: boolean;
  readonly createdAt: string;
  readonly name: string;
  readonly credits: number;
  readonly price: Amount;
}

const columnsOf = (onCancel: (version: Version) => void): readonly Column<Version>[] => [
  {
    key: 'from',
    header: 'From',
    wide: true,
    render: ({ effectiveFrom }) => <Instant value={effectiveFrom} />,
  },
  {
    key: 'name',
    header: 'Of',
    isRowHeader: true,
    render: ({ name, effectiveFrom }) => (
      <>
        {name}
        <PhoneLine>
          <Instant value={effectiveFrom} />
        </PhoneLine>
      </>
    ),
  },
  { key: 'state', header: 'State', render: ({ state }) => <DatedStateBadge state={state} /> },
  {
    key: 'price',
    header: 'Price',
    align: 'end',
    render: ({ retired, price }) => (retired ? 'sold no more' : <Money value={price} />),
  },
  {
    key: 'credits',
    header: 'Credits',
    align: 'end',
    wide: true,
    render: ({ retired, credits }) => (retired ? <Nothing /> : <Count value={credits} />),
  },
  {
    key: 'written',
    header: 'Written',
    align: 'end',
    wide: true,
    render: ({ createdAt }) => <Instant value={createdAt} />,
  },
  takeBackColumn(({ name }) => `what is to come of ${name}`, onCancel),
];

interface VersionTableProps {
  readonly plans: readonly FragmentType<typeof VersionTable_PlanVersionFragment>[] | undefined;
  readonly packs: readonly FragmentType<typeof VersionTable_PackVersionFragment>[] | undefined;
}

export function VersionTable(props: VersionTableProps) {
  const plans = readFragment(VersionTable_PlanVersionFragment, props.plans);
  const packs = readFragment(VersionTable_PackVersionFragment, props.packs);
  const versions: Version[] | undefined =
    plans && packs
      ? [
          ...plans.map(({ plan, ...version }) => ({
            ...plan,
            ...version,
            what: 'Plan' as const,
            of: `${plan.id} ${plan.interval}`,
            name: `${plan.name}, a ${plan.interval.toLowerCase()}`,
          })),
          ...packs.map(({ pack, ...version }) => ({
            ...pack,
            ...version,
            what: 'Pack' as const,
            of: pack.id,
          })),
        ].sort((one, other) => Date.parse(other.effectiveFrom) - Date.parse(one.effectiveFrom))
      : undefined;
  const [asked, setAsked] = useState<Version>();
  const [cancelPlan] = useAction(CancelPlanMutation);
  const [cancelPack] = useAction(CancelPackMutation);
  const held = asked && heldInstead(versions ?? [], asked, ({ of }) => of === asked.of);
  return (
    <>
      <DataTable
        label="Versions of plans and packs"
        columns={columnsOf(setAsked)}
        rows={versions}
        keyOf={({ id }) => id}
        empty={<Empty title="Nothing was ever sold">Make a plan or a pack.</Empty>}
      />
      <TakeBackDialog
        taken={asked}
        title={`Take back what is to come of “${asked?.name ?? ''}”?`}
        onClose={() => setAsked(undefined)}
        onConfirm={async (reason) => {
          if (!asked) return false;
          const input = { id: asked.id, reason };
          const done =
            asked.what === 'Plan'
              ? isDone((await cancelPlan({ input }))?.cancelPlanVersion, 'Plan', STANDS)
              : isDone((await cancelPack({ input }))?.cancelPackVersion, 'Pack', STANDS);
          if (done) toastDone(`What was to come of “${asked.name}” will not be.`);
          return done;
        }}
      >
        {held && !held.retired ? (
          <>
            it is sold for <Money value={held.price} /> with <Count value={held.credits} /> credits
          </>
        ) : (
          'it is not sold'
        )}
      </TakeBackDialog>
    </>
  );
}
