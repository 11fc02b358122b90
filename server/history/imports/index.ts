/**
 * Files of history that admins send from the pages: they arrive in parts, are looked at, and are imported when whoever sent
 * them says so. All of it outlives a process, and a connection that breaks.
 *
 * - UPLOADING: parts follow each other, each once; who was cut off asks how much is there and goes on. They lie in the
 *   database, so that whichever process works finds them. With the last one it is
 * - CHECKING: a step of the queue reads the file as a dry run. It becomes CHECKED, with all figures and all rejected rows; or
 *   FAILED, when it cannot be read to its end.
 * - CHECKED: waits for an admin.
 * - IMPORTING: a step of the queue books it. It becomes IMPORTED; or FAILED, and then what stands before the broken place is
 *   imported.
 *
 * A run that dies is begun again, by the queue or by the sweep: what is there is passed over, and how many rows were booked
 * is counted in the transactions that book them, so that the sum is right however often it died. Runs are numbered; one
 * that is over books nothing and says nothing. One that throws is begun again too, but not for ever: when five have thrown in one
 * process for a reason that does not pass, the import has FAILED.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../clock.ts';
import { type Database, isTransient, type Sql, storable } from '../../database/index.ts';
import { newId } from '../../ids.ts';
import { createPeriodic, type Periodic } from '../../lease/index.ts';
import type { Log } from '../../log.ts';
import type { Queue } from '../../queue/index.ts';
import { isSqlite } from '../../tables/index.ts';
import type { History, HistorySource } from '../index.ts';
import { REJECT_HEADER } from '../reject-line.ts';
import type { TextLayout } from '../sources.ts';
import { Report } from './report.ts';
import * as statements from './statements.ts';

export type { Arrived, ImportState, ToldReject } from './statements.ts';

/** The largest file that is taken in parts: 256 MiB, some two million rows. */
export const MOST_BYTES = 256 * 1024 ** 2;
/** The largest part. */
export const MOST_PART_BYTES = 4 * 1024 ** 2;

const LONGEST_NAME = 200;
const LONGEST_REASON = 300;
const LAYOUTS: readonly TextLayout[] = ['solvent', 'api_usage_logs'];

const SWEEP_MS = 10_000;
/** No run takes as long, so that a file which is older was left by a process that died. */
const LEFT_MS = 86_400_000;
/** After such a silence a run is thought dead. */
const SILENCE_MS = 30_000;
/** So often a run may throw, for another reason than that the database is away, before the import has failed. */
const MOST_DEFECTS = 5;
/** While another import is under way it is asked again so often. */
const BUSY_MS = 2_000;
/** A file that nobody has touched for so long goes, and so does what was said of it. */
const KEPT_MS = 30 * 86_400_000;

/** What is wrong with what an admin has said. */
export interface ImportProblem {
  readonly path: 'fileName' | 'bytes' | 'layout';
  readonly message: string;
}

/** What came of a part. */
export type Received =
  | { readonly status: 'received'; readonly arrived: statements.Arrived }
  /** It does not begin where the file ends so far; or all of it is there. */
  | { readonly status: 'elsewhere'; readonly arrived: statements.Arrived }
  /** It goes beyond the size that was said. */
  | { readonly status: 'too-much'; readonly arrived: statements.Arrived };

/** Files of history that admins send. Its functions throw what the database throws. */
export interface Imports {
  /** Announces a file. Gives its id, or what is wrong. */
  create(
    given: { readonly fileName: string; readonly bytes: number; readonly layout?: string | null | undefined },
    actor: string,
  ): Promise<
    | { readonly status: 'created'; readonly id: string }
    | { readonly status: 'invalid'; readonly fields: readonly ImportProblem[] }
  >;
  /** Takes the part of a file that begins there. Null: there is no such import. */
  receive(id: string, position: number, content: Uint8Array): Promise<Received | null>;
  /** Imports a file that was looked at. False when it is in another state. */
  allow(id: string): Promise<boolean>;
  /** Removes a file and what was said of it; what is booked stays. False when it is not there, or is being imported. */
  remove(id: string): Promise<boolean>;
  /** The first rows that were rejected, in the order of the file. */
  rejects(id: string, limit: number): Promise<statements.ToldReject[]>;
  /** A reject file, in pieces: our format, with what is wrong beside each row. */
  rejectFile(id: string, signal: AbortSignal): AsyncIterable<string>;
  /** Begins to look at files and to import them in this process. */
  work(): Promise<void>;
  /** Puts runs into the queue that have fallen silent, and removes what is old: by one process at a time. */
  readonly sweeps: Periodic;
  /** Ends runs under way after the batch that they are at. The next process goes on. */
  stop(): Promise<void>;
}

/** What imports go by. */
export interface ImportsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly queue: Queue;
  readonly history: History;
  /** Where a file is put together to be read. */
  readonly folder: string;
}

/** A run was told to stop, or another has begun. */
class RunOver extends Error {}

/** What went wrong, in a line. */
function sentence(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return storable(line.trim().slice(0, LONGEST_REASON) || 'an unknown error');
}

