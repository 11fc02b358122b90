/** Users: whose accounts are held, with what they have. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { Count, Instant, Nothing } from '../../../ui/values.tsx';
import type { AccountTable_AccountFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import type { Rows } from '../../graphql/hooks.ts';
import { UserLink } from '../../links.tsx';

const AccountTable_AccountFragment = graphql(`
  fragment AccountTable_AccountFragment on Account {
    id
    externalId
    email
    country
    tier
    createdAt
    balance {
      available
      reserved
    }
  }
`);

type Account = AccountTable_AccountFragmentFragment;

const COLUMNS: readonly Column<Account>[] = [
  {
    key: 'user',
    header: 'User',
    isRowHeader: true,
    render: ({ id, externalId }) => <UserLink id={id}>{externalId}</UserLink>,
  },
  { key: 'email', header: 'E-mail', wide: true, render: ({ email }) => email ?? <Nothing /> },
  { key: 'tier', header: 'Tier', render: ({ tier }) => wordsOf(tier) },
  {
    key: 'country',
    header: 'Country',
    wide: true,
    render: ({ country }) => country ?? <Nothing label="unknown" />,
  },
  {
    key: 'available',
    header: 'Credits',
    align: 'end',
    render: ({ balance }) => <Count value={balance.available} />,
  },
  {
    key: 'reserved',
    header: 'Set aside',
    align: 'end',
    wide: true,
    render: ({ balance }) => <Count value={balance.reserved} />,
  },
  {
    key: 'since',
    header: 'Since',
    align: 'end',
    wide: true,
    render: ({ createdAt }) => <Instant value={createdAt} style="day" />,
  },
];

interface AccountTableProps {
  readonly accounts: Rows<FragmentType<typeof AccountTable_AccountFragment>>;
  /** What was searched for; undefined: nothing. */
  readonly search: string | undefined;
}

export function AccountTable({ accounts, search }: AccountTableProps) {
  return (
    <DataTable
      label="Users"
      columns={COLUMNS}
      rows={readFragment(AccountTable_AccountFragment, accounts.data)}
      keyOf={({ id }) => id}
      more={accounts.more}
      empty={
        search === undefined ? (
          <Empty title="No users yet">
            A client app makes one by the mutation upsertAccount; GraphiQL has an example.
          </Empty>
        ) : (
          <Empty title={`Nobody is found by “${search}”`}>
            The search looks into your own ids of users and into their e-mails.
          </Empty>
        )
      }
    />
  );
}
