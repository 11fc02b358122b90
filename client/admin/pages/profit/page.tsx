/** The profit explorer: any range, grouping and filter, beside the time before. */
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { DownloadButton } from '../../../ui/DownloadButton.tsx';
import { FailureNote } from '../../../ui/Failure.tsx';
import { wordsOf } from '../../../ui/format.ts';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { useManner } from '../../../ui/preferences.tsx';
import { ProfitChart } from '../../components/profit/ProfitChart.tsx';
import { ProfitFigures } from '../../components/profit/ProfitFigures.tsx';
import { ProfitTable } from '../../components/profit/ProfitTable.tsx';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';
import { daysOf, rangeOf } from '../../range.ts';
import { type Choices, Controls } from './controls.tsx';
import { csvAddress, daysBefore, filterOf, groupsOf, intervalOf, type Search } from './question.ts';

const ProfitQuery = graphql(`
  query Profit_PageQuery(
    $range: TimeRange!
    $before: TimeRange!
    $compare: Boolean!
    $groupBy: [ProfitDimension!]!
    $filter: ProfitFilter
    $timeZone: String!
    $interval: Interval!
    $lines: Int!
    $account: ID!
    $one: Boolean!
  ) {
    profit(range: $range, groupBy: $groupBy, filter: $filter, timeZone: $timeZone) {
      ...ProfitFigures_ProfitReportFragment
      series(interval: $interval) {
        ...ProfitChart_ProfitPointFragment
      }
      totals {
        ...ProfitTable_ProfitLineFragment
      }
      lines(first: $lines) {
        ...ProfitTable_ProfitLineFragment
      }
    }
    before: profit(range: $before, groupBy: $groupBy, filter: $filter, timeZone: $timeZone)
      @include(if: $compare) {
      totals {
        ...ProfitTable_ProfitLineFragment
      }
      lines {
        ...ProfitTable_ProfitLineFragment
      }
    }
    models: profit(range: $range, groupBy: [MODEL], timeZone: $timeZone) {
      lines {
        model
      }
    }
    countries: profit(range: $range, groupBy: [COUNTRY], timeZone: $timeZone) {
      lines {
        country
      }
    }
    plans: profit(range: $range, groupBy: [PLAN], timeZone: $timeZone) {
      lines {
        plan
      }
    }
    providers {
      name
    }
    account(id: $account) @include(if: $one) {
      id
      externalId
    }
  }
`);

/** The most lines that are shown; the file has all of them. */
const MOST_LINES = 10_000;

const route = getRouteApi('/shell/profit');
const known = (values: readonly (string | null | undefined)[] = []) =>
  values.flatMap((value) => value || []).toSorted();

export function ProfitPage() {
  const search: Search = route.useSearch();
  const navigate = route.useNavigate();
  const { zone } = useManner();
  // The page's own now: a range that moved while one looks would ask again and again.
  const [now] = useState(Date.now);
  const days = daysOf(search, now, zone);
  const interval = intervalOf(search, days);
  const by = groupsOf(search);
  const asked = usePageQuery(
    ProfitQuery,
    {
      range: rangeOf(days, zone),
      before: rangeOf(daysBefore(days), zone),
      compare: search.compare ?? false,
      groupBy: [...by],
      filter: filterOf(search),
      timeZone: zone,
      interval,
      lines: MOST_LINES,
      account: search.account ?? '',
      one: search.account !== undefined,
    },
    { refreshSeconds: 30 },
  );
  const report = asked.data?.profit;
  const choices: Choices = {
    providers: known(asked.data?.providers.map(({ name }) => name)),
    models: known(asked.data?.models.lines.map(({ model }) => model)),
    countries: known(asked.data?.countries.lines.map(({ country }) => country)),
    plans: known(asked.data?.plans.lines.map(({ plan }) => plan)),
    account: asked.data?.account?.externalId ?? null,
  };
  const isCut = report?.lines.length === MOST_LINES;

  return (
    <Page
      title="Profit"
      note={`What burned credits earned, less what providers bill. Days are those of ${zone}.`}
      actions={<DownloadButton href={csvAddress(search, days, zone)}>Download as CSV</DownloadButton>}
    >
      {asked.failure && <FailureNote failure={asked.failure} onRetry={asked.refresh} />}
      <Controls
        search={search}
        days={days}
        interval={interval}
        choices={choices}
        onChange={(next) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true })}
      />
      <ProfitFigures report={report} />
      <Panel title="Over time">
        <ProfitChart points={report?.series} interval={interval} />
      </Panel>
      <Panel
        title={`By ${by.map((each) => wordsOf(each).toLowerCase()).join(', ')}`}
        note={
          isCut ? `The ${MOST_LINES.toLocaleString()} dearest: the CSV has all of them` : 'The dearest first'
        }
        flush
      >
        <ProfitTable
          by={by}
          lines={report?.lines}
          totals={report?.totals}
          before={asked.data?.before?.lines}
          totalsBefore={asked.data?.before?.totals}
        />
      </Panel>
    </Page>
  );
}
