/** What is to be known of one user, and what they have at this moment. */
import { Fact, Facts } from '../../../ui/Facts.tsx';
import { Figure, Figures } from '../../../ui/Figure.tsx';
import { State } from '../../../ui/State.tsx';
import { Code, Count, Instant, Nothing } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { useLive } from '../../graphql/hooks.ts';

const AccountFacts_AccountFragment = graphql(`
  fragment AccountFacts_AccountFragment on Account {
    id
    externalId
    email
    country
    timeZone
    barredReason
    createdAt
    balance {
      available
      reserved
      posted
    }
  }
`);

const BalanceSubscription = graphql(`
  subscription AccountFacts_BalanceSubscription($accountId: ID!) {
    balance(accountId: $accountId) {
      available
      reserved
      posted
    }
  }
`);

export function AccountFacts(props: { readonly account: FragmentType<typeof AccountFacts_AccountFragment> }) {
  const account = readFragment(AccountFacts_AccountFragment, props.account);
  const live = useLive(BalanceSubscription, { accountId: account.id });
  const balance = live.data?.balance ?? account.balance;
  return (
    <>
      <Figures label="Balance">
        <Figure
          label="Available"
          value={<Count value={balance.available} />}
          note="credits that a call can use"
        />
        <Figure label="Set aside" value={<Count value={balance.reserved} />} note="for calls under way" />
        <Figure label="In all" value={<Count value={balance.posted} />} note="given, not burned or expired" />
      </Figures>
      <Facts>
        <Fact label="Your own id">{account.externalId}</Fact>
        <Fact label="Id here">
          <Code>{account.id}</Code>
        </Fact>
        <Fact label="E-mail">{account.email ?? <Nothing />}</Fact>
        <Fact label="Country">{account.country ?? <Nothing label="unknown" />}</Fact>
        <Fact label="Time zone">{account.timeZone}</Fact>
        <Fact label="Since">
          <Instant value={account.createdAt} />
        </Fact>
        {account.barredReason && (
          <Fact label="Barred from paid calls" wide>
            <State tone="bad">Barred</State> {account.barredReason}
          </Fact>
        )}
      </Facts>
    </>
  );
}
