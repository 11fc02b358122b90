/**
 * The way of an import: rows are read and checked in batches, and each batch is booked in one transaction while the next is
 * read. Nothing that grows with the file is kept. Started again it finds what is there by its ids, so that it may be killed at
 * any time.
 */
import type { Session, Sql } from '../database/index.ts';
import type { Micros } from '../money.ts';
import { TableError, type TableRow } from '../tables/index.ts';
import { type Column, OPTIONAL, REQUIRED } from './columns.ts';
import { type Call, type Cells, readCall } from './read-row.ts';
import type { Opened, Part } from './sources.ts';
import * as statements from './statements.ts';

/** Rows booked in one transaction, unless it is said otherwise. */
export const BATCH_ROWS = 25_000;

/** A row that was not imported. */
export interface Rejection {
  /** Where in the file, counted from 1; of a SQLite file the row's number. */
  readonly line: number;
  /** What is wrong, and what would be right. */
  readonly problem: string;
  /** What the row says, by our columns; null when it is no row. */
  readonly cells: Readonly<Record<Column, string>> | null;
  /** The row as it stands; null when `cells` has all of it. */
  readonly text: string | null;
}

/** What an import made, so far or in all. */
export interface Tally {
  rows: number;
  added: number;
  /** Were there before, with the same figures. */
  present: number;
  rejected: number;
  /** Sums of the rows that are in the books now, or would be, as the file has them: those added and those present. */
  costMicros: Micros;
  revenueMicros: Micros;
}

/** What a run is told. */
export interface RunOptions {
  readonly now: Date;
  readonly dryRun: boolean;
  readonly onRejected: (rejection: Rejection) => Promise<void> | void;
  readonly onProgress: (tally: Readonly<Tally>) => void;
  readonly withinBatch: (sql: Sql, added: number) => Promise<void>;
  readonly batchRows: number;
}

const SPECIAL = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const copied = (text: string) => text.replace(SPECIAL, (character) => ESCAPES[character] ?? character);
const orNull = (text: string | null) => (text === null ? '\\N' : copied(text));

/** A call as COPY's text format has it, in the order of import_row's columns after `line`. */
function copyText(call: Call): string {
  return [
    copied(call.externalId),
    copied(call.provider),
    copied(call.model),
    call.operation,
    copied(call.account),
    call.tier ?? '\\N',
    orNull(call.country),
    orNull(call.plan),
    call.outcome,
    call.calls,
    call.costMicros,
    call.credits,
    call.revenueMicros,
    call.durationMs,
    call.createdAt.toISOString(),
  ].join('\t');
}

const CHANGED =
  'is in the books with other figures: what is booked never changes; leave the row out, or give it an id of its own';
const TWICE = 'stands in the file twice, with other figures: give each call an id of its own';

interface Accepted {
  readonly line: number;
  readonly call: Call;
  readonly cells: Cells;
}

/** Rows that are waiting to be booked together. */
class Batch {
  readonly #byId = new Map<string, { readonly text: string; readonly accepted: Accepted }>();
  #repeated: Accepted[] = [];

  get rows(): number {
    return this.#byId.size + this.#repeated.length;
  }

  /** False when another row of the batch has the same id and other figures. */
  add(accepted: Accepted): boolean {
    const text = copyText(accepted.call);
    const before = this.#byId.get(accepted.call.externalId);
    if (!before) this.#byId.set(accepted.call.externalId, { text, accepted });
    else if (before.text === text) this.#repeated.push(accepted);
    else return false;
    return true;
  }

