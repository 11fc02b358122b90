/** The business: what comes in every month, who stays, cash beside what is earned, and what the books advise. */
import { SegmentedControl } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { useManner } from '../../../ui/preferences.tsx';
import { FreeBreakEvenFigures, PlanBreakEvenTable } from '../../components/business/BreakEvenTable.tsx';
import { MoneyFigures, RecurringFigures } from '../../components/business/BusinessFigures.tsx';
import { CohortTable } from '../../components/business/CohortTable.tsx';
import { PlanRevenueTable } from '../../components/business/PlanRevenueTable.tsx';
import { Recommendations } from '../../components/business/Recommendations.tsx';
import { UnitEconomicsTable } from '../../components/business/UnitEconomicsTable.tsx';
import { RangeControls } from '../../components/range/RangeControls.tsx';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';
import { daysBefore, daysOf, rangeOf } from '../../range.ts';

const BusinessQuery = graphql(`
  query Business_PageQuery($range: TimeRange!, $before: TimeRange!, $timeZone: String!) {
    business(range: $range, timeZone: $timeZone) {
      ...BusinessFigures_BusinessMetricsFragment
      revenueByPlan {
        ...PlanRevenueTable_PlanRevenueFragment
      }
    }
    before: business(range: $before, timeZone: $timeZone) {
      ...BusinessFigures_BusinessMetricsFragment
    }
    recommendations(range: $range) {
      ...Recommendations_RecommendationFragment
    }
    unitEconomics(range: $range) {
      ...UnitEconomicsTable_UnitEconomicsFragment
    }
    breakEven(range: $range) {
      plans {
        ...BreakEvenTable_PlanBreakEvenFragment
      }
      free {
        ...BreakEvenTable_FreeBreakEvenFragment
      }
    }
    cohorts(range: $range) {
      ...CohortTable_CohortMonthFragment
    }
  }
`);

const PRESETS = ['30', '90', '365'] as const;
const COHORTS = [
  { value: 'retained', label: 'Who stayed' },
  { value: 'revenue', label: 'Revenue' },
  { value: 'profit', label: 'Profit' },
] as const;

const route = getRouteApi('/shell/business');

export function BusinessPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { zone } = useManner();
  // The page's own now: a range that moved while one looks would ask again and again.
  const [now] = useState(Date.now);
  const days = daysOf(search, now, zone);
  const { cohorts = 'retained' } = search;
  const asked = usePageQuery(
    BusinessQuery,
    { range: rangeOf(days, zone), before: rangeOf(daysBefore(days), zone), timeZone: zone },
    { alsoOf: ['Plan', 'Payment'] },
  );
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const { data } = asked;
  return (
    <Page
      title="Business"
      note={`Figures of the range, beside as many days just before. Days are those of ${zone}; what is recurring is at the range's end.`}
    >
      {asked.failure && <FailureNote failure={asked.failure} onRetry={asked.refresh} />}
      <RangeControls
        days={days}
        presets={PRESETS}
        preset={search.from && search.to ? null : (search.days ?? '30')}
        onPreset={(preset) => change({ days: preset, from: undefined, to: undefined })}
        onDays={({ from, to }) => change({ from, to })}
      />
      <RecurringFigures metrics={data?.business} before={data?.before} />
      <MoneyFigures metrics={data?.business} before={data?.before} />
      <Panel title="Recommendations" note="Advice that follows from the books of the range">
        <Recommendations advice={data?.recommendations} />
      </Panel>
      <Panel title="Revenue by plan" note="What calls of subscribers earned and cost" flush>
        <PlanRevenueTable plans={data?.business.revenueByPlan} />
      </Panel>
      <Panel
        title="Unit economics"
        note="What one use costs, failed calls included, and the margin at the least and the most that a credit sells for"
        flush
      >
        <UnitEconomicsTable units={data?.unitEconomics} />
      </Panel>
      <Panel
        title="Break-even of plans"
        note="As many credits burned of one payment leave nothing of it, after fees, at what a credit cost in this range"
        flush
      >
        <PlanBreakEvenTable plans={data?.breakEven.plans} />
      </Panel>
      <Panel title="Free users">
        <FreeBreakEvenFigures free={data?.breakEven.free} />
      </Panel>
      <Panel
        title="Cohorts"
        note="Those who first paid in a month of UTC, by the months since"
        actions={
          <SegmentedControl
            aria-label="What the cohorts tell"
            size="xs"
            value={cohorts}
            data={[...COHORTS]}
            onChange={(value) => change({ cohorts: COHORTS.find((each) => each.value === value)?.value })}
          />
        }
        flush
      >
        <CohortTable months={data?.cohorts} figure={cohorts} />
      </Panel>
    </Page>
  );
}
