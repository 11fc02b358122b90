/** The door of the export room: reports and booked lines as CSV, in pieces that are made as they are read. */
import type { Database } from '../database/index.ts';
import type { FieldError, Profit } from '../profit/index.ts';
import { attemptsCsv, type EncodeId } from './attempts.ts';
import { profitCsv } from './profit.ts';
import type { Asked } from './question.ts';

export type { EncodeId } from './attempts.ts';
export { MOMENT_HINT, readMoment } from './moments.ts';
export { type Asked, PARAMETERS, type Parameter, readQuestion } from './question.ts';

/** Each has a connection of its own for as long as its reader takes. */
const MOST_AT_ONCE = 4;

/** What can be exported. */
export type ExportKind = 'profit' | 'attempts';

export type ExportOutcome =
  /** Pieces of the file; the first of them is there already, so that what could go wrong at once has not. */
  | { readonly status: 'csv'; readonly pieces: AsyncIterable<string> }
  | { readonly status: 'invalid'; readonly fields: readonly FieldError[] }
  /** As many exports as there may be are under way in this process. */
  | { readonly status: 'busy' };

/** The export room. */
export interface Exports {
  /**
   * Begins an export. Whoever reads the pieces to their end, or stops, ends what it has opened; so does the signal.
   *
   * @param encodeId how ids look outside.
   */
  begin(kind: ExportKind, asked: Asked, encodeId: EncodeId, signal: AbortSignal): Promise<ExportOutcome>;
}

/** Makes the export room. Its functions throw what the database throws. */
export function createExports(options: { database: Database; profit: Profit }): Exports {
  const { database, profit } = options;
  let underWay = 0;

  return {
    async begin(kind, asked, encodeId, signal) {
      if (underWay >= MOST_AT_ONCE) return { status: 'busy' };
      underWay += 1;
      const made =
        kind === 'attempts'
          ? attemptsCsv(database, asked.question, encodeId, signal)
          : profitCsv(database, profit, asked, encodeId);
      let first: Awaited<ReturnType<typeof made.next>>;
      try {
        first = await made.next();
      } catch (error) {
        underWay -= 1;
        throw error;
      }
      if (first.done) {
        underWay -= 1;
        return { status: 'invalid', fields: first.value?.fields ?? [] };
      }
      const beginning = first.value;
      async function* pieces() {
        try {
          yield beginning;
          for (;;) {
            const next = await made.next();
            if (!next.done) yield next.value;
            else if (next.value) throw new Error(`An export broke off: ${next.value.fields[0]?.message}`);
            else return;
          }
        } finally {
          underWay -= 1;
          await made.return(undefined);
        }
      }
      return { status: 'csv', pieces: pieces() };
    },
  };
}
