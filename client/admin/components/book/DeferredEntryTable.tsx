/** Entries of all ledgers that moved deferred revenue. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Count, Instant, Money, Nothing } from '../../../ui/values.tsx';
import type { DeferredEntryTable_EntryFragmentFragment, EntryKind } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import type { Rows } from '../../graphql/hooks.ts';
import { GenerationLink, UserLink } from '../../links.tsx';

const DeferredEntryTable_EntryFragment = graphql(`
  fragment DeferredEntryTable_EntryFragment on Entry {
    id
    kind
    postedDelta
    reason
    createdAt
    deferredDelta {
      amount
      currency
    }
    account {
      id
      externalId
    }
    generation {
      id
    }
  }
`);

type Entry = DeferredEntryTable_EntryFragmentFragment;

/** By the words of the books. */
const KINDS: Readonly<Record<EntryKind, string>> = {
  GRANT: 'Sold',
  RESERVE: 'Set aside',
  POST: 'Earned',
  VOID: 'Gone back',
  EXPIRE_RESERVATION: 'Gone back, given up',
  EXPIRE_GRANT: 'Breakage',
  REVOKE: 'Clawed back',
};

const COLUMNS: readonly Column<Entry>[] = [
  { key: 'at', header: 'When', render: ({ createdAt }) => <Instant value={createdAt} style="second" /> },
  { key: 'kind', header: 'What', isRowHeader: true, render: ({ kind }) => KINDS[kind] },
  {
    key: 'user',
    header: 'User',
    render: ({ account }) => <UserLink id={account.id}>{account.externalId}</UserLink>,
  },
  {
    key: 'why',
    header: 'For',
    wide: true,
    render: ({ generation, reason }) =>
      generation ? <GenerationLink id={generation.id}>a generation</GenerationLink> : (reason ?? <Nothing />),
  },
  {
    key: 'credits',
    header: 'Credits held',
    align: 'end',
    wide: true,
    render: ({ postedDelta }) => <Count value={postedDelta} change />,
  },
  {
    key: 'deferred',
    header: 'Deferred',
    align: 'end',
    render: ({ deferredDelta }) => <Money value={deferredDelta} />,
  },
];

interface DeferredEntryTableProps {
  readonly entries: Rows<FragmentType<typeof DeferredEntryTable_EntryFragment>>;
}

export function DeferredEntryTable({ entries }: DeferredEntryTableProps) {
  return (
    <DataTable
      label="Entries that moved deferred revenue"
      columns={COLUMNS}
      rows={readFragment(DeferredEntryTable_EntryFragment, entries.data)}
      keyOf={({ id }) => id}
      more={entries.more}
      expected={3}
      empty={
        <Empty title="Nothing was sold or earned on this day">
          Credits that earn something stand here when they are given, burned, expired or taken back.
        </Empty>
      }
    />
  );
}
