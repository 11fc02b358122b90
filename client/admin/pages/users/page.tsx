/** Users: search, and a list that goes on. */
import { getRouteApi } from '@tanstack/react-router';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { AccountTable } from '../../components/account/AccountTable.tsx';
import { graphql } from '../../gql/index.ts';
import { useRows } from '../../graphql/hooks.ts';
import { SearchField } from '../../SearchField.tsx';

const UsersQuery = graphql(`
  query Users_PageQuery($search: String, $after: String) {
    accounts(first: 50, after: $after, search: $search) {
      edges {
        node {
          id
          ...AccountTable_AccountFragment
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const route = getRouteApi('/shell/users');

export function UsersPage() {
  const { search } = route.useSearch();
  const navigate = route.useNavigate();
  const accounts = useRows(UsersQuery, { search }, (data) => data.accounts, { alsoOf: ['Account', 'Grant'] });
  return (
    <Page title="Users" note="Your client apps' users: each is an account with credits.">
      {accounts.failure && <FailureNote failure={accounts.failure} onRetry={accounts.refresh} />}
      <SearchField
        placeholder="Your own id of the user, or an e-mail"
        value={search}
        onSearch={(text) => void navigate({ search: { search: text }, replace: true })}
      />
      <Panel title={search ? `Found by “${search}”` : 'All users, the newest first'} flush>
        <AccountTable accounts={accounts} search={search} />
      </Panel>
    </Page>
  );
}
