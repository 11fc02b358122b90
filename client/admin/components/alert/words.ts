/** What alerts are called for people, and by which tone each is shown. */
import type { Tone } from '../../../ui/State.tsx';
import type { AlertChangeKind, AlertKind, AlertSeverity, AlertState } from '../../gql/graphql.ts';

export const SEVERITIES: Readonly<Record<AlertSeverity, readonly [Tone, string]>> = {
  CRITICAL: ['bad', 'Critical'],
  WARNING: ['warning', 'Warning'],
  INFO: ['quiet', 'Info'],
};

export const STATES: Readonly<Record<AlertState, readonly [Tone, string]>> = {
  OPEN: ['warning', 'Open'],
  ACKNOWLEDGED: ['busy', 'Known'],
  RESOLVED: ['good', 'Over'],
};

export const CHANGES: Readonly<Record<AlertChangeKind, readonly [Tone, string]>> = {
  OPENED: ['warning', 'Opened'],
  WORSENED: ['bad', 'Got worse'],
  ACKNOWLEDGED: ['busy', 'Acknowledged'],
  RESOLVED: ['good', 'Over'],
  REOPENED: ['bad', 'Opened again'],
};

/** Every rule, by the kind of its alerts, in the order in which lists show them. */
export const KINDS: Readonly<Record<AlertKind, string>> = {
  BUDGET_WARNING: 'Budget filling up',
  EMERGENCY_SHUTDOWN: 'Paid calls stopped',
  MARGIN_LOW: 'Low margin',
  COST_SPIKE: 'Cost spike',
  FREE_TIER_COST: 'Cost of the free tier',
  UNUSUAL_USAGE: 'Unusual usage of a user',
  COST_ABOVE_HOLD: 'Cost above its ceiling',
  PROVIDER_DOWN: 'Provider down',
  PAYMENT_DISPUTE: 'Payment disputed',
  RESERVATION_ORPHANED: 'Reservations left alone',
  MODEL_RETIRING: 'Model retiring',
  BILL_MISMATCH: 'Bill unlike the books',
  LOW_BALANCE: 'Low balance of a user',
};

/** The kinds, for readers of search parameters and for choices. */
export const ALL_KINDS = Object.keys(KINDS) as readonly AlertKind[];

export const KIND_CHOICES = ALL_KINDS.map((value) => ({ value, label: KINDS[value] }));

export const SEVERITY_CHOICES: readonly { value: AlertSeverity; label: string }[] = [
  { value: 'INFO', label: 'Info and worse' },
  { value: 'WARNING', label: 'Warning and worse' },
  { value: 'CRITICAL', label: 'Critical only' },
];

/** A sentence of the API as a label. */
export const withoutStop = (sentence: string): string => sentence.replace(/\.$/, '');
