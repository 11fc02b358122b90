/** What one use of each operation, and of each of its models, costs and leaves. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { State, toneOfMargin } from '../../../ui/State.tsx';
import { Count, Money, Nothing, Ratio } from '../../../ui/values.tsx';
import type { UnitEconomicsTable_UnitEconomicsFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const UnitEconomicsTable_UnitEconomicsFragment = graphql(`
  fragment UnitEconomicsTable_UnitEconomicsFragment on UnitEconomics {
    operation
    model
    calls
    succeeded
    creditsPerUse
    marginAtCheapest
    marginAtDearest
    cost {
      amount
      currency
    }
    costPerUse {
      amount
      currency
    }
  }
`);

type Unit = UnitEconomicsTable_UnitEconomicsFragmentFragment;

const COLUMNS: readonly Column<Unit>[] = [
  {
    key: 'of',
    header: 'Of',
    isRowHeader: true,
    render: ({ operation, model }) => (model ? `· ${model}` : <strong>{wordsOf(operation)}</strong>),
  },
  { key: 'calls', header: 'Calls', align: 'end', wide: true, render: ({ calls }) => <Count value={calls} /> },
  {
    key: 'uses',
    header: 'Uses',
    align: 'end',
    wide: true,
    render: ({ succeeded }) => <Count value={succeeded} />,
  },
  {
    key: 'cost',
    header: 'Cost',
    align: 'end',
    wide: true,
    render: ({ cost }) => <Money value={cost} precision="cents" />,
  },
  {
    key: 'each',
    header: 'A use costs',
    align: 'end',
    render: ({ costPerUse }) => (costPerUse ? <Money value={costPerUse} /> : <Nothing label="no use" />),
  },
  {
    key: 'credits',
    header: 'Credits a use',
    align: 'end',
    wide: true,
    render: ({ creditsPerUse }) =>
      creditsPerUse === null || creditsPerUse === undefined ? (
        <Nothing label="no use" />
      ) : (
        creditsPerUse.toFixed(1)
      ),
  },
  {
    key: 'margin',
    header: 'Margin',
    align: 'end',
    render: ({ marginAtCheapest, marginAtDearest }) => (
      <State tone={toneOfMargin(marginAtCheapest)}>
        <Ratio value={marginAtCheapest} none="no credit burned" />
        {marginAtDearest !== marginAtCheapest && (
          <>
            {' – '}
            <Ratio value={marginAtDearest} />
          </>
        )}
      </State>
    ),
  },
];

interface UnitEconomicsTableProps {
  readonly units: readonly FragmentType<typeof UnitEconomicsTable_UnitEconomicsFragment>[] | undefined;
}

export function UnitEconomicsTable(props: UnitEconomicsTableProps) {
  return (
    <DataTable
      label="Unit economics"
      columns={COLUMNS}
      rows={readFragment(UnitEconomicsTable_UnitEconomicsFragment, props.units)}
      keyOf={({ operation, model }) => `${operation} ${model ?? ''}`}
      expected={5}
      empty={<Empty title="No calls in this range">Choose a longer range.</Empty>}
    />
  );
}
