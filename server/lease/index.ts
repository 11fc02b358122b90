/**
 * The door of the lease room: what is done from time to time, by one process at a time.
 *
 * Every process asks for the task's lease every few seconds. Who has it keeps it as long as it goes on asking, and renews it
 * while a round takes long; it does a round whenever one is due, by when the last one that succeeded began, whoever did that.
 * When it stops, it lets go; when it dies, another has the lease once its time is over, within half a minute however seldom
 * the task is done. So a lease spares work, and is no lock: a process that was away for longer than the lease (stopped by its
 * machine, say) may still be at its round when the next one begins. What a round does has to be right when two do it at once.
 *
 * Leases go by the processes' own clocks, which must agree to within a few seconds, as for the hearts of the ledger.
 */
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { Log } from '../log.ts';
import * as statements from './statements.ts';

/** What is to be done from time to time. */
export interface PeriodicOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the task; processes that give the same name share it. */
  readonly name: string;
  /** From one round to the next, in milliseconds. */
  readonly everyMs: number;
  /**
   * One round. One that throws is logged, and done again at the next turn, a few seconds later.
   *
   * @param doneUpTo when the last round that succeeded began, in whichever process; null before the first.
   */
  readonly work: (doneUpTo: Date | null) => Promise<void>;
}

/** A task of all processes that one of them does. */
export interface Periodic {
  /** Asks for the lease now, and does a round when it is to be had. False when another process has it. */
  run(): Promise<boolean>;
  /** Asks for the lease now, and does a round when it is to be had and one is due. False when another process has it. */
  turn(): Promise<boolean>;
  /** Begins to take turns: one now, and then every few seconds. */
  start(): void;
  /** Waits for the round under way, and lets go of the lease. */
  stop(): Promise<void>;
}

/** The most between two turns, so that a task that is seldom done is soon taken over too. */
const MOST_TURN_MS = 10_000;
/** Beyond the time between two turns: for a busy machine. */
const SPARE_MS = 15_000;

/** Makes a task of this process. It does nothing before `start` or `run`. */
export function createPeriodic(options: PeriodicOptions): Periodic {
  const { database, clock, log, name, everyMs } = options;
  const holder = newId();
  const turnMs = Math.min(everyMs, MOST_TURN_MS);
  const leaseMs = turnMs + SPARE_MS;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<boolean> = Promise.resolve(false);
  let stopped = false;
  let held = false;

  const take = (now: Date) =>
    statements.take(database, { name, holder, now, until: new Date(now.getTime() + leaseMs) });

  /** What is done at every turn is due at every turn: a timer may be early by a little. */
  function isDue(now: Date, doneUpTo: Date | null): boolean {
    if (everyMs <= turnMs || doneUpTo === null) return true;
    // A clock that went back must not put off what is to be done.
    return doneUpTo > now || now.getTime() - doneUpTo.getTime() >= everyMs;
  }

  async function once(onlyWhenDue: boolean): Promise<boolean> {
    const now = clock.now();
    const lease = await take(now);
    held = lease !== null;
    if (!lease) return false;
    if (onlyWhenDue && !isDue(now, lease.doneUpTo)) return true;
    const renewal = setInterval(() => {
      take(clock.now()).catch((error: unknown) => log.warn({ name, error }, 'A lease could not be renewed.'));
    }, leaseMs / 3);
    try {
      await options.work(lease.doneUpTo);
      await statements.note(database, name, holder, now);
    } finally {
      clearInterval(renewal);
    }
    return true;
  }

  /** One after the other, whoever asks for them. */
  function next(onlyWhenDue: boolean): Promise<boolean> {
    round = round.catch(() => false).then(() => once(onlyWhenDue));
    return round;
  }

  const periodic: Periodic = {
    run: () => next(false),
    turn: () => next(true),
    start() {
      const again = async () => {
        await periodic
          .turn()
          .catch((error: unknown) => log.error({ name, error }, 'A periodic task failed; it is done again.'));
        if (!stopped) timer = setTimeout(again, turnMs);
      };
      void again();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await round.catch(() => {});
      if (!held) return;
      held = false;
      await statements.release(database, name, holder).catch((error: unknown) => {
        log.warn({ name, error }, 'A lease could not be let go; it ends by itself.');
      });
    },
  };
  return periodic;
}

/** Takes all leases away where one process has the database for itself: whoever held them before it has gone. */
export async function vacateLeases(database: Database): Promise<void> {
  if (database.kind === 'pglite') await statements.vacate(database);
}