  get text(): string {
    let text = '';
    for (const each of this.#byId.values()) text += `${each.accepted.line}\t${each.text}\n`;
    return text;
  }

  get first(): Iterable<Accepted> {
    return [...this.#byId.values()].map(({ accepted }) => accepted);
  }

  get repeated(): readonly Accepted[] {
    return this.#repeated;
  }
}

const cellsOf = (cells: Cells) =>
  Object.fromEntries([...REQUIRED, ...OPTIONAL].map((column) => [column, cells(column) ?? ''])) as Record<
    Column,
    string
  >;

/** One import under way. */
export class Run {
  readonly #session: Session;
  readonly #options: RunOptions;
  readonly tally: Tally = { rows: 0, added: 0, present: 0, rejected: 0, costMicros: 0n, revenueMicros: 0n };
  #batch = new Batch();
  #booking: Promise<void> = Promise.resolve();

  constructor(session: Session, options: RunOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Imports all parts of a source. Throws TableError where it cannot be read on; what came before is booked. */
  async import(opened: Opened): Promise<void> {
    for (const part of opened.parts) {
      try {
        await this.#importPart(part);
      } finally {
        // What stood before a broken place is good.
        await this.#flush();
        await this.#booking;
      }
    }
  }

  async #importPart({ table, layout }: Part): Promise<void> {
    let known = -1;
    let reading = layout.read(table.columns);
    const check = () => {
      // JSON brings columns along the way.
      if (table.columns.length === known) return;
      known = table.columns.length;
      reading = layout.read(table.columns);
    };
    check();
    if (reading.missing.length > 0) {
      const instead = reading.unknown.length > 0 ? `; it has ${reading.unknown.join(', ')} instead` : '';
      throw new TableError(
        `The header lacks ${reading.missing.join(', ')}${instead}.`,
        table.kind === 'csv' ? 1 : undefined,
      );
    }
    for await (const rows of table.rows) {
      check();
      for (const row of rows) await this.#take(row, reading.cells(row.cells, row.line), layout.calls);
      if (this.#batch.rows >= this.#options.batchRows) await this.#flush();
      this.#options.onProgress(this.tally);
    }
  }

  async #take(row: TableRow, cells: Cells, calls: 0 | 1): Promise<void> {
    this.tally.rows += 1;
    const { line } = row;
    if (row.problem !== null)
      return this.#reject({ line, problem: row.problem, cells: null, text: row.cells.join(',') });
    const call = readCall(cells, this.#options.now);
    if (typeof call === 'string')
      return this.#reject({ line, problem: call, cells: cellsOf(cells), text: null });
    const accepted = { line, call: calls === 1 ? call : { ...call, calls }, cells };
    if (!this.#batch.add(accepted)) await this.#rejectAccepted(accepted, TWICE);
  }

  async #reject(rejection: Rejection): Promise<void> {
    this.tally.rejected += 1;
    await this.#options.onRejected(rejection);
  }

  #rejectAccepted({ line, call, cells }: Accepted, why: string): Promise<void> {
    return this.#reject({
      line,
      problem: `external_id: ${call.externalId} ${why}`,
      cells: cellsOf(cells),
      text: null,
    });
  }

  /** Hands the batch on to the database as soon as that has done the one before. */
  async #flush(): Promise<void> {
    const batch = this.#batch;
    if (batch.rows === 0) return;
    this.#batch = new Batch();
    await this.#booking;
    this.#booking = this.#book(batch);
    // Whoever waits for it next is told; until then it is nobody's unhandled rejection.
    this.#booking.catch(() => {});
  }

  async #book(batch: Batch): Promise<void> {
    const { now, dryRun, withinBatch } = this.#options;
    const { added, present, differing } = await statements.bookBatch(
      this.#session,
      now,
      batch.text,
      dryRun ? 'dry' : withinBatch,
    );
    const lines = new Set(differing);
    const refused = new Set<string>();
    for (const accepted of batch.first) {
      if (lines.has(accepted.line)) {
        refused.add(accepted.call.externalId);
        await this.#rejectAccepted(accepted, CHANGED);
      } else this.#count(accepted.call);
    }
    this.tally.added += added;
    this.tally.present += present - lines.size;
    for (const accepted of batch.repeated) {
      if (refused.has(accepted.call.externalId)) await this.#rejectAccepted(accepted, CHANGED);
      else {
        this.tally.present += 1;
        this.#count(accepted.call);
      }
    }
    this.#options.onProgress(this.tally);
  }

  #count(call: Call): void {
    this.tally.costMicros += call.costMicros;
    this.tally.revenueMicros += call.revenueMicros;
  }
}
