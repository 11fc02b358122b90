/** The lines of a report, and their sum. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { State, toneOfMargin } from '../../../ui/State.tsx';
import { Count, Duration, Money, Ratio } from '../../../ui/values.tsx';
import type { ProfitDimension, ProfitTable_ProfitLineFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { UserLink } from '../../links.tsx';

const ProfitTable_ProfitLineFragment = graphql(`
  fragment ProfitTable_ProfitLineFragment on ProfitLine {
    provider
    model
    operation
    tier
    country
    plan
    planName
    account {
      id
      externalId
    }
    calls
    failed
    cacheHits
    margin
    averageDurationMs
    cost {
      amount
      currency
    }
    lostCost {
      amount
      currency
    }
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

type Line = ProfitTable_ProfitLineFragmentFragment;

/** By what a line is told from the others. */
function nameOf(line: Line, by: ProfitDimension) {
  switch (by) {
    case 'ACCOUNT':
      return line.account ? (
        <UserLink id={line.account.id}>{line.account.externalId}</UserLink>
      ) : (
        'no account: vendors’ bills'
      );
    case 'PROVIDER':
      return line.provider;
    case 'MODEL':
      return line.model;
    case 'OPERATION':
      return wordsOf(line.operation ?? '');
    case 'TIER':
      return wordsOf(line.tier ?? '');
    case 'COUNTRY':
      return line.country || 'unknown';
    case 'PLAN':
      return line.planName || 'without a plan';
  }
}

function MarginState({ margin }: Pick<Line, 'margin'>) {
  return (
    <State tone={toneOfMargin(margin)}>
      <Ratio value={margin} none="nothing earned" />
    </State>
  );
}

const FIGURES: readonly Column<Line>[] = [
  { key: 'calls', header: 'Calls', align: 'end', wide: true, render: ({ calls }) => <Count value={calls} /> },
  {
    key: 'failed',
    header: 'Failed',
    align: 'end',
    wide: true,
    render: ({ failed }) => <Count value={failed} />,
  },
  {
    key: 'hits',
    header: 'Cached',
    align: 'end',
    wide: true,
    render: ({ cacheHits }) => <Count value={cacheHits} />,
  },
  {
    key: 'took',
    header: 'Took',
    align: 'end',
    wide: true,
    render: ({ averageDurationMs }) => <Duration ms={averageDurationMs} />,
  },
  {
    key: 'cost',
    header: 'Cost',
    align: 'end',
    wide: true,
    render: ({ cost }) => <Money value={cost} precision="cents" />,
  },
  {
    key: 'lost',
    header: 'Lost',
    align: 'end',
    wide: true,
    render: ({ lostCost }) => <Money value={lostCost} precision="cents" />,
  },
  {
    key: 'revenue',
    header: 'Revenue',
    align: 'end',
    wide: true,
    render: ({ revenue }) => <Money value={revenue} precision="cents" />,
  },
  {
    key: 'profit',
    header: 'Profit',
    align: 'end',
    render: ({ grossProfit }) => <Money value={grossProfit} precision="cents" signed />,
  },
  { key: 'margin', header: 'Margin', align: 'end', render: MarginState },
];

/** What a line was in the time before: the same figures, of a line that may not have been there. */
const beforeOf = (find: (line: Line) => Line | undefined): readonly Column<Line>[] => [
  {
    key: 'calls-before',
    header: 'Calls before',
    align: 'end',
    wide: true,
    render: (line) => <Count value={find(line)?.calls ?? 0} />,
  },
  {
    key: 'cost-before',
    header: 'Cost before',
    align: 'end',
    wide: true,
    render: (line) => <Money value={find(line)?.cost ?? { ...line.cost, amount: '0' }} precision="cents" />,
  },
  {
    key: 'profit-before',
    header: 'Profit before',
    align: 'end',
    render: (line) => (
      <Money value={find(line)?.grossProfit ?? { ...line.cost, amount: '0' }} precision="cents" signed />
    ),
  },
];

/** One line each: what it is about is what tells it apart. */
const keyOf = (line: Line) =>
  [line.provider, line.model, line.operation, line.tier, line.account?.id, line.country, line.plan].join(' ');

type ProfitLines = readonly FragmentType<typeof ProfitTable_ProfitLineFragment>[];

interface ProfitTableProps {
  /** All that tells lines apart. */
  readonly by: readonly ProfitDimension[];
  readonly lines: ProfitLines | undefined;
  readonly totals: FragmentType<typeof ProfitTable_ProfitLineFragment> | undefined;
  /** Lines of the time before, to stand beside these; left out: they stand alone. */
  readonly before?: ProfitLines | null | undefined;
  readonly totalsBefore?: FragmentType<typeof ProfitTable_ProfitLineFragment> | null | undefined;
}

export function ProfitTable({ by, ...props }: ProfitTableProps) {
  const lines = readFragment(ProfitTable_ProfitLineFragment, props.lines);
  const totals = readFragment(ProfitTable_ProfitLineFragment, props.totals);
  const before = readFragment(ProfitTable_ProfitLineFragment, props.before);
  const totalsBefore = readFragment(ProfitTable_ProfitLineFragment, props.totalsBefore);
  const byKey = before && new Map(before.map((line) => [keyOf(line), line]));
  const figures = [...FIGURES, ...(byKey ? beforeOf((line) => byKey.get(keyOf(line))) : [])];
  const sums = [...FIGURES, ...(totalsBefore ? beforeOf(() => totalsBefore) : [])];
  return (
    <DataTable
      label={`Profit by ${by.map((each) => wordsOf(each).toLowerCase()).join(', ')}`}
      columns={[
        ...by.map((each, index) => ({
          key: each,
          header: wordsOf(each),
          isRowHeader: index === 0,
          render: (line: Line) => nameOf(line, each),
        })),
        ...figures,
      ]}
      rows={lines}
      keyOf={keyOf}
      empty={<Empty title="No calls in this range">Choose another range, or take a filter away.</Empty>}
      foot={
        totals && by[0]
          ? {
              [by[0]]: 'All',
              ...Object.fromEntries(sums.map(({ key, render }) => [key, render(totals)])),
            }
          : undefined
      }
    />
  );
}
