/** All generations, by status, the newest first. */
import { SegmentedControl } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Empty } from '../../../ui/Empty.tsx';
import { FailureNote } from '../../../ui/Failure.tsx';
import { choicesOf, wordsOf } from '../../../ui/format.ts';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { GenerationTable } from '../../components/generation/GenerationTable.tsx';
import { graphql } from '../../gql/index.ts';
import { useRows } from '../../graphql/hooks.ts';

const GenerationsQuery = graphql(`
  query Generations_PageQuery($status: GenerationStatus, $after: String) {
    generations(first: 50, after: $after, status: $status) {
      edges {
        node {
          id
          ...GenerationTable_GenerationFragment
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const STATUSES = ['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED'] as const;
const route = getRouteApi('/shell/generations');

export function GenerationsPage() {
  const { status } = route.useSearch();
  const navigate = route.useNavigate();
  const generations = useRows(GenerationsQuery, { status }, (data) => data.generations, {
    refreshSeconds: 10,
    alsoOf: ['Generation'],
  });
  return (
    <Page title="Generations" note="What users asked for, what it cost and what it earned.">
      {generations.failure && <FailureNote failure={generations.failure} onRetry={generations.refresh} />}
      <SegmentedControl
        aria-label="Status"
        value={status ?? ''}
        onChange={(value) =>
          void navigate({ search: { status: STATUSES.find((each) => each === value) }, replace: true })
        }
        data={[{ value: '', label: 'All' }, ...choicesOf(STATUSES)]}
        style={{ alignSelf: 'start', maxWidth: '100%', overflowX: 'auto' }}
      />
      <Panel title="The newest first" flush>
        <GenerationTable
          generations={generations}
          empty={
            status ? (
              <Empty title={`None is ${wordsOf(status).toLowerCase()}`}>Choose another status, or all.</Empty>
            ) : (
              <Empty title="Nothing was asked for yet">
                Run the first example in GraphiQL: its picture shows up here, with its cost.
              </Empty>
            )
          }
        />
      </Panel>
    </Page>
  );
}
