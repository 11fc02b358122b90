/** Files of history that were sent. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { State } from '../../../ui/State.tsx';
import { Count, Instant, Money } from '../../../ui/values.tsx';
import type { ImportTable_HistoryImportFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import type { Rows } from '../../graphql/hooks.ts';
import { TextLink } from '../../links.tsx';
import { IMPORT_STATES } from './words.ts';

const ImportTable_HistoryImportFragment = graphql(`
  fragment ImportTable_HistoryImportFragment on HistoryImport {
    id
    state
    fileName
    rows
    added
    rejected
    cost {
      amount
      currency
    }
    createdAt
    createdByName
  }
`);

type Import = ImportTable_HistoryImportFragmentFragment;

const COLUMNS: readonly Column<Import>[] = [
  {
    key: 'state',
    header: 'State',
    render: ({ state }) => <State tone={IMPORT_STATES[state][0]}>{IMPORT_STATES[state][1]}</State>,
  },
  {
    key: 'file',
    header: 'File',
    isRowHeader: true,
    render: ({ id, fileName }) => (
      <TextLink to="/import/$importId" params={{ importId: id }}>
        {fileName}
      </TextLink>
    ),
  },
  { key: 'rows', header: 'Rows', align: 'end', wide: true, render: ({ rows }) => <Count value={rows} /> },
  { key: 'added', header: 'New', align: 'end', render: ({ added }) => <Count value={added} /> },
  {
    key: 'rejected',
    header: 'Rejected',
    align: 'end',
    render: ({ rejected }) => <Count value={rejected} />,
  },
  { key: 'cost', header: 'Cost', align: 'end', wide: true, render: ({ cost }) => <Money value={cost} /> },
  { key: 'at', header: 'Sent', wide: true, render: ({ createdAt }) => <Instant value={createdAt} /> },
  { key: 'by', header: 'By', wide: true, render: ({ createdByName }) => createdByName },
];

export function ImportTable(props: {
  readonly imports: Rows<FragmentType<typeof ImportTable_HistoryImportFragment>>;
}) {
  return (
    <DataTable
      label="Files of history"
      columns={COLUMNS}
      rows={readFragment(ImportTable_HistoryImportFragment, props.imports.data)}
      keyOf={({ id }) => id}
      more={props.imports.more}
      expected={2}
      empty={
        <Empty title="No file was sent yet">
          Send one: it is checked first, and nothing is booked before you say so.
        </Empty>
      }
    />
  );
}
