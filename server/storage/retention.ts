/**
 * The end of outputs and of their files.
 *
 * An output ends when it is revoked or when its time is over; from then on its link answers 410. Its file may be
 * needed by other outputs, since equal bytes are one file. It is deleted when no output needs it any more, and to know
 * that is the difficulty: a process stores a file first and writes the output some time later, so that a file may be
 * needed by an output that nobody can see yet. Worse, a process that has seen the file lately does not even look
 * whether it is there (known.ts). A look into the database followed by a deletion would lose such a file.
 *
 * So a file leaves in two steps, which `removal` keeps:
 *
 * 1. **Set aside.** No output in sight needs it: it is moved out of the way of `store`, and `open` still finds it.
 *    Whoever stores equal bytes from now on writes them anew, under the hash. Only who saw the file before that, at
 *    most `KNOWN_MS` (an hour) ago, may still count on what is set aside.
 * 2. **Deleted, or put back,** a day later. Everyone who counted on it has written an output by then, and it is put
 *    back if there is one that has not ended. The deletion touches what is set aside and nothing else, so that bytes
 *    which were stored anew meanwhile cannot be hit, whenever they come.
 *
 * After the second step the file is looked at once more: what was stored anew, and has ended as well, goes round again.
 *
 * What is assumed is that a call writes its outputs within `REMOVAL_DELAY_MS - KNOWN_MS` of having stored them; it takes
 * minutes. A crash between any two of these steps leaves the removal where it was: the step is taken again an hour
 * later, and each may be repeated. Sweeps may run in several processes: one claims a removal for an hour.
 */
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import * as statements from './statements.ts';
import { type Storage, StorageError } from './storage.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Between setting a file aside and deleting it, in milliseconds. Far more than `KNOWN_MS` and a call together. */
export const REMOVAL_DELAY_MS = DAY_MS;
/** How long a sweep has a removal for itself; also when one that failed is tried again. */
const CLAIM_MS = 60 * 60 * 1000;

/** What a sweep goes by. */
export interface SweepOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly storage: Storage;
  /** How long outputs are kept after their generation has ended; undefined: for ever, and only revoked ones leave. */
  readonly retentionDays: number | undefined;
  /** The most outputs that are ended, and the most steps of removals, in one sweep. */
  readonly limit: number;
}

/** What a sweep did. As long as it did `limit` of anything, there may be more to do. */
export interface Swept {
  /** Outputs whose time was over. */
  readonly expired: number;
  /** Files that were set aside. */
  readonly setAside: number;
  /** Files that were put back, since an output turned up that needs them. */
  readonly restored: number;
  /** Files that were deleted. */
  readonly deleted: number;
  /** Files that storage refused to move or delete, with its words for operators; tried again in an hour. */
  readonly failures: readonly { readonly sha256: string; readonly detail: string }[];
}

/**
 * Ends outputs whose time is over, and takes the next step with files that no output needs. To be called from time to
 * time, by one process or several.
 */
export async function sweepOutputs(options: SweepOptions): Promise<Swept> {
  const { database, clock, storage, retentionDays, limit } = options;
  const swept = { expired: 0, setAside: 0, restored: 0, deleted: 0 };
  const failures: { sha256: string; detail: string }[] = [];

  if (retentionDays !== undefined) {
    const now = clock.now();
    const until = new Date(now.getTime() - retentionDays * DAY_MS);
    swept.expired = await statements.expire(database, until, now, limit);
  }

  for (let steps = 0; steps < limit; steps += 1) {
    const now = clock.now();
    const removal = await statements.claimRemoval(database, now, new Date(now.getTime() + CLAIM_MS));
    if (!removal) break;
    try {
      const step = await takeStep(storage, removal);
      if (step !== null) swept[step] += 1;
      if (step === null) await statements.finishRemoval(database, removal, now);
      else if (step !== 'setAside') await statements.markNotAside(database, removal.sha256, now);
      else {
        // From the end of the move: until then somebody may have seen the file where it was.
        const moved = clock.now();
        const dueAt = new Date(moved.getTime() + REMOVAL_DELAY_MS);
        await statements.markSetAside(database, removal.sha256, moved, dueAt);
      }
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      failures.push({ sha256: removal.sha256, detail: error.detail });
    }
  }
  return { ...swept, failures };
}

/** Does with a file what its removal says. Null: nothing, since an output needs it or there is no such file. */
async function takeStep(
  storage: Storage,
  { sha256, setAsideAt, needed }: statements.RemovalRow,
): Promise<'setAside' | 'restored' | 'deleted' | null> {
  if (setAsideAt === null) return !needed && (await storage.setAside(sha256)) ? 'setAside' : null;
  if (needed) {
    await storage.restore(sha256);
    return 'restored';
  }
  await storage.remove(sha256);
  return 'deleted';
}
