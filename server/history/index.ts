/** The door of the history room: brings in the calls of before, which another system made. README.md has the formats. */
import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/index.ts';
import { newId } from '../ids.ts';
import { type Micros, margin } from '../money.ts';
import { TableError } from '../tables/index.ts';
import { BATCH_ROWS, type Rejection, Run, type Tally } from './run.ts';
import { type Opened, openOldDatabase, openText, type Stated, type TextLayout } from './sources.ts';
import * as statements from './statements.ts';

export { OPTIONAL, REQUIRED } from './columns.ts';
export {
  createImports,
  type ImportProblem,
  type Imports,
  MOST_PART_BYTES,
  type Received,
  type ToldReject,
} from './imports/index.ts';
export { REJECT_HEADER, rejectLine } from './reject-line.ts';
export type { Rejection, Tally } from './run.ts';
export type { Stated, TextLayout } from './sources.ts';

/** What is imported. */
export type HistorySource =
  | {
      readonly kind: 'text';
      /** CSV, JSON or a dump as SQL; UTF-8. */
      readonly bytes: AsyncIterable<Uint8Array>;
      /** Null tells it by the file: dumps as SQL have the old layout, all else ours. */
      readonly layout: TextLayout | null;
    }
  | { readonly kind: 'sqlite'; readonly path: string };

/** How it is imported. */
export interface ImportOptions {
  /** Checks everything, tells what would be, and changes nothing. */
  readonly dryRun: boolean;
  /** Who does it, for the audit log. */
  readonly actor: string;
  /** Gets each row that is not imported, in no strict order. */
  readonly onRejected?: (rejection: Rejection) => Promise<void> | void;
  /** How many rows earlier runs over the same file have booked: they are among those that are new. None when left out. */
  readonly addedBefore?: number;
  /** Runs in the transaction of each batch that is booked, with how many rows are new. What it throws undoes the batch. */
  readonly withinBatch?: (sql: Sql, added: number) => Promise<void>;
  /** Rows booked in one transaction, at the least; 25,000 when left out. For tests. */
  readonly batchRows?: number;
  /** Gets the figures so far, often. What it throws ends the import after the batch that is being booked. */
  readonly onProgress?: (tally: Readonly<Tally>) => void;
}

/** What an import came to. */
export interface ImportSummary extends Readonly<Tally> {
  readonly dryRun: boolean;
  /** revenue − cost. */
  readonly profitMicros: Micros;
  /** Null without revenue. */
  readonly margin: number | null;
  /** The sums that the old system's own `hourly_stats` has. */
  readonly stated: Stated | null;
}

export type ImportOutcome =
  | { readonly status: 'done'; readonly summary: ImportSummary }
  /** The file cannot be read, or not to its end; what stands before that place is imported. */
  | { readonly status: 'unreadable'; readonly message: string; readonly summary: ImportSummary }
  /** Another import is under way. */
  | { readonly status: 'busy'; readonly message: string };

/** The history room. */
export interface History {
  /**
   * Imports calls of before. Each is booked once, whatever is done twice or killed. Throws what the database throws.
   */
  import(source: HistorySource, options: ImportOptions): Promise<ImportOutcome>;
}

/** Makes the history room. */
export function createHistory(options: { database: Database; clock: Clock }): History {
  const { database, clock } = options;
  // On the embedded database the lock of one connection is everybody's.
  let underWay = false;
  const busy: ImportOutcome = { status: 'busy', message: 'Another import is under way: wait for its end.' };

  return {
    async import(source, options) {
      const { dryRun, actor, addedBefore = 0, batchRows = BATCH_ROWS } = options;
      const { onRejected = () => {}, onProgress = () => {}, withinBatch = async () => {} } = options;
      if (underWay) return busy;
      underWay = true;
      try {
        return await database.session(async (session) => {
          if (!(await statements.takeLock(session))) return busy;
          const run = new Run(session, {
            now: clock.now(),
            dryRun,
            onRejected,
            onProgress,
            withinBatch,
            batchRows,
          });
          let opened: Opened | null = null;
          const summary = (): ImportSummary => ({
            ...run.tally,
            added: run.tally.added + addedBefore,
            present: Math.max(run.tally.present - addedBefore, 0),
            dryRun,
            profitMicros: run.tally.revenueMicros - run.tally.costMicros,
            margin: margin(run.tally.revenueMicros, run.tally.costMicros),
            stated: opened?.stated ?? null,
          });
          const record = async () => {
            const { rows, added, present, rejected } = summary();
            if (dryRun || added === 0) return;
            await statements.recordImport(session, clock.now(), newId(), actor, {
              rows: String(rows),
              added: String(added),
              present: String(present),
              rejected: String(rejected),
            });
          };
          try {
            await statements.open(session);
            opened =
              source.kind === 'text'
                ? await openText(source.bytes, source.layout)
                : await openOldDatabase(source.path);
            await run.import(opened);
            await record();
            return { status: 'done', summary: summary() };
          } catch (error) {
            if (!(error instanceof TableError)) throw error;
            await record();
            return { status: 'unreadable', message: error.message, summary: summary() };
          } finally {
            await opened?.close();
            // A connection that broke has let go of it.
            await statements.releaseLock(session).catch(() => {});
          }
        });
      } finally {
        underWay = false;
      }
    },
  };
}
