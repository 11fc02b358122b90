/** A user's ledger: each line of how it came to the balance. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Count, Instant, Nothing } from '../../../ui/values.tsx';
import type { EntryKind, EntryTable_EntryFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import type { Rows } from '../../graphql/hooks.ts';
import { GenerationLink } from '../../links.tsx';

const EntryTable_EntryFragment = graphql(`
  fragment EntryTable_EntryFragment on Entry {
    id
    kind
    credits
    postedDelta
    reservedDelta
    availableAfter
    reason
    createdAt
    generation {
      id
    }
  }
`);

type Entry = EntryTable_EntryFragmentFragment;

const KINDS: Readonly<Record<EntryKind, string>> = {
  GRANT: 'Given',
  RESERVE: 'Set aside',
  POST: 'Burned',
  VOID: 'Gone back',
  EXPIRE_RESERVATION: 'Gone back, given up',
  EXPIRE_GRANT: 'Expired',
  REVOKE: 'Taken back',
};

const COLUMNS: readonly Column<Entry>[] = [
  { key: 'at', header: 'When', render: ({ createdAt }) => <Instant value={createdAt} style="second" /> },
  { key: 'kind', header: 'What', isRowHeader: true, render: ({ kind }) => KINDS[kind] },
  {
    key: 'why',
    header: 'For',
    wide: true,
    render: ({ generation, reason }) =>
      generation ? <GenerationLink id={generation.id}>a generation</GenerationLink> : (reason ?? <Nothing />),
  },
  {
    key: 'posted',
    header: 'Held',
    align: 'end',
    wide: true,
    render: ({ postedDelta }) => <Count value={postedDelta} change />,
  },
  {
    key: 'reserved',
    header: 'Set aside',
    align: 'end',
    wide: true,
    render: ({ reservedDelta }) => <Count value={reservedDelta} change />,
  },
  {
    key: 'credits',
    header: 'Available',
    align: 'end',
    render: ({ credits }) => <Count value={credits} change />,
  },
  {
    key: 'after',
    header: 'After',
    align: 'end',
    render: ({ availableAfter }) => <Count value={availableAfter} />,
  },
];

export function EntryTable({
  entries,
}: {
  readonly entries: Rows<FragmentType<typeof EntryTable_EntryFragment>>;
}) {
  return (
    <DataTable
      label="Ledger"
      columns={COLUMNS}
      rows={readFragment(EntryTable_EntryFragment, entries.data)}
      keyOf={({ id }) => id}
      more={entries.more}
      empty={<Empty title="The ledger is empty">Grant credits: that is its first line.</Empty>}
    />
  );
}
