/** Days of the books: cash as it came and went, revenue as it was earned, and whether each day follows from the one before. */
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { add, compare, subtract } from '../../../ui/decimal.ts';
import { Empty } from '../../../ui/Empty.tsx';
import { Figure, Figures } from '../../../ui/Figure.tsx';
import { State } from '../../../ui/State.tsx';
import { type Amount, Money } from '../../../ui/values.tsx';
import type { BookDayTable_BookDayFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const BookDayTable_BookDayFragment = graphql(`
  fragment BookDayTable_BookDayFragment on BookDay {
    day
    startsAt
    cash {
      amount
      currency
    }
    fees {
      amount
      currency
    }
    refunds {
      amount
      currency
    }
    disputes {
      amount
      currency
    }
    sold {
      amount
      currency
    }
    earned {
      amount
      currency
    }
    breakage {
      amount
      currency
    }
    clawedBack {
      amount
      currency
    }
    deferred {
      amount
      currency
    }
    awaited {
      amount
      currency
    }
  }
`);

type Day = BookDayTable_BookDayFragmentFragment;
type Part = FragmentType<typeof BookDayTable_BookDayFragment>;
/** What adds up over days; the balances do not. */
type Flow = 'cash' | 'fees' | 'refunds' | 'disputes' | 'sold' | 'earned' | 'breakage' | 'clawedBack';

/** A day with what should be deferred at its end, by the day before. */
interface Line {
  readonly day: Day;
  readonly expected: string;
}

const flowOf = (days: readonly Day[], flow: Flow): Amount => ({
  amount: add('0', ...days.map((day) => day[flow].amount)),
  currency: days[0]?.cash.currency ?? 'USD',
});

/** deferred(t) = deferred(t − 1) + sold − earned − breakage − clawed back */
function expectedOf(before: string, days: readonly Day[]): string {
  const gone = add(
    flowOf(days, 'earned').amount,
    flowOf(days, 'breakage').amount,
    flowOf(days, 'clawedBack').amount,
  );
  return subtract(add(before, flowOf(days, 'sold').amount), gone);
}

const isRight = ({ day, expected }: Line) => compare(day.deferred.amount, expected) === 0;

interface BooksProps {
  /** In their order, with the day before the first of them, which is not shown. */
  readonly days: readonly Part[] | undefined;
}

function linesOf(parts: readonly Part[] | undefined) {
  const days = readFragment(BookDayTable_BookDayFragment, parts);
  const [opening, ...shown] = days ?? [];
  const lines = shown.map((day, index): Line => {
    const before = index === 0 ? opening : shown[index - 1];
    return { day, expected: expectedOf(before?.deferred.amount ?? '0', [day]) };
  });
  return { isLoading: days === undefined, opening, shown, lines };
}

/** The sums of the range, and the identity of deferred revenue over the whole of it. */
export function BookFigures({ days }: BooksProps) {
  const { isLoading, opening, shown, lines } = linesOf(days);
  const last = shown.at(-1);
  const sum = (flow: Flow) =>
    isLoading ? undefined : <Money value={flowOf(shown, flow)} precision="cents" />;
  const holds = lines.every(isRight);
  return (
    <>
      <Figures label="Sums of the range">
        <Figure label="Cash" value={sum('cash')} note="paid by customers, without tax" />
        <Figure label="Fees" value={sum('fees')} note="taken by Stripe" />
        <Figure label="Refunds" value={sum('refunds')} note="gone back" />
        <Figure label="Disputes" value={sum('disputes')} note="taken by banks" />
        <Figure label="Sold" value={sum('sold')} note="what credits given will earn" />
        <Figure label="Earned" value={sum('earned')} note="by burned credits" />
        <Figure label="Breakage" value={sum('breakage')} note="expired unused" />
        <Figure label="Clawed back" value={sum('clawedBack')} note="taken back" />
        <Figure
          label="Deferred"
          value={last && <Money value={last.deferred} precision="cents" />}
          note={
            last && (
              <>
                at the end; <Money value={last.awaited} precision="cents" /> more awaited
              </>
            )
          }
        />
      </Figures>
      {opening && last && (
        <Text size="sm" component="div">
          <State tone={holds ? 'good' : 'bad'}>{holds ? 'Adds up' : 'Does not add up'}</State>{' '}
          <Money value={opening.deferred} /> deferred before + <Money value={flowOf(shown, 'sold')} /> sold −{' '}
          <Money value={flowOf(shown, 'earned')} /> earned − <Money value={flowOf(shown, 'breakage')} />{' '}
          breakage − <Money value={flowOf(shown, 'clawedBack')} /> clawed back ={' '}
          <Money value={{ ...last.deferred, amount: expectedOf(opening.deferred.amount, shown) }} />; the
          ledger holds <Money value={last.deferred} />.
        </Text>
      )}
    </>
  );
}

const money = (key: Flow, header: string, wide = false): Column<Line> => ({
  key,
  header,
  align: 'end',
  wide,
  render: ({ day }) => <Money value={day[key]} precision="cents" />,
});

interface BookDayTableProps extends BooksProps {
  /** How a day leads to its rows. */
  readonly linkOf: (day: string) => ReactNode;
}

export function BookDayTable({ days, linkOf }: BookDayTableProps) {
  const { isLoading, shown, lines } = linesOf(days);
  const columns: readonly Column<Line>[] = [
    { key: 'day', header: 'Day', isRowHeader: true, render: ({ day }) => linkOf(day.day) },
    money('cash', 'Cash'),
    money('fees', 'Fees', true),
    money('refunds', 'Refunds', true),
    money('disputes', 'Disputes', true),
    money('sold', 'Sold', true),
    money('earned', 'Earned'),
    money('breakage', 'Breakage', true),
    money('clawedBack', 'Clawed back', true),
    {
      key: 'deferred',
      header: 'Deferred',
      align: 'end',
      render: ({ day }) => <Money value={day.deferred} precision="cents" />,
    },
    {
      key: 'right',
      header: 'Follows',
      wide: true,
      render: (line) =>
        isRight(line) ? (
          <State tone="good">Yes</State>
        ) : (
          <State tone="bad">
            No: <Money value={{ ...line.day.deferred, amount: line.expected }} />
          </State>
        ),
    },
  ];
  const sums = Object.fromEntries(
    (['cash', 'fees', 'refunds', 'disputes', 'sold', 'earned', 'breakage', 'clawedBack'] as const).map(
      (flow) => [flow, <Money key={flow} value={flowOf(shown, flow)} precision="cents" />],
    ),
  );
  return (
    <DataTable
      label="Books by day"
      columns={columns}
      rows={isLoading ? undefined : [...lines].reverse()}
      keyOf={({ day }) => day.day}
      expected={10}
      foot={{ day: 'All', ...sums }}
      empty={<Empty title="No day in this range">Choose another range.</Empty>}
    />
  );
}
