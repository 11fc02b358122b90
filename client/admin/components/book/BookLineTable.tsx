/** Lines of the cash book. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Code, Instant, Money, Nothing } from '../../../ui/values.tsx';
import type { BookKind, BookLineTable_BookLineFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import type { Rows } from '../../graphql/hooks.ts';
import { UserLink } from '../../links.tsx';

const BookLineTable_BookLineFragment = graphql(`
  fragment BookLineTable_BookLineFragment on BookLine {
    id
    at
    kind
    planName
    source
    amount {
      amount
      currency
    }
    account {
      id
      externalId
    }
  }
`);

type Line = BookLineTable_BookLineFragmentFragment;

const KINDS: Readonly<Record<BookKind, string>> = {
  PAYMENT: 'Payment',
  FEE: 'Fee',
  REFUND: 'Refund',
  DISPUTE: 'Dispute',
  DISPUTE_FEE: 'Fee of a dispute',
};

const COLUMNS: readonly Column<Line>[] = [
  { key: 'at', header: 'When', render: ({ at }) => <Instant value={at} style="second" /> },
  { key: 'kind', header: 'What', isRowHeader: true, render: ({ kind }) => KINDS[kind] },
  {
    key: 'user',
    header: 'User',
    render: ({ account }) => (account ? <UserLink id={account.id}>{account.externalId}</UserLink> : 'gone'),
  },
  {
    key: 'plan',
    header: 'Plan',
    wide: true,
    render: ({ planName }) => planName ?? <Nothing label="a pack" />,
  },
  { key: 'source', header: 'Of', wide: true, render: ({ source }) => <Code>{source}</Code> },
  { key: 'amount', header: 'Amount', align: 'end', render: ({ amount }) => <Money value={amount} signed /> },
];

interface BookLineTableProps {
  readonly lines: Rows<FragmentType<typeof BookLineTable_BookLineFragment>>;
}

export function BookLineTable({ lines }: BookLineTableProps) {
  return (
    <DataTable
      label="Lines of the cash book"
      columns={COLUMNS}
      rows={readFragment(BookLineTable_BookLineFragment, lines.data)}
      keyOf={({ id }) => id}
      more={lines.more}
      expected={3}
      empty={
        <Empty title="No money moved on this day">Payments, fees, refunds and disputes stand here.</Empty>
      }
    />
  );
}
