/**
 * The life of an alert, as a function of what stands and what is seen: no clock, no database.
 *
 * - *none*: a rule that sees its subject and window fire opens one. Becomes *open*.
 * - *open*, *acknowledged*: seen again at the same severity or a lower one, nothing changes. Seen at a worse one it is
 *   *open* again (WORSENED): what was acknowledged was less than that. Not seen any more, it is *resolved*: at once, or
 *   when its cause has not been seen for as long as its rule says; and at the latest when its window is over.
 * - *resolved*: for its window it stays so, whether its cause or an operator ended it, unless it is seen at a severity worse
 *   than it ever had: then it is *open* again (REOPENED). So each threshold is told of once a window, however often a
 *   figure goes up and down across it.
 *
 * What is between two thresholds (a holding observation) opens nothing and resolves nothing.
 */
import type { Rule } from './rules/index.ts';
import {
  type AlertChangeKind,
  type AlertRecord,
  type AlertState,
  type Firing,
  isWorse,
  type Observation,
  SYSTEM,
} from './types.ts';

/** What is to be kept of an alert: a change, with its number still to be given; or null for what nobody is told. */
export interface LifeStep {
  readonly change: AlertChangeKind | null;
  readonly by: string;
  readonly reason: string | null;
  /** As it will stand; its sequence is the one before. */
  readonly alert: AlertRecord;
}

/** What decides about the alerts of one rule. */
export interface Seen {
  readonly now: Date;
  readonly rule: Pick<Rule, 'kind' | 'ends' | 'continues'>;
  readonly clearAfterMs: number;
  readonly observations: readonly Observation[];
  /** Alerts of this kind: all that are not resolved, and those of the observations' keys. */
  readonly known: readonly AlertRecord[];
  /** Whether these are all that hold now: then what is not among them is clear. */
  readonly complete: boolean;
  readonly newId: () => string;
}

const isActive = (alert: AlertRecord) => alert.state !== 'RESOLVED';

const unanswered = {
  acknowledgedAt: null,
  acknowledgedBy: null,
  resolvedAt: null,
  resolvedBy: null,
} as const;

function opened(seen: Seen, firing: Firing, before: AlertRecord | null): LifeStep {
  const { severity, title, detail } = firing;
  const worse = { severity, title, detail, state: 'OPEN' as const, clearSince: null, ...unanswered };
  if (before === null) {
    const { subject, windowKey, windowEndsAt } = firing;
    const alert: AlertRecord = {
      id: seen.newId(),
      sequence: 0,
      kind: seen.rule.kind,
      subject,
      windowKey,
      windowEndsAt,
      openedAt: seen.now,
      ...worse,
    };
    return { change: 'OPENED', by: SYSTEM, reason: null, alert };
  }
  return isActive(before)
    ? { change: 'WORSENED', by: SYSTEM, reason: null, alert: { ...before, ...worse } }
    : { change: 'REOPENED', by: SYSTEM, reason: null, alert: { ...before, ...worse, openedAt: seen.now } };
}

/** Ends an alert. */
export function resolved(alert: AlertRecord, now: Date, by: string, reason: string | null): LifeStep {
  return {
    change: 'RESOLVED',
    by,
    reason,
    alert: {
      ...alert,
      state: 'RESOLVED' satisfies AlertState,
      resolvedAt: now,
      resolvedBy: by,
      clearSince: null,
    },
  };
}

/** What becomes of an alert that is not seen any more. */
function cleared(seen: Seen, alert: AlertRecord): LifeStep | null {
  const { now, clearAfterMs } = seen;
  if (alert.windowEndsAt !== null && alert.windowEndsAt <= now) {
    return resolved(alert, now, SYSTEM, 'Its window is over.');
  }
  if (seen.rule.ends === 'with-window' || !seen.complete) return null;
  const since = alert.clearSince ?? now;
  if (now.getTime() - since.getTime() >= clearAfterMs) {
    return resolved(alert, now, SYSTEM, 'Its cause is gone.');
  }
  return alert.clearSince
    ? null
    : { change: null, by: SYSTEM, reason: null, alert: { ...alert, clearSince: now } };
}

/** What is to be kept of a rule's alerts, given what it sees: first what ends, then what begins. Empty: all is as it was. */
export function plan(seen: Seen): LifeStep[] {
  const begun: LifeStep[] = [];
  const still = new Set<string>();
  for (const observation of seen.observations) {
    const { subject, windowKey, severity } = observation;
    const same = seen.known.filter((alert) => alert.subject === subject);
    const alert =
      (seen.rule.continues ? same.find(isActive) : undefined) ??
      same.find((known) => known.windowKey === windowKey) ??
      null;
    if (alert && isActive(alert)) still.add(alert.id);
    if (severity !== null && (alert === null || isWorse(severity, alert.severity))) {
      begun.push(opened(seen, observation, alert));
    } else if (alert?.clearSince) {
      begun.push({ change: null, by: SYSTEM, reason: null, alert: { ...alert, clearSince: null } });
    }
  }
  const ended = seen.known
    .filter((alert) => isActive(alert) && !still.has(alert.id))
    .flatMap((alert) => cleared(seen, alert) ?? []);
  return [...ended, ...begun];
}
