/** The rows behind a day of the books. */
import type { ReactNode } from 'react';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { BookLineTable } from '../../components/book/BookLineTable.tsx';
import { DeferredEntryTable } from '../../components/book/DeferredEntryTable.tsx';
import { graphql } from '../../gql/index.ts';
import { useRows } from '../../graphql/hooks.ts';
import { rangeOf } from '../../range.ts';

const LinesQuery = graphql(`
  query Books_LinesQuery($range: TimeRange!, $after: String) {
    bookLines(first: 50, after: $after, range: $range) {
      edges {
        node {
          id
          ...BookLineTable_BookLineFragment
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const EntriesQuery = graphql(`
  query Books_EntriesQuery($range: TimeRange!, $after: String) {
    deferredEntries(first: 50, after: $after, range: $range) {
      edges {
        node {
          id
          ...DeferredEntryTable_EntryFragment
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

interface DayRowsProps {
  readonly day: string;
  readonly zone: string;
  /** Leads back to all days. */
  readonly close: ReactNode;
}

export function DayRows({ day, zone, close }: DayRowsProps) {
  const range = rangeOf({ from: day, to: day }, zone);
  const lines = useRows(LinesQuery, { range }, (data) => data.bookLines, { alsoOf: ['Payment'] });
  const entries = useRows(EntriesQuery, { range }, (data) => data.deferredEntries, {
    alsoOf: ['Grant', 'Generation'],
  });
  const failure = lines.failure ?? entries.failure;
  return (
    <>
      {failure && (
        <FailureNote
          failure={failure}
          onRetry={() => {
            lines.refresh();
            entries.refresh();
          }}
        />
      )}
      <Panel
        title={`Cash of ${day}`}
        note="The lines behind cash, fees, refunds and disputes"
        actions={close}
        flush
      >
        <BookLineTable lines={lines} />
      </Panel>
      <Panel
        title={`Deferred revenue of ${day}`}
        note="The ledger’s entries behind sold, earned, breakage and clawed back"
        flush
      >
        <DeferredEntryTable entries={entries} />
      </Panel>
    </>
  );
}
