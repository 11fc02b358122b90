/** The profit explorer: any range, grouping and filter, beside the time before. */
import { Button, Group, SegmentedControl, Select, TextInput } from '@mantine/core';
import IconDownload from '@tabler/icons-react/icons/IconDownload';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
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
import { csvAddress, intervalOf } from './question.ts';

const ProfitQuery = graphql(`
  query Profit_PageQuery(
    $range: TimeRange!
    $groupBy: [ProfitDimension!]!
    $filter: ProfitFilter
    $timeZone: String!
    $interval: Interval!
  ) {
    profit(range: $range, groupBy: $groupBy, filter: $filter, timeZone: $timeZone) {
      ...ProfitFigures_ProfitReportFragment
      series(interval: $interval) {
        ...ProfitChart_ProfitPointFragment
      }
      totals {
        ...ProfitTable_ProfitLineFragment
      }
      lines(first: 200) {
        ...ProfitTable_ProfitLineFragment
      }
    }
    providers {
      name
    }
  }
`);

const DIMENSIONS = ['PROVIDER', 'MODEL', 'OPERATION', 'TIER', 'ACCOUNT', 'COUNTRY', 'PLAN'] as const;
const OPERATIONS = [
  'GENERATE_IMAGE',
  'GENERATE_VIDEO',
  'UPSCALE_IMAGE',
  'REMOVE_BACKGROUND',
  'VECTORIZE_IMAGE',
  'DUB_VIDEO',
] as const;
const TIERS = ['FREE', 'PAYG', 'BASIC', 'STARTER', 'CREATOR', 'PRO'] as const;
const INTERVALS = ['HOUR', 'DAY', 'WEEK', 'MONTH'] as const;
const PRESETS = [
  { value: '1', label: 'Today' },
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
] as const;

const route = getRouteApi('/shell/profit');
const optionsOf = (values: readonly string[]) => values.map((value) => ({ value, label: wordsOf(value) }));

export function ProfitPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { zone } = useManner();
  // The page's own now: a range that moved while one looks would ask again and again.
  const [now] = useState(Date.now);
  const days = daysOf(search, now, zone);
  const interval = intervalOf(search, days);
  const { by = 'PROVIDER', provider, operation, tier } = search;
  const asked = usePageQuery(
    ProfitQuery,
    {
      range: rangeOf(days, zone),
      groupBy: [by],
      filter: {
        providers: provider ? [provider] : null,
        operations: operation ? [operation] : null,
        tiers: tier ? [tier] : null,
      },
      timeZone: zone,
      interval,
    },
    { refreshSeconds: 30 },
  );
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const isPreset = !(search.from && search.to);
  const report = asked.data?.profit;

  return (
    <Page
      title="Profit"
      note={`What burned credits earned, less what providers bill. Days are those of ${zone}.`}
      actions={
        <Button
          component="a"
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden="true" />}
          href={csvAddress(days, zone, {
            groupBy: by.toLowerCase(),
            providers: provider,
            operations: operation,
            tiers: tier,
          })}
          download
        >
          Download as CSV
        </Button>
      }
    >
      {asked.failure && <FailureNote failure={asked.failure} onRetry={asked.refresh} />}
      <Group align="flex-end" gap="sm">
        <SegmentedControl
          aria-label="Range"
          value={isPreset ? (search.days ?? '30') : ''}
          data={[...PRESETS]}
          onChange={(value) =>
            change({
              days: PRESETS.find((each) => each.value === value)?.value,
              from: undefined,
              to: undefined,
            })
          }
        />
        <TextInput
          label="From"
          type="date"
          value={days.from}
          max={days.to}
          onChange={(event) =>
            event.currentTarget.value && change({ from: event.currentTarget.value, to: days.to })
          }
        />
        <TextInput
          label="To"
          type="date"
          value={days.to}
          min={days.from}
          onChange={(event) =>
            event.currentTarget.value && change({ from: days.from, to: event.currentTarget.value })
          }
        />
        <Select
          label="By"
          w={150}
          data={optionsOf(DIMENSIONS)}
          value={by}
          allowDeselect={false}
          onChange={(value) => change({ by: DIMENSIONS.find((each) => each === value) })}
        />
        <Select
          label="Drawn by"
          w={120}
          data={optionsOf(INTERVALS)}
          value={interval}
          allowDeselect={false}
          onChange={(value) => change({ interval: INTERVALS.find((each) => each === value) })}
        />
        <Select
          label="Provider"
          w={150}
          placeholder="All"
          clearable
          clearButtonProps={{ 'aria-label': 'All providers' }}
          data={asked.data?.providers.map(({ name }) => name) ?? (provider ? [provider] : [])}
          value={provider ?? null}
          onChange={(value) => change({ provider: value ?? undefined })}
        />
        <Select
          label="Operation"
          w={180}
          placeholder="All"
          clearable
          clearButtonProps={{ 'aria-label': 'All operations' }}
          data={optionsOf(OPERATIONS)}
          value={operation ?? null}
          onChange={(value) => change({ operation: OPERATIONS.find((each) => each === value) })}
        />
        <Select
          label="Tier"
          w={120}
          placeholder="All"
          clearable
          clearButtonProps={{ 'aria-label': 'All tiers' }}
          data={optionsOf(TIERS)}
          value={tier ?? null}
          onChange={(value) => change({ tier: TIERS.find((each) => each === value) })}
        />
      </Group>
      <ProfitFigures report={report} />
      <Panel title="Over time">
        <ProfitChart points={report?.series} interval={interval} />
      </Panel>
      <Panel title={`By ${wordsOf(by).toLowerCase()}`} note="The dearest first" flush>
        <ProfitTable by={by} lines={report?.lines} totals={report?.totals} />
      </Panel>
    </Page>
  );
}
