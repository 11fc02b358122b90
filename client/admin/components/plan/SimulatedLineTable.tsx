/** What each use of a scenario costs and leaves: its share of price and fee is its share of credits. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Count, Money, Nothing } from '../../../ui/values.tsx';
import type { SimulatedLineTable_SimulatedLineFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { dimensionsOf } from '../catalogue/variant.ts';
import { MarginBadge } from './MarginBadge.tsx';

const SimulatedLineTable_SimulatedLineFragment = graphql(`
  fragment SimulatedLineTable_SimulatedLineFragment on SimulatedLine {
    model
    size
    quality
    durationSeconds
    count
    credits
    unitCost {
      amount
      currency
    }
    cost {
      amount
      currency
    }
    revenue {
      amount
      currency
    }
    beforeFees {
      profit {
        amount
        currency
      }
      margin
    }
    afterFees {
      profit {
        amount
        currency
      }
      margin
    }
  }
`);

type Line = SimulatedLineTable_SimulatedLineFragmentFragment;

const COLUMNS: readonly Column<Line>[] = [
  {
    key: 'use',
    header: 'Use',
    isRowHeader: true,
    render: (line) => (
      <>
        <Count value={line.count} /> × {line.model}
        {dimensionsOf(line) && `, ${dimensionsOf(line)}`}
      </>
    ),
  },
  {
    key: 'each',
    header: 'Each',
    align: 'end',
    wide: true,
    render: ({ unitCost }) => <Money value={unitCost} />,
  },
  {
    key: 'credits',
    header: 'Credits',
    align: 'end',
    wide: true,
    render: ({ credits }) =>
      credits === null || credits === undefined ? <Nothing label="no price" /> : <Count value={credits} />,
  },
  { key: 'cost', header: 'Cost', align: 'end', render: ({ cost }) => <Money value={cost} /> },
  {
    key: 'share',
    header: 'Share of the price',
    align: 'end',
    wide: true,
    render: ({ revenue }) => <Money value={revenue} />,
  },
  {
    key: 'profit',
    header: 'Profit',
    align: 'end',
    render: ({ beforeFees }) => <Money value={beforeFees.profit} signed />,
  },
  {
    key: 'margin',
    header: 'Margin',
    align: 'end',
    wide: true,
    render: ({ beforeFees }) => <MarginBadge value={beforeFees.margin} />,
  },
  {
    key: 'after',
    header: 'After fees',
    align: 'end',
    wide: true,
    render: ({ afterFees }) => <Money value={afterFees.profit} signed />,
  },
];

interface SimulatedLineTableProps {
  readonly lines: readonly FragmentType<typeof SimulatedLineTable_SimulatedLineFragment>[] | undefined;
}

export function SimulatedLineTable(props: SimulatedLineTableProps) {
  return (
    <DataTable
      label="Use by use"
      columns={COLUMNS}
      rows={readFragment(SimulatedLineTable_SimulatedLineFragment, props.lines)}
      keyOf={(line) => `${line.model} ${dimensionsOf(line)} ${line.count}`}
      expected={2}
      empty={<Empty title="No use">Add a use to see what it costs and leaves.</Empty>}
    />
  );
}
