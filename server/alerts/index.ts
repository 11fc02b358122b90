/**
 * The door of the alerts' room: what an operator should know, told once for each kind, subject and window, and delivered.
 * README.md in this room is its specification.
 */
import type { Sql } from '../database/index.ts';
import { newId } from '../ids.ts';
import { createPeriodic, type Periodic } from '../lease/index.ts';
import type { LedgerObserver } from '../ledger/index.ts';
import type { Live } from '../live/index.ts';
import { type Kept, keep, keepWithin } from './book.ts';
import {
  type FieldProblem,
  type RuleInput,
  type RuleView,
  readConfiguration,
  readRuleViews,
  setRule,
} from './configuration.ts';
import { createDeliveries, type Deliveries, type DeliveryOptions } from './delivery/index.ts';
import { createEvaluator } from './evaluator.ts';
import { plan, resolved } from './life.ts';
import { type Booked, RULES, type Topic } from './rules/index.ts';
import * as statements from './statements.ts';
import {
  type AlertChange,
  type AlertKind,
  type AlertRecord,
  type Firing,
  type Raise,
  SYSTEM,
  type Unanswered,
} from './types.ts';

export type { FieldProblem, RuleInput, RuleView } from './configuration.ts';
export {
  type Channel,
  type ChannelInput,
  type ChannelKind,
  type ChannelProblem,
  type Deliveries,
  type DeliveryReason,
  type DeliveryState,
  type Due,
  MOST_ATTEMPTS,
  pauseAfter,
  type SavedChannel,
  shownTarget,
  timeOf,
} from './delivery/index.ts';
export { type Booked, orphansFound, type Topic } from './rules/index.ts';
export type { SettingUnit } from './settings.ts';
export type { AlertCounts } from './statements.ts';
export {
  ALERT_KINDS,
  type AlertChange,
  type AlertChangeKind,
  type AlertKind,
  type AlertRecord,
  type AlertSeverity,
  type AlertState,
  type Raise,
  SEVERITIES,
  type Unanswered,
} from './types.ts';

/** The most changes that are given at once. */
const MOST_CHANGES = 1_000;
const SWEEP_MS = 5_000;

/** What came of raising an alert: `off` when the rule is switched off. */
export interface Raised {
  readonly status: 'raised' | 'unchanged' | 'off';
}

/** The alerts of one process. Its functions throw what the database throws. */
export interface Alerts {
  /**
   * Opens an alert whose facts belong to the caller, or makes it worse. Called again with the same kind, subject and window
   * it changes nothing.
   *
   * @param sql a transaction of the caller's, so that there is neither the fact without the alert nor the alert without the
   *   fact. It holds the row that numbers alerts from then on, so raise last; and call {@link announce} when it is committed.
   */
  raise(raise: Raise, sql?: Sql): Promise<Raised>;
  /** Resolves alerts whose cause is gone: those of a kind and subject, of one window or of all. Gives how many. */
  settle(
    settled: {
      readonly kind: AlertKind;
      readonly subject?: string | undefined;
      readonly window?: string | undefined;
    },
    sql?: Sql,
  ): Promise<number>;
  /** Tells subscribers and channels of what was raised in transactions of callers. */
  announce(): Promise<void>;
  /** Keeps that an operator knows of it, and what they note. Null when there is no such alert; one that is not open stays as it is. */
  acknowledge(id: string, note: string | null, actor: string): Promise<AlertRecord | null>;
  /** Ends an alert by an operator's word. It stays resolved for its window unless it gets worse. Null: there is none. */
  resolve(id: string, reason: string | null, actor: string): Promise<AlertRecord | null>;
  /** The changes after a number, in their order and without a gap; at most 1,000. */
  changesAfter(sequence: number, limit: number): Promise<AlertChange[]>;
  /** The changes with these numbers, in their order. */
  changes(sequences: readonly number[]): Promise<AlertChange[]>;
  /** All changes of these alerts, in their order. */
  changesOf(alertIds: readonly string[]): Promise<AlertChange[]>;
  /** The number of the newest change; 0 before the first. */
  newestSequence(): Promise<number>;
  /** How many alerts are not over, as of one instant. */
  unanswered(): Promise<Unanswered>;
  /** Alerts that are not resolved by severity, and messages that wait or are dead. */
  counts(): Promise<statements.AlertCounts>;
  rules(): Promise<RuleView[]>;
  /** Sets a rule; it is looked at by it from the next look on, at the latest in five seconds. */
  setRule(
    input: RuleInput,
    actor: string,
  ): Promise<
    | { readonly status: 'set'; readonly rule: RuleView }
    | { readonly status: 'invalid'; readonly fields: readonly FieldProblem[] }
  >;
  readonly deliveries: Deliveries;
  /** Told by the ledger of what it has committed: rules look at it within 250 ms. Costs nothing. */
  readonly observer: LedgerObserver;
  /** The same of what others have committed. */
  signal(topic: Topic, booked?: Booked): void;
  /** Looks at what was signalled now. For tests. */
  flush(): Promise<void>;
  /** Looks at all rules, escalates, and puts again what was lost: by one process at a time. Begun by `start`. */
  readonly sweeps: Periodic;
  /** Begins to sweep, every five seconds. */
  start(): void;
  /** Ends looking and sweeping, and waits for messages under way. */
  stop(): Promise<void>;
}

