/** Lines of the audit log. */
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { fromUnits } from '../../../ui/decimal.ts';
import { Empty } from '../../../ui/Empty.tsx';
import { PhoneLine } from '../../../ui/PhoneLine.tsx';
import { Code, Instant, Long, Nothing } from '../../../ui/values.tsx';
import type { AuditTable_AuditLogEntryFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import type { Rows } from '../../graphql/hooks.ts';
import { UserLink } from '../../links.tsx';

const AuditTable_AuditLogEntryFragment = graphql(`
  fragment AuditTable_AuditLogEntryFragment on AuditLogEntry {
    id
    at
    actorName
    action
    subject
    subjectName
    reason
    detail
  }
`);

type Entry = AuditTable_AuditLogEntryFragmentFragment;

/** Ids say nothing to people that the subject does not. */
const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** Money as the log keeps it. */
const MICROS = /^-?\d+$/;

/** What an action was about, in short: its detail without quotes and braces. */
function detailOf(detail: unknown): string | null {
  if (typeof detail !== 'object' || detail === null) return null;
  const parts = Object.entries(detail)
    .filter(([, value]) => value !== null && value !== '' && !ID.test(String(value)))
    .map(([name, value]) =>
      name.endsWith('Micros') && MICROS.test(String(value))
        ? `${name.slice(0, -'Micros'.length)}: $${fromUnits(BigInt(String(value)))}`
        : `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
    );
  return parts.length > 0 ? parts.join(', ') : null;
}

/** Whom or what an action was about: by name where it has one, and with a link to a user. */
function Subject({ subject, subjectName }: Pick<Entry, 'subject' | 'subjectName'>) {
  if (!subject) return <Nothing />;
  const name = subjectName ?? <Code short>{subject}</Code>;
  return subject.startsWith('acc_') ? <UserLink id={subject}>{name}</UserLink> : name;
}

const COLUMNS: readonly Column<Entry>[] = [
  { key: 'at', header: 'When', render: ({ at }) => <Instant value={at} style="second" /> },
  { key: 'actor', header: 'Who', wide: true, render: ({ actorName }) => actorName },
  {
    key: 'action',
    header: 'What',
    isRowHeader: true,
    render: ({ action, actorName, subjectName, reason }) => (
      <>
        <Code whole>{action}</Code>
        <PhoneLine>
          By {actorName}
          {subjectName && `, of ${subjectName}`}
          {reason && `: ${reason}`}
        </PhoneLine>
      </>
    ),
  },
  {
    key: 'subject',
    header: 'Of what',
    wide: true,
    render: (entry) => <Subject {...entry} />,
  },
  { key: 'reason', header: 'Why', wide: true, render: ({ reason }) => <Long>{reason}</Long> },
  { key: 'detail', header: 'Detail', wide: true, render: ({ detail }) => <Long>{detailOf(detail)}</Long> },
];

export function AuditTable({
  entries,
}: {
  readonly entries: Rows<FragmentType<typeof AuditTable_AuditLogEntryFragment>>;
}) {
  return (
    <DataTable
      label="Audit log"
      columns={COLUMNS}
      rows={readFragment(AuditTable_AuditLogEntryFragment, entries.data)}
      keyOf={({ id }) => id}
      more={entries.more}
      empty={
        <Empty title="Nothing of that kind was done">
          What admins, keys and budgets change is written down here.
        </Empty>
      }
    />
  );
}
