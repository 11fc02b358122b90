/** The door of the export room: reports, booked lines and the books as CSV, in pieces that are made as they are read. */
import type { Database } from '../database/index.ts';
import type { FieldError, Profit } from '../profit/index.ts';
import { attemptsCsv, type EncodeId } from './attempts.ts';
import { booksCsv } from './books.ts';
import { profitCsv } from './profit.ts';
import type { Asked } from './question.ts';

export type { EncodeId } from './attempts.ts';
export { MOMENT_HINT, readMoment } from './moments.ts';
export { type Asked, PARAMETERS, type Parameter, readQuestion } from './question.ts';

/** Each has a connection of its own for as long as its reader takes. */
const MOST_AT_ONCE = 4;

/** What can be exported. */
export type ExportKind = 'profit' | 'attempts' | 'books';

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

  function make(kind: ExportKind, asked: Asked, encodeId: EncodeId, signal: AbortSignal) {
    switch (kind) {
      case 'attempts':
        return attemptsCsv(database, asked.question, encodeId, signal);
      case 'profit':
        return profitCsv(database, profit, asked, encodeId);
      case 'books':
        return booksCsv(database, asked);
    }
  }

  return {
    async begin(kind, asked, encodeId, signal) {
      if (underWay >= MOST_AT_ONCE) return { status: 'busy' };
      underWay += 1;
      const made = make(kind, asked, encodeId, signal);
      let over = false;
      const end = async () => {
        if (over) return;
        over = true;
        underWay -= 1;
        await made.return(undefined);
      };
      try {
        let next = await made.next();
        if (next.done) {
          await end();
          return { status: 'invalid', fields: next.value?.fields ?? [] };
        }
        let isFirst = true;
        // No generator: one whose reader goes away before the first piece would never get to its end.
        const iterator: AsyncIterator<string> = {
          async next() {
            try {
              if (!isFirst) next = await made.next();
              isFirst = false;
              if (!next.done) return next;
              if (next.value) throw new Error(`An export broke off: ${next.value.fields[0]?.message}`);
            } catch (error) {
              await end();
              throw error;
            }
            await end();
            return { done: true, value: undefined };
          },
          async return() {
            await end();
            return { done: true, value: undefined };
          },
        };
        return { status: 'csv', pieces: { [Symbol.asyncIterator]: () => iterator } };
      } catch (error) {
        await end();
        throw error;
      }
    },
  };
}
