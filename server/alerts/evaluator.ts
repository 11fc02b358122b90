/**
 * Looks at the books by the rules, soon after something was booked and from time to time.
 *
 * A look reads what is committed, without a lock, and mostly finds that all is as it was. When a rule would change an alert,
 * it looks again in the transaction that makes the change, while nobody else can make one: what is decided then is decided
 * by books at least as new as those of every decision before. So three processes that look at the same crossing open one
 * alert, and one that looked long ago resolves nothing that was opened since.
 *
 * What is signalled is gathered for 200 ms, however much it is: a busy process looks five times a second, an idle one never.
 * A process that dies before it has looked loses nothing: the sweep looks at all rules every five seconds, and at each hour
 * that has ended since the last sweep as it was in its last millisecond.
 */
import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { Log } from '../log.ts';
import { type Kept, keep } from './book.ts';
import { type Configured, readConfiguration } from './configuration.ts';
import { type LifeStep, plan } from './life.ts';
import { type Booked, RULES, type Rule, type Topic } from './rules/index.ts';
import * as statements from './statements.ts';
import type { AlertRecord, Observation } from './types.ts';

/** How long signals are gathered before the rules are looked at. */
const GATHER_MS = 200;
/** After a look that failed, since the database was away. */
const RETRY_MS = 1_000;
/** Accounts and generations that are remembered for the next look. What is beyond is left to the sweep. */
const MOST_BOOKED = 2_000;
const HOUR_MS = 3_600_000;
/** Hours that have ended and are looked at once more, at the most: two days without any process. */
const MOST_PAST_HOURS = 48;
/** What was booked at an instant may be committed a little later. */
const COMMIT_SLACK_MS = 30_000;

/** Looks at the rules for one process. */
export interface Evaluator {
  /** Something was committed: rules of this topic are looked at within 250 ms. Costs nothing. */
  signal(topic: Topic, booked?: Booked): void;
  /** Looks at what was signalled now, for tests; resolves when that has been looked at. */
  flush(): Promise<void>;
  /** Looks at all rules: as of now, and as of the end of each hour since `doneUpTo`. */
  sweep(doneUpTo: Date | null): Promise<void>;
  /** Takes no more signals, and waits for the look under way. */
  stop(): Promise<void>;
}

interface Round {
  readonly rules: readonly Rule[];
  readonly booked: Booked | null;
  readonly since: Date;
  /** The last instant of an hour that has ended; null: now. */
  readonly past: Date | null;
}

/** Makes the evaluator of one process. */
export function createEvaluator(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly onKept: (kept: Kept) => void;
}): Evaluator {
  const { database, clock, log, onKept } = options;
  let topics = new Set<Topic>();
  let accounts = new Set<string>();
  let generations = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let stopped = false;

  const observe = async (
    { rule, enabled, values }: Configured,
    round: Round,
    sql: Sql,
    now: Date,
  ): Promise<readonly Observation[]> =>
    enabled
      ? rule.observe({ sql, now, at: round.past ?? now, booked: round.booked, since: round.since }, values)
      : [];

  function planOf(
    configured: Configured,
    round: Round,
    now: Date,
    observations: readonly Observation[],
    known: readonly AlertRecord[],
  ): LifeStep[] {
    const { rule, enabled, values } = configured;
    return plan({
      now,
      // What nobody looks at any more has no cause either.
      rule: enabled ? rule : { ...rule, ends: 'with-cause' },
      clearAfterMs: enabled ? rule.clearAfterMs(values) : 0,
      observations,
      known: known.filter(({ kind }) => kind === rule.kind),
      // A look at an hour that has ended says what it was, and not what holds now.
      complete: round.past === null,
      newId,
    });
  }

  const keysOf = (rule: Rule, observations: readonly Observation[]) =>
    observations.map(({ subject, windowKey }) => ({ kind: rule.kind, subject, windowKey }));

  async function look(round: Round): Promise<void> {
    const now = clock.now();
    const configuration = await readConfiguration(database);
    const seen: { readonly configured: Configured; readonly observations: readonly Observation[] }[] = [];
    for (const { kind } of round.rules) {
      const configured = configuration.get(kind);
      if (!configured) continue;
      seen.push({ configured, observations: await observe(configured, round, database, now) });
    }
    const known = await statements.readKnown(
      database,
      round.rules.map(({ kind }) => kind),
      seen.flatMap(({ configured, observations }) => keysOf(configured.rule, observations)),
    );
    for (const { configured, observations } of seen) {
      if (planOf(configured, round, now, observations, known).length === 0) continue;
      const { rule } = configured;
      const kept = await keep(database, clock, async (sql, at) => {
        const again = await observe(configured, round, sql, at);
        return planOf(
          configured,
          round,
          at,
          again,
          await statements.readKnown(sql, [rule.kind], keysOf(rule, again)),
        );
      });
      onKept(kept);
    }
  }

  /** One after the other, so that a process does not race itself. */
  function enqueue(work: () => Promise<void>): Promise<void> {
    const done = looking.then(work);
    looking = done.catch(() => {});
    return done;
  }

  function gather(afterMs: number): void {
    if (timer !== undefined || stopped) return;
    timer = setTimeout(() => {
      evaluator.flush().catch((error: unknown) => {
        log.warn({ error }, 'The rules of the alerts could not be looked at; it is tried again.');
        gather(RETRY_MS);
      });
    }, afterMs);
    timer.unref();
  }

  const evaluator: Evaluator = {
    signal(topic, booked) {
      topics.add(topic);
      for (const id of booked?.accountIds ?? []) if (accounts.size < MOST_BOOKED) accounts.add(id);
      for (const id of booked?.generationIds ?? []) if (generations.size < MOST_BOOKED) generations.add(id);
      gather(GATHER_MS);
    },
    flush() {
      clearTimeout(timer);
      timer = undefined;
      return enqueue(async () => {
        const due = topics;
        const booked = { accountIds: [...accounts], generationIds: [...generations] };
        topics = new Set();
        accounts = new Set();
        generations = new Set();
        if (due.size === 0) return;
        const rules = RULES.filter((rule) => rule.topics.some((topic) => due.has(topic)));
        try {
          await look({ rules, booked, since: clock.now(), past: null });
        } catch (error) {
          for (const topic of due) topics.add(topic);
          throw error;
        }
      });
    },
    sweep(doneUpTo) {
      return enqueue(async () => {
        const now = clock.now();
        const since = new Date((doneUpTo?.getTime() ?? now.getTime() - HOUR_MS) - COMMIT_SLACK_MS);
        const windowed = RULES.filter((rule) => rule.windowed);
        for (const end of hoursEnded(doneUpTo ? since : now, now)) {
          await look({ rules: windowed, booked: null, since, past: new Date(end - 1) });
        }
        await look({ rules: RULES, booked: null, since, past: null });
      });
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
  return evaluator;
}

/** The ends of the hours of UTC that have ended after one instant and by another, in Unix milliseconds. */
function hoursEnded(after: Date, by: Date): number[] {
  const last = Math.floor(by.getTime() / HOUR_MS);
  const first = Math.max(Math.floor(after.getTime() / HOUR_MS) + 1, last - MOST_PAST_HOURS + 1);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * HOUR_MS);
}
