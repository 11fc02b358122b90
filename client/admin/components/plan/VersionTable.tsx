/** Every version of plans and packs: those to come, in force, and past. One that is to come can be taken back. */
import { Text, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { PhoneLine } from '../../../ui/PhoneLine.tsx';
import { toastDone, toastFailure } from '../../../ui/toasts.ts';
import { type Amount, Count, Instant, Money, Nothing } from '../../../ui/values.tsx';
import type { DatedState } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useAction } from '../../graphql/hooks.ts';
import { DatedStateBadge } from '../dated/DatedStateBadge.tsx';
import { problemOf } from './RetireDialog.tsx';

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

interface Version {
  readonly id: string;
  readonly what: 'Plan' | 'Pack';
  /** Which plan and interval, or which pack, it is of. */
  readonly of: string;
  readonly state: DatedState;
  readonly retired: boolean;
  readonly createdAt: string;
  readonly name: string;
  readonly credits: number;
  readonly price: Amount;
  readonly effectiveFrom: string;
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
  {
    key: 'do',
    header: <VisuallyHidden>Take back</VisuallyHidden>,
    acts: true,
    align: 'end',
    render: (version) =>
      version.state === 'SCHEDULED' && (
        <DangerButton
          size="xs"
          onClick={() => onCancel(version)}
          aria-label={`Take back what is to come of ${version.name}`}
        >
          Take back
        </DangerButton>
      ),
  },
];

/** What holds from a version's instant on when it is taken back: of those of the same plan or pack the next older one. */
const next = (versions: readonly Version[], taken: Version): Version | undefined =>
  versions.slice(versions.findIndex(({ id }) => id === taken.id) + 1).find(({ of }) => of === taken.of);

function TakeBackDialog(props: {
  readonly version: Version | null;
  readonly versions: readonly Version[];
  readonly onClose: () => void;
}) {
  const { version, versions, onClose } = props;
  const [cancelPlan] = useAction(CancelPlanMutation);
  const [cancelPack] = useAction(CancelPackMutation);
  const holds = version && next(versions, version);
  return (
    <ConfirmDialog
      opened={version !== null}
      onClose={onClose}
      title={`Take back what is to come of “${version?.name ?? ''}”?`}
      confirm="Take it back"
      danger
      reason="The audit log keeps it."
      onConfirm={async (reason) => {
        if (!version) return false;
        const { id, what } = version;
        const input = { id, reason };
        const problem =
          what === 'Plan'
            ? problemOf((await cancelPlan({ input }))?.cancelPlanVersion, what)
            : problemOf((await cancelPack({ input }))?.cancelPackVersion, what);
        if (problem === '') return false;
        if (problem !== null) {
          toastFailure({ title: 'It stands', message: problem });
          return false;
        }
        toastDone(`What was to come of “${version.name}” will not be.`);
        return true;
      }}
    >
      <Text size="sm">
        From <Instant value={version?.effectiveFrom} /> on{' '}
        {holds && !holds.retired ? (
          <>
            it is sold for <Money value={holds.price} /> with <Count value={holds.credits} /> credits
          </>
        ) : (
          'it is not sold'
        )}
        , as before.
      </Text>
    </ConfirmDialog>
  );
}

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
  const [asked, setAsked] = useState<Version | null>(null);
  return (
    <>
      <DataTable
        label="Versions of plans and packs"
        columns={columnsOf(setAsked)}
        rows={versions}
        keyOf={({ id }) => id}
        empty={<Empty title="Nothing was ever sold">Make a plan or a pack.</Empty>}
      />
      <TakeBackDialog version={asked} versions={versions ?? []} onClose={() => setAsked(null)} />
    </>
  );
}
