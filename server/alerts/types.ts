/** What the alerts' room speaks of. */

/** Every kind of alert, in the order in which lists show them. */
export const ALERT_KINDS = [
  'BUDGET_WARNING',
  'EMERGENCY_SHUTDOWN',
  'MARGIN_LOW',
  'COST_SPIKE',
  'FREE_TIER_COST',
  'UNUSUAL_USAGE',
  'COST_ABOVE_HOLD',
  'PROVIDER_DOWN',
  'PAYMENT_DISPUTE',
  'RESERVATION_ORPHANED',
  'MODEL_RETIRING',
  'BILL_MISMATCH',
  'LOW_BALANCE',
] as const;

export type AlertKind = (typeof ALERT_KINDS)[number];

/** From the least to the worst. */
export const SEVERITIES = ['INFO', 'WARNING', 'CRITICAL'] as const;

export type AlertSeverity = (typeof SEVERITIES)[number];

/** Whether one severity is worse than another. */
export function isWorse(severity: AlertSeverity, than: AlertSeverity): boolean {
  return SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(than);
}

export type AlertState = 'OPEN' | 'ACKNOWLEDGED' | 'RESOLVED';

export type AlertChangeKind = 'OPENED' | 'WORSENED' | 'ACKNOWLEDGED' | 'RESOLVED' | 'REOPENED';

/** Who does what no operator does. */
export const SYSTEM = 'system';

/** An alert as it stands, or as it stood after a change. */
export interface AlertRecord {
  readonly id: string;
  /** Of its newest change, or of the change after which it stood so. */
  readonly sequence: number;
  readonly kind: AlertKind;
  /** The worst that it has been. */
  readonly severity: AlertSeverity;
  readonly state: AlertState;
  /** Empty where the whole site is meant. */
  readonly subject: string;
  readonly windowKey: string;
  /** When it is over whatever holds then; null when it ends with its cause only. */
  readonly windowEndsAt: Date | null;
  readonly title: string;
  readonly detail: string;
  readonly openedAt: Date;
  readonly acknowledgedAt: Date | null;
  readonly acknowledgedBy: string | null;
  readonly resolvedAt: Date | null;
  readonly resolvedBy: string | null;
  /** Since when its cause has not been seen, while it is waited whether it comes back. */
  readonly clearSince: Date | null;
}

/** One change of an alert. Numbers rise by one, without a gap. */
export interface AlertChange {
  readonly sequence: number;
  readonly change: AlertChangeKind;
  readonly at: Date;
  /** `system`, or who the operator is. */
  readonly by: string;
  readonly reason: string | null;
  /** As it was after the change. */
  readonly alert: AlertRecord;
}

/** How many alerts are not over. */
export interface Unanswered {
  /** That nobody has said that they know of. */
  readonly open: number;
  /** Of those, the critical ones. */
  readonly critical: number;
  readonly acknowledged: number;
  /** Of the newest change that is counted. */
  readonly sequence: number;
}

/** By what an alert is one and the same: of each there is at most one. */
export interface AlertKey {
  readonly subject: string;
  readonly windowKey: string;
}

/** What a rule has seen that should be an alert. */
export interface Firing extends AlertKey {
  readonly severity: AlertSeverity;
  readonly windowEndsAt: Date | null;
  /** One sentence without a full stop. */
  readonly title: string;
  /** The figures, in sentences. */
  readonly detail: string;
}

/** What a rule has seen that opens no alert, and is too near to its threshold to resolve one. */
export interface Holding extends AlertKey {
  readonly severity: null;
}

/** What a rule sees of one subject and window. What it does not mention is clear. */
export type Observation = Firing | Holding;

/** Something that another room has seen. */
export interface Raise {
  readonly kind: AlertKind;
  /** What it is about, as people know it; left out: the whole site. */
  readonly subject?: string | undefined;
  /** Tells one time from the next: of each there is one alert. Left out: there is ever only one. */
  readonly window?: string | undefined;
  /** When it is over by itself; left out: when it is settled. */
  readonly windowEndsAt?: Date | undefined;
  /** Or how bad it is by what is set of its rule. */
  readonly severity: AlertSeverity | ((values: Readonly<Record<string, unknown>>) => AlertSeverity);
  /** One sentence without a full stop. */
  readonly title: string;
  /** The figures, in sentences. */
  readonly detail: string;
}
