/** Whether vendors work: their circuits. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { State } from '../../../ui/State.tsx';
import { Ago, Code, Nothing } from '../../../ui/values.tsx';
import type { ProviderTable_ProviderHealthFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const ProviderTable_ProviderHealthFragment = graphql(`
  fragment ProviderTable_ProviderHealthFragment on ProviderHealth {
    name
    configured
    sandbox
    circuit
    since
    until
    reason
  }
`);

type Provider = ProviderTable_ProviderHealthFragmentFragment;

function Circuit({ circuit, configured, sandbox }: Provider) {
  if (circuit === 'OPEN') return <State tone="bad">Left alone</State>;
  if (circuit === 'HALF_OPEN') return <State tone="warning">Being tried</State>;
  return configured || sandbox ? <State tone="good">Works</State> : <State tone="quiet">No key</State>;
}

const COLUMNS: readonly Column<Provider>[] = [
  { key: 'name', header: 'Provider', isRowHeader: true, render: ({ name }) => name },
  { key: 'circuit', header: 'State', render: Circuit },
  {
    key: 'serves',
    header: 'Who serves',
    render: ({ configured, sandbox }) =>
      configured ? 'The vendor' : sandbox ? 'The sandbox' : 'Nobody: its key is not set',
  },
  {
    key: 'since',
    header: 'Since',
    wide: true,
    render: ({ since }) => (since ? <Ago value={since} /> : <Nothing />),
  },
  {
    key: 'until',
    header: 'Tried again',
    wide: true,
    render: ({ until }) => (until ? <Ago value={until} /> : <Nothing />),
  },
  {
    key: 'reason',
    header: 'Why',
    wide: true,
    render: ({ reason }) => (reason ? <Code>{reason}</Code> : <Nothing />),
  },
];

interface ProviderTableProps {
  readonly providers: readonly FragmentType<typeof ProviderTable_ProviderHealthFragment>[] | undefined;
}

export function ProviderTable(props: ProviderTableProps) {
  return (
    <DataTable
      label="Providers"
      columns={COLUMNS}
      rows={readFragment(ProviderTable_ProviderHealthFragment, props.providers)}
      keyOf={({ name }) => name}
      expected={11}
      empty={<Empty title="The catalogue names no provider" />}
    />
  );
}
