/** Users: search, and a list that goes on. */
import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import IconSearch from '@tabler/icons-react/icons/IconSearch';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { AccountTable } from '../../components/account/AccountTable.tsx';
import { graphql } from '../../gql/index.ts';
import { useRows } from '../../graphql/hooks.ts';

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
  const [typed, setTyped] = useState(search ?? '');
  const find = useDebouncedCallback((text: string) => {
    void navigate({ search: { search: text.trim() || undefined }, replace: true });
  }, 250);
  const accounts = useRows(UsersQuery, { search }, (data) => data.accounts, { alsoOf: ['Account', 'Grant'] });
  return (
    <Page title="Users" note="Your client apps' users: each is an account with credits.">
      {accounts.failure && <FailureNote failure={accounts.failure} onRetry={accounts.refresh} />}
      <TextInput
        label="Search"
        placeholder="Your own id of the user, or an e-mail"
        leftSection={<IconSearch size={16} aria-hidden="true" />}
        type="search"
        maw={420}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          find(event.currentTarget.value);
        }}
      />
      <Panel title={search ? `Found by “${search}”` : 'All users, the newest first'} flush>
        <AccountTable accounts={accounts} search={search} />
      </Panel>
    </Page>
  );
}
