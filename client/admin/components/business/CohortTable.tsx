/** Those who first paid in each month, by the months since. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { useManner } from '../../../ui/preferences.tsx';
import { Count, Money, Nothing, Ratio } from '../../../ui/values.tsx';
import type { CohortTable_CohortMonthFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const CohortTable_CohortMonthFragment = graphql(`
  fragment CohortTable_CohortMonthFragment on CohortMonth {
    cohort
    month
    accounts
    retained
    revenue {
      amount
      currency
    }
    grossProfit {
      amount
      currency
    }
  }
`);

type Month = CohortTable_CohortMonthFragmentFragment;

/** What a cell tells of a cohort in a month. */
export type CohortFigure = 'retained' | 'revenue' | 'profit';

interface Cohort {
  readonly cohort: string;
  readonly accounts: number;
  readonly months: readonly Month[];
}

/** Months between two instants at which months of UTC begin. */
function monthsBetween(from: string, to: string): number {
  const [one, other] = [new Date(from), new Date(to)];
  return (other.getUTCFullYear() - one.getUTCFullYear()) * 12 + other.getUTCMonth() - one.getUTCMonth();
}

function Cell({ month, figure }: { readonly month: Month | undefined; readonly figure: CohortFigure }) {
  if (!month) return <Nothing label="not yet" />;
  if (figure === 'revenue') return <Money value={month.revenue} precision="cents" />;
  if (figure === 'profit') return <Money value={month.grossProfit} precision="cents" signed />;
  return <Ratio value={month.accounts === 0 ? null : month.retained / month.accounts} />;
}

function MonthOf({ instant }: { readonly instant: string }) {
  const { locale } = useManner();
  return (
    <time dateTime={instant}>
      {new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', timeZone: 'UTC' }).format(
        new Date(instant),
      )}
    </time>
  );
}

interface CohortTableProps {
  readonly months: readonly FragmentType<typeof CohortTable_CohortMonthFragment>[] | undefined;
  readonly figure: CohortFigure;
}

export function CohortTable({ figure, ...props }: CohortTableProps) {
  const months = readFragment(CohortTable_CohortMonthFragment, props.months);
  const cohorts = new Map<string, Cohort>();
  for (const month of months ?? []) {
    const { months: before = [] } = cohorts.get(month.cohort) ?? {};
    cohorts.set(month.cohort, {
      cohort: month.cohort,
      accounts: month.accounts,
      months: [...before, month],
    });
  }
  const longest = (months ?? []).reduce(
    (most, { cohort, month }) => Math.max(most, monthsBetween(cohort, month)),
    0,
  );
  const columns: Column<Cohort>[] = [
    {
      key: 'cohort',
      header: 'First paid in',
      isRowHeader: true,
      render: ({ cohort }) => <MonthOf instant={cohort} />,
    },
    { key: 'accounts', header: 'Users', align: 'end', render: ({ accounts }) => <Count value={accounts} /> },
    ...Array.from(
      { length: longest + 1 },
      (_, since): Column<Cohort> => ({
        key: `month-${since}`,
        header: since === 0 ? 'That month' : `+${since}`,
        align: 'end',
        render: ({ cohort, months: own }) => (
          <Cell month={own.find(({ month }) => monthsBetween(cohort, month) === since)} figure={figure} />
        ),
      }),
    ),
  ];
  return (
    <DataTable
      label="Cohorts by the month of their first payment"
      columns={columns}
      rows={months && [...cohorts.values()]}
      keyOf={({ cohort }) => cohort}
      expected={3}
      empty={
        <Empty title="Nobody first paid in this range">
          Cohorts are those who first paid in a month that the range touches.
        </Empty>
      }
    />
  );
}
