/** The accounts whose calls cost most. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { State, toneOfMargin } from '../../../ui/State.tsx';
import { Count, Money, Ratio } from '../../../ui/values.tsx';
import type { TopAccounts_ProfitLineFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { UserLink } from '../../links.tsx';

const TopAccounts_ProfitLineFragment = graphql(`
  fragment TopAccounts_ProfitLineFragment on ProfitLine {
    account {
      id
      externalId
      tier
    }
    calls
    margin
    cost {
      amount
      currency
    }
    revenue {
      amount
      currency
    }
  }
`);

type Line = TopAccounts_ProfitLineFragmentFragment;

const COLUMNS: readonly Column<Line>[] = [
  {
    key: 'user',
    header: 'User',
    isRowHeader: true,
    render: ({ account }) => (account ? <UserLink id={account.id}>{account.externalId}</UserLink> : 'gone'),
  },
  {
    key: 'tier',
    header: 'Tier',
    wide: true,
    render: ({ account }) => (account ? wordsOf(account.tier) : ''),
  },
  { key: 'calls', header: 'Calls', align: 'end', wide: true, render: ({ calls }) => <Count value={calls} /> },
  {
    key: 'cost',
    header: 'Cost',
    align: 'end',
    render: ({ cost }) => <Money value={cost} precision="cents" />,
  },
  {
    key: 'revenue',
    header: 'Revenue',
    align: 'end',
    render: ({ revenue }) => <Money value={revenue} precision="cents" />,
  },
  {
    key: 'margin',
    header: 'Margin',
    align: 'end',
    render: ({ margin }) => (
      <State tone={toneOfMargin(margin)}>
        <Ratio value={margin} none="nothing earned" />
      </State>
    ),
  },
];

interface TopAccountsProps {
  readonly lines: readonly FragmentType<typeof TopAccounts_ProfitLineFragment>[] | undefined;
}

export function TopAccounts(props: TopAccountsProps) {
  const lines = readFragment(TopAccounts_ProfitLineFragment, props.lines);
  return (
    <DataTable
      label="Users by cost today"
      columns={COLUMNS}
      rows={lines}
      keyOf={({ account }) => account?.id ?? ''}
      expected={5}
      empty={<Empty title="No calls yet">The users whose calls cost most today show up here.</Empty>}
    />
  );
}
