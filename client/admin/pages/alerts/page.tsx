/** All alerts, those that are not over first to be seen; live. */
import { Group, MultiSelect, SegmentedControl, Select } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Empty } from '../../../ui/Empty.tsx';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { useAlertChanges } from '../../components/alert/AlertFeed.tsx';
import { AlertTable } from '../../components/alert/AlertTable.tsx';
import { ALL_KINDS, KIND_CHOICES, SEVERITY_CHOICES } from '../../components/alert/words.ts';
import type { AlertState } from '../../gql/graphql.ts';
import { graphql } from '../../gql/index.ts';
import { useRows } from '../../graphql/hooks.ts';
import { ButtonLink } from '../../links.tsx';
import { SearchField } from '../../SearchField.tsx';

const AlertsQuery = graphql(`
  query Alerts_PageQuery(
    $isOver: Boolean
    $state: AlertState
    $minimumSeverity: AlertSeverity
    $kinds: [AlertKind!]
    $search: String
    $after: String
  ) {
    alerts(
      first: 50
      after: $after
      isOver: $isOver
      state: $state
      minimumSeverity: $minimumSeverity
      kinds: $kinds
      search: $search
    ) {
      edges {
        node {
          id
          ...AlertTable_AlertFragment
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const SHOWN = [
  { value: 'current', label: 'Not over' },
  { value: 'open', label: 'Open' },
  { value: 'known', label: 'Known' },
  { value: 'over', label: 'Over' },
  { value: 'all', label: 'All' },
] as const;

type Shown = (typeof SHOWN)[number]['value'];

/** What the API is asked for each of the choices. */
const FILTERS: Readonly<Record<Shown, { isOver?: boolean; state?: AlertState }>> = {
  current: { isOver: false },
  open: { state: 'OPEN' },
  known: { state: 'ACKNOWLEDGED' },
  over: { isOver: true },
  all: {},
};

const route = getRouteApi('/shell/alerts');

export function AlertsPage() {
  const { show, severity, rules, search } = route.useSearch();
  const navigate = route.useNavigate();
  const alerts = useRows(
    AlertsQuery,
    { ...FILTERS[show ?? 'current'], minimumSeverity: severity, kinds: rules && [...rules], search },
    (data) => data.alerts,
    { alsoOf: ['Alert'] },
  );
  useAlertChanges(alerts);
  const change = (next: Partial<ReturnType<typeof route.useSearch>>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const isFiltered = severity !== undefined || rules !== undefined || search !== undefined;
  return (
    <Page
      title="Alerts"
      note="What an operator should know: told once for each rule, subject and window, and over when its cause is gone."
      actions={
        <>
          <ButtonLink to="/alert-rules" variant="default">
            Rules
          </ButtonLink>
          <ButtonLink to="/alert-channels" variant="default">
            Channels
          </ButtonLink>
        </>
      }
    >
      {alerts.failure && <FailureNote failure={alerts.failure} onRetry={alerts.refresh} />}
      <SegmentedControl
        aria-label="Which"
        value={show ?? 'current'}
        onChange={(value) => change({ show: value === 'current' ? undefined : (value as typeof show) })}
        data={[...SHOWN]}
        style={{ alignSelf: 'start', maxWidth: '100%', overflowX: 'auto' }}
      />
      <Group align="end" gap="sm">
        <SearchField
          placeholder="A title, provider, model or user"
          value={search}
          onSearch={(text) => change({ search: text })}
        />
        <Select
          label="Severity"
          placeholder="Any"
          clearable
          clearButtonProps={{ 'aria-label': 'Any severity' }}
          w={200}
          data={[...SEVERITY_CHOICES]}
          value={severity ?? null}
          onChange={(value) =>
            change({ severity: SEVERITY_CHOICES.find((choice) => choice.value === value)?.value })
          }
        />
        <MultiSelect
          label="Rules"
          placeholder={rules ? undefined : 'All'}
          clearable
          clearButtonProps={{ 'aria-label': 'All rules' }}
          miw={240}
          maw={420}
          data={KIND_CHOICES}
          value={[...(rules ?? [])]}
          onChange={(values) => {
            const chosen = ALL_KINDS.filter((kind) => values.includes(kind));
            change({ rules: chosen.length > 0 ? chosen : undefined });
          }}
        />
      </Group>
      <Panel title="The newest first" flush>
        <AlertTable
          alerts={alerts.data}
          more={alerts.more}
          empty={
            isFiltered ? (
              <Empty title="No alert is like that">Choose less to filter by, or look at all of them.</Empty>
            ) : (
              <Empty title="Nothing to look at">
                Alerts show up here as they open, and go when their cause is gone.
              </Empty>
            )
          }
        />
      </Panel>
    </Page>
  );
}
