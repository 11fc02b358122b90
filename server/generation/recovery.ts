/**
 * Takes up what a crash has left behind. Each pending reservation that nobody answers for any more is adopted by one
 * process, and ends in one of three ways:
 *
 * - never sent: nothing can be billed; all credits go back;
 * - sent, and the vendor's job id is known: the vendor is asked, and its answer is booked as if nothing had happened;
 * - sent, and no job id: the customer has the credits back, and the attempt is booked as UNKNOWN at the most that it
 *   can have cost.
 */
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import type { Ledger, Orphan, SettleItem } from '../ledger/index.ts';
import type { Log } from '../log.ts';
import type { GenerationRequest, Providers, SubmitResult } from '../providers/index.ts';
import { type GenerationRecord, JOB_MAX_MS } from './index.ts';
import * as outcome from './outcome.ts';
import { poll } from './provider-call.ts';
import * as statements from './statements.ts';

/** What looks for reservations that nobody answers for, every few seconds. */
export interface Recovery {
  /** One round: says that this process lives, adopts orphans, expires grants. Returns how many it adopted. */
  sweep(): Promise<number>;
  /** Sweeps every few seconds until stopped. */
  start(): void;
  /** Stops, and waits for the round under way. */
  stop(): Promise<void>;
}

const SWEEP_MS = 5_000;
const MAX_ORPHANS = 100;

/** Makes the recovery of one process. It does nothing before `start` or `sweep`. */
export function createRecovery(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly providers: Providers;
  readonly conclude: (
    call: outcome.Call,
    result: Exclude<SubmitResult, { status: 'running' }>,
    storeMs: number,
  ) => Promise<SettleItem>;
  readonly finish: (record: GenerationRecord, item: SettleItem) => Promise<GenerationRecord>;
  readonly isRunningHere: (generationId: string) => boolean;
}): Recovery {
  const { database, clock, log, ledger, providers } = options;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<unknown> = Promise.resolve();
  const adopted = new Set<string>();

  async function resolve(orphan: Orphan): Promise<void> {
    const record = await statements.readGeneration(database, orphan.generationId);
    if (!record) throw new Error(`The reservation ${orphan.generationId} has no generation.`);
    const request = record.request as unknown as GenerationRequest;
    const call: outcome.Call = {
      generationId: orphan.generationId,
      provider: orphan.provider,
      model: orphan.model,
      credits: orphan.creditsReserved,
      count: request.count,
      costMicros: orphan.ceilingMicros,
      modelCostId: orphan.modelCostId,
      startedAt: orphan.sentAt ?? orphan.createdAt,
      jobId: orphan.jobId,
    };
    const provider = providers.serving(orphan.provider);
    let item: SettleItem;
    if (orphan.sentAt === null) {
      item = outcome.neverSent(call);
    } else if (orphan.jobId !== null && provider) {
      const first = { status: 'running', jobId: orphan.jobId, pollAfterMs: 0 } as const;
      const answer = await poll(provider, first, new AbortController().signal, JOB_MAX_MS);
      item = await options.conclude(call, answer, provider.timeoutMs);
    } else {
      item = outcome.lost(
        call,
        clock.now(),
        'EXPIRE',
        'The process that made the call ended before the answer was booked.',
      );
    }
    await options.finish(record, item);
    log.warn(
      { generationId: orphan.generationId, sent: orphan.sentAt !== null, jobId: orphan.jobId },
      'A reservation that nobody answered for has been resolved.',
    );
  }

  const recovery: Recovery = {
    async sweep() {
      await ledger.beat();
      const orphans = await ledger.adoptOrphans(MAX_ORPHANS);
      for (const orphan of orphans) {
        // A job may take minutes: it is followed beside the sweep, which has other orphans to look for.
        if (adopted.has(orphan.generationId) || options.isRunningHere(orphan.generationId)) continue;
        adopted.add(orphan.generationId);
        resolve(orphan)
          .catch((error: unknown) =>
            log.error(
              { generationId: orphan.generationId, error },
              'An orphan could not be resolved; it is tried again when its time is over.',
            ),
          )
          .finally(() => adopted.delete(orphan.generationId));
      }
      await ledger.expireGrants();
      return orphans.length;
    },
    start() {
      const next = () => {
        round = recovery
          .sweep()
          .then((count) => {
            // A full hand means that there are more.
            timer = setTimeout(next, count === MAX_ORPHANS ? 0 : SWEEP_MS);
          })
          .catch((error: unknown) => {
            log.error({ error }, 'A sweep failed.');
            timer = setTimeout(next, SWEEP_MS);
          });
      };
      next();
    },
    async stop() {
      await round;
      clearTimeout(timer);
    },
  };
  return recovery;
}
