/** Every version of plans and packs: those to come, in force, and past. */
import { Text } from '@mantine/core';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { type Amount, Count, Instant, Money, Nothing } from '../../../ui/values.tsx';
import type { DatedState } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { DatedStateBadge } from '../dated/DatedStateBadge.tsx';

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

interface Version {
  readonly id: string;
  readonly state: DatedState;
  readonly retired: boolean;
  readonly createdAt: string;
  readonly name: string;
  readonly credits: number;
  readonly price: Amount;
  readonly effectiveFrom: string;
}

const COLUMNS: readonly Column<Version>[] = [
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
        <Text hiddenFrom="sm" size="xs" c="dimmed">
          <Instant value={effectiveFrom} />
        </Text>
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
            name: `${plan.name}, a ${plan.interval.toLowerCase()}`,
          })),
          ...packs.map(({ pack, ...version }) => ({ ...pack, ...version })),
        ]
      : undefined;
  return (
    <DataTable
      label="Versions of plans and packs"
      columns={COLUMNS}
      rows={versions?.sort((one, other) => Date.parse(other.effectiveFrom) - Date.parse(one.effectiveFrom))}
      keyOf={({ id }) => id}
      empty={<Empty title="Nothing was ever sold">Make a plan or a pack.</Empty>}
    />
  );
}
