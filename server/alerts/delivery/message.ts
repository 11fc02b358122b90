/** What a message tells: changes of alerts, for programs and for people. */
import type { AlertChange } from '../types.ts';
import type { Claimed } from './statements.ts';

/** What is sent, whichever way. */
export interface Message {
  /** Stays the same at each try: a receiver knows by it what it has had. */
  readonly id: string;
  readonly reason: Claimed['reason'];
  readonly createdAt: Date;
  readonly changes: readonly AlertChange[];
}

/** What came of a try to send. */
export type Sent =
  | { readonly status: 'delivered' }
  | {
      readonly status: 'failed';
      /** For the operator: no secret, and no query of a URL. */
      readonly detail: string;
      /** True when there is no use in another try. */
      readonly final?: boolean;
      /** How long the receiver asks to be left alone, in milliseconds. */
      readonly retryAfterMs?: number | undefined;
    };

/** Sends a message to one channel. */
export type Send = (message: Message, channel: Claimed['channel']) => Promise<Sent>;

/** Lines that people read; what is beyond is counted. */
const MOST_LINES = 20;

/** An alert as programs get it: by the names of the schema. */
export function describe({ sequence, change, at, by, reason, alert }: AlertChange) {
  return {
    sequence,
    change,
    at,
    by,
    reason,
    alert: {
      id: `alt_${alert.id}`,
      sequence: alert.sequence,
      kind: alert.kind,
      severity: alert.severity,
      state: alert.state,
      title: alert.title,
      detail: alert.detail,
      subject: alert.subject === '' ? null : alert.subject,
      openedAt: alert.openedAt,
      acknowledgedAt: alert.acknowledgedAt,
      resolvedAt: alert.resolvedAt,
    },
  };
}

const VERBS: Readonly<Record<AlertChange['change'], string>> = {
  OPENED: '',
  WORSENED: 'Worse: ',
  REOPENED: 'Again: ',
  ACKNOWLEDGED: 'Acknowledged: ',
  RESOLVED: 'Resolved: ',
};

/** One line for each change, without formatting: a head such as `CRITICAL`, what it is, and the figures. */
export function linesOf(message: Message): { head: string; title: string; detail: string }[] {
  return message.changes.slice(0, MOST_LINES).map(({ change, alert, reason }) => ({
    head: change === 'RESOLVED' ? 'RESOLVED' : alert.severity,
    title: `${VERBS[change]}${alert.title}`,
    detail: change === 'RESOLVED' ? (reason ?? '') : alert.detail,
  }));
}

/** What is said above the lines; empty for ordinary changes. */
export function introductionOf({ reason, changes }: Message): string {
  if (reason === 'TEST') return 'This is a test of an alert channel of Solvent. Nothing has happened.';
  if (reason === 'ESCALATION') {
    return changes.length === 1
      ? 'Nobody has acknowledged this alert yet.'
      : 'Nobody has acknowledged these alerts yet.';
  }
  return '';
}

/** What is said below the lines when there are too many. */
export function remainderOf({ changes }: Message): string {
  const more = changes.length - MOST_LINES;
  return more > 0 ? `And ${more} more; see the alerts in Solvent.` : '';
}

/** One line for a list of e-mails. */
export function subjectOf(message: Message): string {
  if (message.reason === 'TEST') return 'Solvent: a test of an alert channel';
  const lines = linesOf(message);
  const worst = ['CRITICAL', 'WARNING', 'INFO', 'RESOLVED'].find((head) =>
    lines.some((line) => line.head === head),
  );
  const first = lines[0]?.title ?? 'alerts';
  const what =
    message.changes.length > 1 ? `${message.changes.length} changes of alerts, first: ${first}` : first;
  return `[${worst ?? 'INFO'}] ${message.reason === 'ESCALATION' ? 'Not acknowledged: ' : ''}${what}`;
}
