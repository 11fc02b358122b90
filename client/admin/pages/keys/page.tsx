/** API keys: with them the servers of client apps call. */
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { KeyTable } from '../../components/key/KeyTable.tsx';
import { NewKey } from '../../components/key/NewKey.tsx';
import { graphql } from '../../gql/index.ts';
import { useRows } from '../../graphql/hooks.ts';

const KeysQuery = graphql(`
  query Keys_PageQuery($after: String) {
    apiKeys(first: 50, after: $after) {
      edges {
        node {
          id
          ...KeyTable_ApiKeyFragment
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export function KeysPage() {
  const keys = useRows(KeysQuery, {}, (data) => data.apiKeys, { alsoOf: ['ApiKey'] });
  return (
    <Page
      title="API keys"
      note="The servers of client apps call with them. Only their hashes are kept."
      actions={<NewKey />}
    >
      {keys.failure && <FailureNote failure={keys.failure} onRetry={keys.refresh} />}
      <Panel title="All keys, the newest first" flush>
        <KeyTable keys={keys} />
      </Panel>
    </Page>
  );
}
