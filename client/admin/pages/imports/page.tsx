/** Files of history: a new one, and those that were sent. */
import { Text } from '@mantine/core';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { Code } from '../../../ui/values.tsx';
import { ImportTable } from '../../components/import/ImportTable.tsx';
import { NewImport } from '../../components/import/NewImport.tsx';
import { graphql } from '../../gql/index.ts';
import { useRows } from '../../graphql/hooks.ts';

const ImportsQuery = graphql(`
  query Imports_PageQuery($after: String) {
    historyImports(first: 20, after: $after) {
      edges {
        node {
          id
          ...ImportTable_HistoryImportFragment
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const COLUMNS =
  'external_id,provider,model,operation,account_external_id,tier,status,cost,credits,revenue,duration_ms,created_at';

export function ImportsPage() {
  const imports = useRows(ImportsQuery, {}, (data) => data.historyImports, {
    refreshSeconds: 5,
    alsoOf: ['HistoryImport'],
  });
  return (
    <Page
      title="Import"
      note="History that another system made. It counts in every report from its own day on; nothing of it is reserved or charged."
    >
      {imports.failure && <FailureNote failure={imports.failure} onRetry={imports.refresh} />}
      <Panel
        title="A file of history"
        note="It is checked first. Nothing is booked before you say so, and no call is booked twice."
      >
        <NewImport />
        <Text size="sm" c="dimmed" mt="md">
          The columns, in any order: <Code>{COLUMNS}</Code>. Cost and revenue in dollars, times as ISO 8601.
        </Text>
      </Panel>
      <Panel title="Files that were sent" note="Kept for 30 days" flush>
        <ImportTable imports={imports} />
      </Panel>
    </Page>
  );
}
