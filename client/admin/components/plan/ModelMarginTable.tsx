/** Each way in which the active list sells a model, and the margin that it leaves at a price for a credit. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { Count, Money, Ratio } from '../../../ui/values.tsx';
import type { ModelMarginTable_ModelMarginFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { dimensionsOf } from '../catalogue/variant.ts';
import { MarginBadge } from './MarginBadge.tsx';

const ModelMarginTable_ModelMarginFragment = graphql(`
  fragment ModelMarginTable_ModelMarginFragment on ModelMargin {
    model
    operation
    retired
    size
    quality
    durationSeconds
    credits
    marginLeast
    marginMost
    marginOfPlan
    cost {
      amount
      currency
    }
  }
`);

type Line = ModelMarginTable_ModelMarginFragmentFragment;

const COLUMNS: readonly Column<Line>[] = [
  {
    key: 'model',
    header: 'Model',
    isRowHeader: true,
    render: (line) => (
      <>
        {line.model}
        {dimensionsOf(line) && `, ${dimensionsOf(line)}`}
        {line.retired && ' (retired)'}
      </>
    ),
  },
  { key: 'operation', header: 'Operation', wide: true, render: ({ operation }) => wordsOf(operation) },
  { key: 'cost', header: 'Cost', align: 'end', wide: true, render: ({ cost }) => <Money value={cost} /> },
  {
    key: 'credits',
    header: 'Credits',
    align: 'end',
    wide: true,
    render: ({ credits }) => <Count value={credits} />,
  },
  {
    key: 'range',
    header: 'At the cheapest and dearest credit',
    align: 'end',
    wide: true,
    render: ({ marginLeast, marginMost }) => (
      <>
        <Ratio value={marginLeast} none="no revenue" />
        {marginMost !== marginLeast && (
          <>
            {' – '}
            <Ratio value={marginMost} />
          </>
        )}
      </>
    ),
  },
  {
    key: 'here',
    header: 'At this price',
    align: 'end',
    render: ({ marginOfPlan }) => <MarginBadge value={marginOfPlan} none="no credits" />,
  },
];

interface ModelMarginTableProps {
  readonly models: readonly FragmentType<typeof ModelMarginTable_ModelMarginFragment>[] | undefined;
}

export function ModelMarginTable(props: ModelMarginTableProps) {
  return (
    <DataTable
      label="Margins of models at this price"
      columns={COLUMNS}
      rows={readFragment(ModelMarginTable_ModelMarginFragment, props.models)}
      keyOf={(line) => `${line.model} ${dimensionsOf(line)} ${line.credits}`}
      empty={<Empty title="No model has a price">Set prices in the catalogue.</Empty>}
    />
  );
}
