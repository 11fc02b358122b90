/** The audit log: who changed what, when and why. */
import { Select } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { AuditTable } from '../../components/audit/AuditTable.tsx';
import { graphql } from '../../gql/index.ts';
import { useRows } from '../../graphql/hooks.ts';

const AuditQuery = graphql(`
  query Audit_PageQuery($action: String, $after: String) {
    auditLog(first: 50, after: $after, action: $action) {
      edges {
        node {
          id
          ...AuditTable_AuditLogEntryFragment
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

/** How actions begin. */
const KINDS = [
  { value: 'credits', label: 'Credits' },
  { value: 'budget', label: 'Budgets' },
  { value: 'service', label: 'The emergency switch' },
  { value: 'protection', label: 'Protection by budgets' },
  { value: 'api-key', label: 'API keys' },
  { value: 'admin', label: 'Admins' },
  { value: 'price', label: 'Prices' },
  { value: 'cost', label: 'Costs' },
  { value: 'plan', label: 'Plans' },
  { value: 'pack', label: 'Packs' },
  { value: 'output', label: 'Files' },
  { value: 'alert', label: 'Alerts: rules and channels' },
  { value: 'history', label: 'Imports' },
];

const route = getRouteApi('/shell/audit');

export function AuditPage() {
  const { action } = route.useSearch();
  const navigate = route.useNavigate();
  const entries = useRows(AuditQuery, { action }, (data) => data.auditLog, { refreshSeconds: 15 });
  return (
    <Page title="Audit log" note="Written once and never changed.">
      {entries.failure && <FailureNote failure={entries.failure} onRetry={entries.refresh} />}
      <Select
        label="What"
        placeholder="Everything"
        clearable
        clearButtonProps={{ 'aria-label': 'Everything' }}
        maw={300}
        data={KINDS}
        value={action ?? null}
        onChange={(value) => void navigate({ search: { action: value ?? undefined }, replace: true })}
      />
      <Panel title="The newest first" flush>
        <AuditTable entries={entries} />
      </Panel>
    </Page>
  );
}
