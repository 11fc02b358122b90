/** Reads a bill: what a vendor asks for each model and day of UTC. */
import { createHash } from 'node:crypto';
import { divideUp, type Micros } from '../money.ts';
import { readInstant, readTable, TableError } from '../tables/index.ts';
import { BILL_PARTS, type BillLayout, type BillPart } from './layouts.ts';

/** Digits after the point that are read: bills by the token have many, and only sums of them are rounded. */
const DIGITS = 30;
/** A decimal, by its last digit. */
type Fine = bigint;
const FINE_PER_MICRO = 10n ** BigInt(DIGITS - 6);

/** What a bill asks for a model on a day. */
export interface Billed {
  /** Midnight of UTC. */
  readonly day: Date;
  /** As the vendor calls it. */
  readonly model: string;
  readonly amountMicros: Micros;
  /** How much it is of, as decimal text; null where the bill does not say. */
  readonly quantity: string | null;
}

/** A row that cannot be read. */
export interface BillProblem {
  readonly line: number;
  readonly problem: string;
}

/** A bill, added up. */
export interface Bill {
  /** SHA-256 of the file, in hex. */
  readonly sha256: string;
  readonly rows: number;
  readonly lines: readonly Billed[];
  readonly problems: readonly BillProblem[];
}

const AMOUNT = /^(-?)\$?(\d{1,12})(?:\.(\d{1,30}))?$/;

/** Exact decimals. */
function readFine(text: string): Fine | null {
  const match = AMOUNT.exec(text);
  if (!match) return null;
  const [, sign, whole = '', fraction = ''] = match;
  const fine = BigInt(whole + fraction.padEnd(DIGITS, '0'));
  return sign ? -fine : fine;
}

function quantityText(fine: Fine): string {
  const text = String(fine < 0n ? -fine : fine).padStart(DIGITS + 1, '0');
  const fraction = text.slice(-DIGITS).replace(/0+$/, '');
  return `${fine < 0n ? '-' : ''}${text.slice(0, -DIGITS)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** The day of UTC in which a time lies; seconds since 1970 are one too. */
function dayOf(text: string): Date | null {
  const at = /^\d{10}$/.test(text) ? new Date(Number(text) * 1000) : readInstant(text);
  return at && new Date(Math.floor(at.getTime() / 86_400_000) * 86_400_000);
}

const small = (name: string) => name.trim().toLowerCase();

/** Where a bill's columns are. Throws TableError when one is missing. */
function placesOf(columns: readonly string[], layout: BillLayout): Readonly<Record<BillPart, number>> {
  const names = columns.map(small);
  const places = Object.fromEntries(
    BILL_PARTS.map((part) => [
      part,
      layout[part].map((name) => names.indexOf(small(name))).find((at) => at >= 0) ?? -1,
    ]),
  ) as Record<BillPart, number>;
  const missing = BILL_PARTS.filter((part) => part !== 'quantity' && places[part] < 0);
  if (missing.length > 0) {
    throw new TableError(
      `The bill has no column for ${missing.join(', ')}; it has ${columns.join(', ')}. Name its columns: ${missing.map((part) => `${part}=…`).join(',')}.`,
    );
  }
  return places;
}

async function* hashed(bytes: AsyncIterable<Uint8Array>, hash: ReturnType<typeof createHash>) {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

/**
 * Reads a bill, a row at a time.
 *
 * @throws TableError when it is no table, or lacks a column.
 */
export async function readBill(bytes: AsyncIterable<Uint8Array>, layout: BillLayout): Promise<Bill> {
  const hash = createHash('sha256');
  const table = await readTable(hashed(bytes, hash), 'usage');
  const places = placesOf(table.columns, layout);
  const sums = new Map<string, { day: Date; model: string; amount: Fine; quantity: Fine | null }>();
  const problems: BillProblem[] = [];
  let rows = 0;
  for await (const batch of table.rows) {
    for (const { line, cells, problem } of batch) {
      rows += 1;
      const cell = (part: BillPart) => cells[places[part]]?.trim() ?? '';
      const day = dayOf(cell('date'));
      const model = layout.modelOf ? layout.modelOf(cell('model')) : cell('model');
      const amount = readFine(cell('amount'));
      const quantity = places.quantity < 0 ? null : readFine(cell('quantity') || '0');
      const wrong =
        problem ??
        (!day
          ? `date: "${cell('date').slice(0, 40)}" is no day: write 2026-11-01`
          : model === ''
            ? 'model: it is empty'
            : amount === null
              ? `amount: "${cell('amount').slice(0, 40)}" is no decimal amount: write dollars such as 12.50`
              : null);
      if (wrong !== null || !day || amount === null) {
        problems.push({ line, problem: wrong ?? '' });
        continue;
      }
      const key = `${day.getTime()} ${model}`;
      const sum = sums.get(key) ?? { day, model, amount: 0n, quantity: null };
      sum.amount += amount;
      if (quantity !== null) sum.quantity = (sum.quantity ?? 0n) + quantity;
      sums.set(key, sum);
    }
  }
  return {
    sha256: hash.digest('hex'),
    rows,
    problems,
    lines: [...sums.values()].map(({ day, model, amount, quantity }) => ({
      day,
      model,
      amountMicros: divideUp(amount, FINE_PER_MICRO),
      quantity: quantity === null ? null : quantityText(quantity),
    })),
  };
}