/** What the alerts go by. */
export interface AlertOptions extends DeliveryOptions {
  readonly live: Live;
}

/** Makes the alerts of one process. Nothing is looked at before something is signalled, or `start`. */
export function createAlerts(options: AlertOptions): Alerts {
  const { database, clock, log, live } = options;
  const deliveries = createDeliveries(options);

  function publish(sequence: number): void {
    live.publish('alert', 'all', sequence);
    live.announce('alert', 'all');
  }
  function onKept({ sequence, due }: Kept): void {
    if (sequence !== null) publish(sequence);
    deliveries.wake(due);
  }
  const evaluator = createEvaluator({ database, clock, log, onKept });

  /** In the caller's transaction, or in one of its own; then whoever waits for it is told. */
  async function change(sql: Sql | undefined, decide: Parameters<typeof keep>[2]): Promise<Kept> {
    if (sql) return keepWithin(sql, clock, decide);
    const kept = await keep(database, clock, decide);
    onKept(kept);
    return kept;
  }

  const sweeps = createPeriodic({
    database,
    clock,
    log,
    name: 'alerts',
    everyMs: SWEEP_MS,
    async work(doneUpTo) {
      await evaluator.sweep(doneUpTo);
      await deliveries.sweep();
    },
  });

  /** Opens an alert, or makes it worse, unless its kind is switched off. */
  async function raise(given: Raise, sql?: Sql): Promise<Raised> {
    const {
      kind,
      subject = '',
      window: windowKey = '',
      windowEndsAt = null,
      severity,
      title,
      detail,
    } = given;
    const configured = (await readConfiguration(sql ?? database)).get(kind);
    if (!configured?.enabled) return { status: 'off' };
    const { rule, values } = configured;
    const observation: Firing = {
      subject,
      windowKey,
      windowEndsAt,
      severity: typeof severity === 'function' ? severity(values) : severity,
      title,
      detail,
    };
    const { sequence } = await change(sql, async (within, now) =>
      plan({
        now,
        rule,
        clearAfterMs: 0,
        observations: [observation],
        known: await statements.readKnown(within, [], [{ kind, ...observation }]),
        complete: false,
        newId,
      }),
    );
    return { status: sequence === null ? 'unchanged' : 'raised' };
  }

  /** Changes one alert by an operator's word, when `step` has something to say of it. */
  async function changeOne(
    id: string,
    step: (alert: AlertRecord, now: Date) => ReturnType<typeof resolved> | null,
  ): Promise<AlertRecord | null> {
    await change(undefined, async (sql, now) => {
      const alert = await statements.readAlert(sql, id);
      const taken = alert && step(alert, now);
      return taken ? [taken] : [];
    });
    return statements.readAlert(database, id);
  }

  return {
    raise,
    async settle({ kind, subject = '', window }, sql) {
      let count = 0;
      await change(sql, async (within, now) => {
        const over = (await statements.readKnown(within, [kind], [])).filter(
          (alert) => alert.subject === subject && (window === undefined || alert.windowKey === window),
        );
        count = over.length;
        return over.map((alert) => resolved(alert, now, SYSTEM, 'Its cause is gone.'));
      });
      return count;
    },
    async announce() {
      publish(await statements.readNewestSequence(database));
      await deliveries.sweep(0);
    },
    acknowledge: (id, note, actor) =>
      changeOne(id, (alert, now) =>
        alert.state === 'OPEN'
          ? {
              change: 'ACKNOWLEDGED',
              by: actor,
              reason: note,
              alert: { ...alert, state: 'ACKNOWLEDGED', acknowledgedAt: now, acknowledgedBy: actor },
            }
          : null,
      ),
    resolve: (id, reason, actor) =>
      changeOne(id, (alert, now) =>
        alert.state === 'RESOLVED' ? null : resolved(alert, now, actor, reason),
      ),
    changesAfter: (sequence, limit) =>
      statements.readChangesAfter(database, sequence, Math.min(Math.max(limit, 1), MOST_CHANGES)),
    changes: (sequences) => statements.readChanges(database, sequences),
    changesOf: (alertIds) => statements.readChangesOf(database, alertIds),
    newestSequence: () => statements.readNewestSequence(database),
    unanswered: () => statements.readUnanswered(database),
    counts: () => statements.countAlerts(database),
    rules: () => readRuleViews(database),
    async setRule(input, actor) {
      const set = await setRule(database, clock.now(), input, { actor, auditId: newId() });
      if (set.status === 'set') {
        const topics = RULES.find(({ kind }) => kind === input.kind)?.topics ?? [];
        for (const topic of topics.slice(0, 1)) evaluator.signal(topic);
      }
      return set;
    },
    deliveries,
    observer: {
      reserved: () => evaluator.signal('reserved'),
      settled: (items, outcomes) =>
        evaluator.signal('settled', {
          accountIds: outcomes.flatMap(({ accountId }) => accountId ?? []),
          generationIds: items.map(({ generationId }) => generationId),
        }),
      rerouted: () => evaluator.signal('reserved'),
    },
    signal: evaluator.signal,
    flush: evaluator.flush,
    sweeps,
    start: () => sweeps.start(),
    async stop() {
      await sweeps.stop();
      await evaluator.stop();
      await deliveries.stop();
    },
  };
}
