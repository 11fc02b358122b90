/** What is in a file, or what it brought: counts, sums, and the rows that are not imported. */
import { Anchor, Text } from '@mantine/core';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Figure, Figures } from '../../../ui/Figure.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { toneOfMargin } from '../../../ui/State.tsx';
import { Count, Money, Ratio } from '../../../ui/values.tsx';
import type { ImportSummary_HistoryImportFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const ImportSummary_HistoryImportFragment = graphql(`
  fragment ImportSummary_HistoryImportFragment on HistoryImport {
    id
    state
    rows
    added
    present
    rejected
    margin
    rejectsPath
    cost {
      amount
      currency
    }
    revenue {
      amount
      currency
    }
    profit {
      amount
      currency
    }
    rejects(first: 50) {
      line
      problem
    }
  }
`);

type Reject = ImportSummary_HistoryImportFragmentFragment['rejects'][number];

const COLUMNS: readonly Column<Reject>[] = [
  { key: 'line', header: 'Line', align: 'end', render: ({ line }) => <Count value={line} /> },
  { key: 'problem', header: 'What is wrong', isRowHeader: true, render: ({ problem }) => problem },
];

export function ImportSummary(props: {
  readonly history: FragmentType<typeof ImportSummary_HistoryImportFragment>;
}) {
  const { state, rows, added, present, rejected, margin, cost, revenue, profit, rejects, rejectsPath } =
    readFragment(ImportSummary_HistoryImportFragment, props.history);
  const isBooked = state === 'IMPORTING' || state === 'IMPORTED';
  return (
    <>
      <Panel
        title={isBooked ? 'What it brought' : 'What is in it'}
        note={isBooked ? undefined : 'Nothing is booked yet'}
      >
        <Figures label="Summary">
          <Figure label="Rows" value={<Count value={rows} />} />
          <Figure
            label={isBooked ? 'New' : 'Would be new'}
            value={<Count value={added} />}
            note={
              <>
                <Count value={present} /> already there
              </>
            }
          />
          <Figure
            label="Rejected"
            value={<Count value={rejected} />}
            tone={rejected > 0 ? 'warning' : 'good'}
            note={rejected > 0 ? 'put right and send again' : 'none'}
          />
          <Figure
            label="Cost"
            value={<Money value={cost} precision="cents" />}
            note="new and already there"
          />
          <Figure label="Revenue" value={<Money value={revenue} precision="cents" />} note="the same rows" />
          <Figure
            label="Profit"
            value={<Money value={profit} precision="cents" signed />}
            tone={toneOfMargin(margin)}
            note={
              <>
                Margin <Ratio value={margin} none="none" />
              </>
            }
          />
        </Figures>
      </Panel>
      {rejected > 0 && (
        <Panel
          title="Rejected rows"
          note={
            rejected > rejects.length
              ? `The first ${rejects.length}; all of them are in the file`
              : 'All others are not held up by them'
          }
          flush
          actions={
            rejectsPath && (
              <Anchor href={rejectsPath} download size="sm">
                Download the rejected rows
              </Anchor>
            )
          }
        >
          <DataTable
            label="Rejected rows"
            columns={COLUMNS}
            rows={rejects}
            keyOf={({ line, problem }) => `${line} ${problem}`}
            empty={<Text p="md">They are being gathered.</Text>}
          />
        </Panel>
      )}
    </>
  );
}