/** Makes the imports of one process. */
export function createImports(options: ImportsOptions): Imports {
  const { database, clock, log, queue, history, folder } = options;
  let stopping = false;
  const underWay = new Set<Promise<void>>();
  /** How many runs of an import have thrown in this process for a reason that does not pass by itself. */
  const defects = new Map<string, number>();

  /** Whether another run may do better than one that threw. */
  function mayRecover(id: string, error: unknown): boolean {
    if (isTransient(error)) return true;
    const count = (defects.get(id) ?? 0) + 1;
    defects.set(id, count);
    return count < MOST_DEFECTS;
  }

  /** Removes what a crash has left: of earlier runs of an import, which are over, and whatever nobody has been at for a day. */
  async function clear(id: string): Promise<void> {
    const before = Date.now() - LEFT_MS;
    for (const name of await readdir(folder)) {
      if (!name.startsWith('history-')) continue;
      const path = join(folder, name);
      // Another process may be at it too, and quicker.
      const found = await stat(path).catch(() => null);
      if (name.startsWith(`history-${id}-`) || (found && found.mtimeMs < before))
        await rm(path, { force: true });
    }
  }

  async function putTogether(id: string, path: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    await clear(id);
    await pipeline(Readable.from(statements.readParts(database, id)), createWriteStream(path));
  }

  async function openSource(
    path: string,
    layout: TextLayout | null,
    onRead: (bytes: number) => void,
  ): Promise<HistorySource> {
    if (await isSqlite(path)) return { kind: 'sqlite', path };
    async function* counted() {
      for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
        onRead(chunk.length);
        yield chunk;
      }
    }
    return { kind: 'text', bytes: counted(), layout };
  }

  /** One run of an import, from its beginning to its end. */
  async function run(id: string): Promise<void> {
    const begun = await statements.begin(database, clock.now(), id);
    if (!begun) return;
    const key = { id, run: begun.run };
    const isDry = begun.state === 'CHECKING';
    const path = join(folder, `history-${id}-${begun.run}`);
    const report = new Report({ database, clock, log, key, isDry });
    try {
      await putTogether(id, path);
      const outcome = await history.import(
        await openSource(path, begun.layout, (bytes) => report.read(bytes)),
        {
          dryRun: isDry,
          actor: begun.actor,
          addedBefore: begun.added,
          onRejected: (rejection) => report.reject(rejection),
          onProgress(tally) {
            report.progress(tally);
            if (stopping) throw new RunOver('The process stops.');
          },
          async withinBatch(sql: Sql, added) {
            if (!(await statements.countAdded(sql, key, added))) throw new RunOver('Another run has begun.');
          },
        },
      );
      if (outcome.status === 'busy') return await queue.put('import', id, BUSY_MS);
      await report.end(
        outcome.summary,
        outcome.status === 'unreadable'
          ? { state: 'FAILED', problem: outcome.message }
          : { state: isDry ? 'CHECKED' : 'IMPORTED', problem: null },
      );
      defects.delete(id);
    } catch (error) {
      if (!(error instanceof RunOver)) {
        if (mayRecover(id, error)) throw error;
        log.error({ id, error }, 'An import is given up: each of its runs came to the same end.');
        await report.fail(
          `It was tried ${MOST_DEFECTS} times, and each time this went wrong: ${sentence(error)}`,
        );
        defects.delete(id);
        return;
      }
      log.info({ id, why: error.message }, 'An import stopped between two batches; it goes on where it was.');
      if (stopping) await queue.put('import', id);
    } finally {
      await report.stop();
      await rm(path, { force: true });
    }
  }

  return {
    async create({ fileName, bytes, layout = null }, actor) {
      const name = fileName.trim();
      const known = LAYOUTS.find((each) => each === layout) ?? null;
      const fields: ImportProblem[] = [];
      if (name.length < 1 || name.length > LONGEST_NAME)
        fields.push({ path: 'fileName', message: `Give a name of 1 to ${LONGEST_NAME} characters.` });
      if (bytes < 1) fields.push({ path: 'bytes', message: 'The file is empty: give one with a row in it.' });
      if (bytes > MOST_BYTES)
        fields.push({
          path: 'bytes',
          message: `Give a file of at most ${MOST_BYTES / 1024 ** 2} MiB, or import it on the command line.`,
        });
      if (layout !== null && !known)
        fields.push({ path: 'layout', message: `Say ${LAYOUTS.join(' or ')}, or leave it out.` });
      if (fields.length > 0) return { status: 'invalid', fields };
      const id = newId();
      await statements.create(database, clock.now(), {
        id,
        fileName: name,
        layout: known,
        fileBytes: bytes,
        actor,
      });
      return { status: 'created', id };
    },
    async receive(id, position, content) {
      const received = await database.transaction(async (sql): Promise<Received | null> => {
        const arrived = await statements.lockArrived(sql, id);
        if (!arrived) return null;
        if (arrived.state !== 'UPLOADING' || position !== arrived.receivedBytes)
          return { status: 'elsewhere', arrived };
        if (position + content.length > arrived.fileBytes) return { status: 'too-much', arrived };
        return {
          status: 'received',
          arrived: await statements.addPart(sql, clock.now(), id, position, content),
        };
      });
      if (received?.status === 'received' && received.arrived.state === 'CHECKING')
        await queue.put('import', id);
      return received;
    },
    async allow(id) {
      const allowed = await statements.allow(database, clock.now(), id);
      if (allowed) await queue.put('import', id);
      return allowed;
    },
    remove: (id) => statements.remove(database, id),
    rejects: (id, limit) => statements.readRejects(database, id, limit),
    async *rejectFile(id, signal) {
      yield REJECT_HEADER;
      yield* statements.readRejectLines(database, id, signal);
    },
    work: () =>
      queue.workImports(async (id) => {
        const done = run(id);
        underWay.add(done);
        await done.finally(() => underWay.delete(done));
      }),
    sweeps: createPeriodic({
      database,
      clock,
      log,
      name: 'history-imports',
      everyMs: SWEEP_MS,
      async work() {
        const now = clock.now().getTime();
        for (const id of await statements.readSilent(database, new Date(now - SILENCE_MS)))
          await queue.put('import', id);
        for (const id of await statements.readForgotten(database, new Date(now - KEPT_MS)))
          await statements.remove(database, id);
      },
    }),
    async stop() {
      stopping = true;
      await Promise.allSettled(underWay);
    },
  };
}
