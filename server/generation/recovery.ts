/**
 * Takes up what a crash has left behind. Each pending reservation that nobody answers for any more is adopted by one
 * process, and goes on in one of four ways:
 *
 * - never sent, and the queue's to work off: put into the queue again, where it may still be;
 * - never sent, of another: nothing can be billed, and nobody waits for it any more; all credits go back;
 * - sent, and the vendor's job id is known: the job is asked after, as if nothing had happened;
 * - sent, and no job id: the customer has the credits back, and the attempt is booked as UNKNOWN at the most that it
 *   can have cost.
 */
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import type { Ledger, Orphan } from '../ledger/index.ts';
import type { Log } from '../log.ts';
import type { Queue } from '../queue/index.ts';
import * as outcome from './outcome.ts';
import { isQueued } from './record.ts';
import type { Runner } from './runner.ts';
import * as statements from './statements.ts';

/** What looks for reservations that nobody answers for, and says that this process answers for its own. */
export interface Recovery {
  /** Adopts all orphans that there are, and goes on with each. Returns how many. */
  sweep(): Promise<number>;
  /** Says every few seconds that this process lives, until stopped. */
  start(): void;
  /** Stops saying so. */
  stop(): Promise<void>;
}

const BEAT_MS = 5_000;
const MAX_ORPHANS = 100;

/** Makes the recovery of one process. It does nothing before `start` or `sweep`; one process at a time has to sweep. */
export function createRecovery(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly queue: Queue;
  readonly runner: Runner;
  readonly isRunningHere: (generationId: string) => boolean;
  /** Told of reservations that were adopted, before anything is done with them: should this process die, another adopts them. */
  readonly onOrphans?: ((count: number) => Promise<unknown>) | undefined;
}): Recovery {
  const { database, clock, log, ledger, queue, runner } = options;
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> = Promise.resolve();

  /** Ends the reservation of a call that nobody can go on with. */
  async function close({ generationId, sentAt }: Orphan): Promise<void> {
    const work = await statements.readWork(database, generationId);
    if (!work) throw new Error(`The reservation ${generationId} has no generation.`);
    const item =
      sentAt === null
        ? outcome.neverSent(work)
        : outcome.lost(
            work,
            clock.now(),
            'EXPIRE',
            'The process that made the call ended before the answer was booked.',
          );
    await runner.finish(work.record, item);
  }

  /** Adopts a hand of orphans. */
  async function adopt(): Promise<number> {
    const adopted = await ledger.adoptOrphans(MAX_ORPHANS);
    const orphans = adopted.filter(({ generationId }) => !options.isRunningHere(generationId));
    if (orphans.length > 0) {
      await options
        .onOrphans?.(orphans.length)
        .catch((error: unknown) =>
          log.error({ error }, 'That reservations were orphaned could not be told.'),
        );
    }
    const jobs = orphans.filter(({ jobId }) => jobId !== null);
    const waiting = orphans.filter(
      ({ jobId, sentAt, operation, priority }) =>
        jobId === null && sentAt === null && isQueued(operation, priority),
    );
    const idsOf = (list: readonly Orphan[]) => list.map(({ generationId }) => generationId);
    await queue.putAll('check', idsOf(jobs));
    // What cannot be sent together after all is handed on from there.
    const together = waiting.filter(({ priority, follows }) => priority === 'LOW' && !follows);
    await queue.putAll('batch', idsOf(together), 'LOW');
    await queue.putAll('submit', idsOf(waiting.filter((orphan) => !together.includes(orphan))));
    await Promise.all(
      orphans
        .filter((orphan) => !jobs.includes(orphan) && !waiting.includes(orphan))
        .map((orphan) =>
          close(orphan).catch((error: unknown) =>
            log.error(
              { generationId: orphan.generationId, error },
              'An orphan could not be resolved; it is tried again when its time is over.',
            ),
          ),
        ),
    );
    for (const { generationId, sentAt, jobId } of orphans) {
      log.warn(
        { generationId, sent: sentAt !== null, jobId },
        'A reservation that nobody answered for is taken up.',
      );
    }
    return adopted.length;
  }

  return {
    async sweep() {
      for (let adopted = 0; ; ) {
        const more = await adopt();
        adopted += more;
        // A full hand means that there are more.
        if (more < MAX_ORPHANS) return adopted;
      }
    },
    start() {
      const beat = () => {
        beating = ledger
          .beat()
          .catch((error: unknown) => log.error({ error }, 'That this process lives could not be said.'))
          .then(() => {
            timer = setTimeout(beat, BEAT_MS);
          });
      };
      beat();
    },
    async stop() {
      await beating;
      clearTimeout(timer);
    },
  };
}
