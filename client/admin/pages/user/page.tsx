/** One user: what they have, how they came to it, and what they asked for. */
import { Skeleton, Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Empty } from '../../../ui/Empty.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { State } from '../../../ui/State.tsx';
import { AccountFacts } from '../../components/account/AccountFacts.tsx';
import { BarAccount } from '../../components/account/BarAccount.tsx';
import { GrantCredits } from '../../components/account/GrantCredits.tsx';
import { SubscriptionPanel } from '../../components/account/SubscriptionPanel.tsx';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';
import { Loaded } from '../../graphql/Loaded.tsx';
import { TextLink } from '../../links.tsx';
import { Entries, Generations, Grants, Payments } from './lists.tsx';

const UserQuery = graphql(`
  query User_PageQuery($id: ID!) {
    account(id: $id) {
      id
      externalId
      tier
      ...AccountFacts_AccountFragment
      ...GrantCredits_AccountFragment
      ...BarAccount_AccountFragment
      ...SubscriptionPanel_AccountFragment
    }
    plans {
      ...SubscriptionPanel_PlanFragment
    }
  }
`);

const route = getRouteApi('/shell/users/$accountId');

export function UserPage() {
  const { accountId } = route.useParams();
  const { show = 'entries' } = route.useSearch();
  const navigate = route.useNavigate();
  const asked = usePageQuery(
    UserQuery,
    { id: accountId },
    {
      // The balance on the page is live: what dialogs say of it keeps step.
      refreshSeconds: 10,
      alsoOf: ['Account', 'Grant', 'Generation', 'Revocation', 'AccountSubscription', 'Payment'],
    },
  );
  const account = asked.data?.account;
  return (
    <Page
      title={account?.externalId ?? 'User'}
      beside={account && <State tone="quiet">{wordsOf(account.tier)}</State>}
      actions={
        account && (
          <>
            <BarAccount account={account} />
            <GrantCredits account={account} />
          </>
        )
      }
    >
      <Loaded asked={asked} skeleton={<Skeleton height={230} />}>
        {({ account: found, plans }) =>
          found ? (
            <>
              <AccountFacts account={found} />
              <SubscriptionPanel account={found} plans={plans} />
              <Panel title="History" flush>
                <Tabs
                  value={show}
                  onChange={(value) =>
                    void navigate({ search: { show: value as typeof show }, replace: true })
                  }
                  keepMounted={false}
                >
                  <Tabs.List px="md">
                    <Tabs.Tab value="entries">Ledger</Tabs.Tab>
                    <Tabs.Tab value="grants">Grants</Tabs.Tab>
                    <Tabs.Tab value="payments">Payments</Tabs.Tab>
                    <Tabs.Tab value="generations">Generations</Tabs.Tab>
                  </Tabs.List>
                  <Tabs.Panel value="entries" pt="xs">
                    <Entries id={found.id} />
                  </Tabs.Panel>
                  <Tabs.Panel value="grants" pt="xs">
                    <Grants id={found.id} />
                  </Tabs.Panel>
                  <Tabs.Panel value="payments" pt="xs">
                    <Payments id={found.id} />
                  </Tabs.Panel>
                  <Tabs.Panel value="generations" pt="xs">
                    <Generations id={found.id} />
                  </Tabs.Panel>
                </Tabs>
              </Panel>
            </>
          ) : (
            <Empty title="There is no such user" action={<TextLink to="/users">All users</TextLink>}>
              The id in the address belongs to nobody.
            </Empty>
          )
        }
      </Loaded>
    </Page>
  );
}
