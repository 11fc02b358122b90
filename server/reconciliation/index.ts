/**
 * The door of the reconciliation room: puts what a vendor bills beside what was booked, and books the difference when an operator
 * says so. See README.md.
 */
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { newId } from '../ids.ts';
import { TableError } from '../tables/index.ts';
import { type BillProblem, readBill } from './bill.ts';
import {
  type BillMismatch,
  type Compared,
  compare,
  createNaming,
  type ModelNames,
  mismatchesOf,
} from './compare.ts';
import { type BillPart, layoutOf } from './layouts.ts';
import type { Adjustment, BookedBill, BookedBillsQuestion } from './statements.ts';
import * as statements from './statements.ts';

export type { BillProblem } from './bill.ts';
export type { BillMismatch, Compared, ModelNames } from './compare.ts';
export { BILL_PARTS, type BillPart } from './layouts.ts';
export type { Adjustment, BookedBill, BookedBillsQuestion } from './statements.ts';

const DAY_MS = 86_400_000;

/** A bill that is to be compared. */
export interface BillInput {
  /** Whose bill it is, as the catalogue names it. */
  readonly provider: string;
  /** CSV or JSON, UTF-8. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Names of columns that are none of the known ones. */
  readonly columns?: Readonly<Partial<Record<BillPart, string>>>;
  /** Which of our models a name on the bill stands for, where it does not say by itself. */
  readonly models?: ModelNames;
  /** Days of UTC that count, from <= day < to; those of the bill when left out. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

/** A bill beside the books. */
export interface Comparison {
  readonly provider: string;
  /** SHA-256 of the bill's file, in hex. */
  readonly billSha256: string;
  /** From the first day to just before the last. */
  readonly from: Date;
  readonly to: Date;
  readonly rows: number;
  readonly lines: readonly Compared[];
  /** Rows that cannot be read, and names that may be several models (line 0). A bill with any is not booked. */
  readonly problems: readonly BillProblem[];
  /** Lines that differ by a cent or more, for an alert of the kind BILL_MISMATCH. */
  readonly mismatches: readonly BillMismatch[];
}

export type CompareOutcome =
  | { readonly status: 'compared'; readonly comparison: Comparison }
  | { readonly status: 'unreadable'; readonly message: string };

export type BookOutcome =
  /** Adjustments that were booked now; none of what had been booked of this bill before. */
  | { readonly status: 'booked'; readonly adjustments: readonly Adjustment[] }
  | { readonly status: 'refused'; readonly message: string };

/** The reconciliation room. Its functions throw what the database throws. */
export interface Reconciliation {
  /** Compares; changes nothing. */
  compare(input: BillInput): Promise<CompareOutcome>;
  /**
   * Books, for each line of the bill, what it bills beyond the books, or less. What the bill does not have is left as it is. A
   * bill is booked once, however often it is handed in.
   *
   * @param reason 1 to 1000 characters, for the audit log.
   */
  book(comparison: Comparison, reason: string, actor: string): Promise<BookOutcome>;
  /** What was booked for days in from <= day < to, the newest first. */
  adjustments(from: Date, to: Date, limit: number): Promise<Adjustment[]>;
  /** Adjustments by their ids, in any order. */
  adjustmentsById(ids: readonly string[]): Promise<Adjustment[]>;
  /** Bills whose differences were booked. */
  bookedBills(question: BookedBillsQuestion): Promise<BookedBill[]>;
}

/** Makes the reconciliation room. */
export function createReconciliation(options: { database: Database; clock: Clock }): Reconciliation {
  const { database, clock } = options;
  return {
    async compare({ provider, bytes, columns = {}, models = new Map(), from, to }) {
      let bill: Awaited<ReturnType<typeof readBill>>;
      try {
        bill = await readBill(bytes, layoutOf(provider, columns));
      } catch (error) {
        if (!(error instanceof TableError)) throw error;
        return { status: 'unreadable', message: error.message };
      }
      const days = bill.lines.map(({ day }) => day.getTime());
      const [first, last] = days.reduce(
        ([low, high], day) => [Math.min(low, day), Math.max(high, day)],
        [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      );
      const begin = from ?? new Date(Number.isFinite(first) ? first : clock.now());
      const end = to ?? new Date(Number.isFinite(last) ? last + DAY_MS : clock.now());
      const counted = { ...bill, lines: bill.lines.filter(({ day }) => day >= begin && day < end) };
      if (counted.lines.length === 0 && bill.lines.length > 0) {
        // Nothing beside nothing would agree.
        const [since, until, earliest, latest] = [begin, end, new Date(first), new Date(last)].map((at) =>
          at.toISOString().slice(0, 10),
        );
        return {
          status: 'unreadable',
          message: `No row of the bill lies from ${since} to just before ${until}: it has days from ${earliest} to ${latest}.`,
        };
      }
      const known = await statements.knownModels(database, provider);
      const booked = await statements.bookedByDay(database, provider, begin, end);
      const { lines, problems } = compare(
        counted,
        booked,
        createNaming(provider, known, booked, models),
        known,
      );
      return {
        status: 'compared',
        comparison: {
          provider,
          billSha256: bill.sha256,
          from: begin,
          to: end,
          rows: bill.rows,
          lines,
          problems: [...bill.problems, ...problems],
          mismatches: mismatchesOf(provider, lines),
        },
      };
    },

    async book(comparison, reason, actor) {
      const { provider, billSha256, lines, problems } = comparison;
      const refuse = (message: string): BookOutcome => ({ status: 'refused', message });
      if (reason.trim() === '' || reason.length > 1_000)
        return refuse('Give a reason of 1 to 1000 characters: it is kept for good.');
      if (problems.length > 0)
        return refuse('The bill has rows that cannot be read: a part of a bill is not booked.');
      const toBook: statements.ToBook[] = [];
      for (const { day, model, operation, billedMicros, differenceMicros } of lines) {
        if (billedMicros === null || differenceMicros === 0n) continue;
        if (!operation) {
          return refuse(
            `Neither the catalogue nor the books know ${model}: say which of your models it stands for.`,
          );
        }
        toBook.push({ id: newId(), day, model, operation, billedMicros });
      }
      if (toBook.length === 0) return { status: 'booked', adjustments: [] };
      const bill = { sha256: billSha256, provider, reason: reason.trim(), actor };
      return { status: 'booked', adjustments: await statements.book(database, clock.now(), bill, toBook) };
    },

    adjustments: (from, to, limit) => statements.readAdjustments(database, from, to, limit),
    adjustmentsById: (ids) => statements.readAdjustmentsById(database, ids),
    bookedBills: (question) => statements.readBookedBills(database, question),
  };
}
