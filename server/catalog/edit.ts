/** An operator's changes of prices and costs: each is a new dated row, and none that stands is touched. */
import type { Clock } from '../clock.ts';
import { type Database, type Sql, writeAuditLog } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { Micros } from '../money.ts';
import { type PriceBook, unknownModel } from './price-book.ts';
import { type FieldProblem, invalid, normalize } from './request.ts';
import type { ModelRow, PriceUnit } from './snapshot.ts';
import {
  addCost,
  addPrice,
  dropCost,
  dropPrice,
  type ListFigures,
  type RowKey,
  setList,
} from './statements.ts';
import { bumpCatalogVersion } from './version.ts';

/** The most that one unit is priced at. */
export const MOST_CREDITS = 1_000_000;

/** A change of what a model is priced at or costs. */
export interface RowChange {
  /** `provider/name`. */
  readonly model: string;
  /** Left out, as the next two: it holds for any, where no row is more specific. */
  readonly size?: string | null | undefined;
  readonly quality?: string | null | undefined;
  readonly durationSeconds?: number | null | undefined;
  /** What is counted. */
  readonly unit: PriceUnit;
  /** From when on; left out: from now. */
  readonly effectiveFrom?: Date | null | undefined;
  readonly reason: string;
  /** For the audit log. */
  readonly actor: string;
}

/** In credits, for one unit, in the active list. */
export interface PriceChange extends RowChange {
  readonly credits: number;
}

/** What the vendor bills for one unit. */
export interface CostChange extends RowChange {
  readonly costMicros: Micros;
  /** Where the figure comes from. */
  readonly source: string;
}

/** A change that has been written, or why it cannot be. */
export type ChangeOutcome =
  | { readonly status: 'changed'; readonly model: string; readonly effectiveFrom: Date }
  | { readonly status: 'invalid'; readonly fields: readonly FieldProblem[] };

/** What the catalogue hands over. */
interface Editing {
  readonly database: Database;
  readonly clock: Clock;
  readonly book: PriceBook;
}

/** Writes a price of the active list. */
export function changePrice(editing: Editing, change: PriceChange): Promise<ChangeOutcome> {
  const { credits } = change;
  return write(editing, change, 'price', { credits }, (sql, key) =>
    addPrice(sql, newId(), key, { priceListId: editing.book.list.id, credits }),
  );
}

/** Writes a cost, which holds for every list. */
export function changeCost(editing: Editing, change: CostChange): Promise<ChangeOutcome> {
  const { costMicros, source } = change;
  return write(editing, change, 'cost', { costMicros, source }, (sql, key) =>
    addCost(sql, newId(), key, { costMicros, source, checkedAt: editing.clock.now() }),
  );
}

/** A change of the active list itself. */
export interface ListChange extends ListFigures {
  readonly reason: string;
  readonly actor: string;
}

/**
 * Changes what a credit of the active list sells for, by which margins are judged, and the free credits of the tier FREE.
 * It holds from now on: what is asked for models is dated, this is not.
 */
export async function changeList(
  { database, clock, book }: Editing,
  { reason, actor, ...figures }: ListChange,
): Promise<'changed' | 'least-above-most'> {
  return database.transaction(async (sql) => {
    await bumpCatalogVersion(sql, clock);
    if (!(await setList(sql, book.list.id, figures))) return 'least-above-most';
    const detail = { ...figures };
    await writeAuditLog(sql, clock.now(), {
      actor,
      action: 'price-list.set',
      subject: book.list.id,
      reason,
      detail,
    });
    return 'changed';
  });
}

/** A change that was to come, to be taken back. */
export interface Cancellation {
  /** Of the row, as the history of its model has it. */
  readonly id: string;
  readonly what: 'price' | 'cost';
  readonly reason: string;
  readonly actor: string;
}

/** The change that will not be; or that there is none which could be taken back: it has begun, or never was. */
export type CancelOutcome = Extract<ChangeOutcome, { status: 'changed' }> | { readonly status: 'not-found' };

/** Undoes a transaction that has nothing to take away. */
const BEGUN = new Error('There is no such row that is still to come.');

/** Takes back a price of the active list or a cost before it begins. What has begun stands for good. */
export async function cancelChange(
  { database, clock, book }: Editing,
  { id, what, reason, actor }: Cancellation,
): Promise<CancelOutcome> {
  const now = clock.now();
  try {
    return await database.transaction(async (sql) => {
      await bumpCatalogVersion(sql, clock);
      const row =
        what === 'price' ? await dropPrice(sql, now, id, book.list.id) : await dropCost(sql, now, id);
      if (!row) throw BEGUN;
      const { modelId, effectiveFrom } = row;
      const detail = { ...row };
      await writeAuditLog(sql, now, { actor, action: `${what}.cancel`, subject: modelId, reason, detail });
      return { status: 'changed', model: modelId, effectiveFrom } as const;
    });
  } catch (error) {
    if (error !== BEGUN) throw error;
    return { status: 'not-found' };
  }
}

/** Undoes a transaction that has nothing to add. */
const TAKEN = new Error('There is such a row already.');

async function write(
  { database, clock, book }: Editing,
  change: RowChange,
  what: 'price' | 'cost',
  figures: Readonly<Record<string, unknown>>,
  add: (sql: Sql, key: RowKey) => Promise<boolean>,
): Promise<ChangeOutcome> {
  const now = clock.now();
  const read = readKey(book, change, now);
  if ('fields' in read) return invalid(...read.fields);
  const { key } = read;
  const { effectiveFrom } = key;
  try {
    await database.transaction(async (sql) => {
      // First, since it lets one writer in at a time.
      await bumpCatalogVersion(sql, clock);
      if (!(await add(sql, key))) throw TAKEN;
      await writeAuditLog(sql, now, {
        actor: change.actor,
        action: `${what}.set`,
        subject: key.modelId,
        reason: change.reason,
        detail: { ...key, ...figures, ...(what === 'price' ? { priceList: book.list.id } : {}) },
      });
    });
  } catch (error) {
    if (error !== TAKEN) throw error;
    return invalid(takenProblem(what));
  }
  return { status: 'changed', model: key.modelId, effectiveFrom };
}

/** That another row of the same requests begins at the same instant. */
export function takenProblem(what: 'price' | 'cost'): FieldProblem {
  const message = `A ${what} for the same requests begins at that instant already: give another, if only a second later.`;
  return { path: 'effectiveFrom', message };
}

/** Which requests a change is for and from when on, checked; or what is wrong with it. */
export function readKey(
  book: PriceBook,
  change: Omit<RowChange, 'reason' | 'actor'>,
  now: Date,
): { readonly key: RowKey } | { readonly fields: readonly FieldProblem[] } {
  const effectiveFrom = change.effectiveFrom ?? now;
  const row = book.models.get(change.model)?.row;
  const fields = row ? problemsOf(row, change) : [unknownModel(change.model, book.models.keys())];
  if (effectiveFrom < now) {
    const message =
      'What was asked or billed before stays as it was: give an instant from now on, or leave it out.';
    fields.push({ path: 'effectiveFrom', message });
  }
  if (!row || fields.length > 0) return { fields };
  return {
    key: {
      modelId: row.id,
      size: change.size ?? null,
      quality: change.quality ?? null,
      durationSeconds: change.durationSeconds ?? null,
      unit: change.unit,
      effectiveFrom,
    },
  };
}

/** A row that no request could ever match would be believed to hold. */
function problemsOf(
  row: ModelRow,
  { size, quality, durationSeconds, unit }: Omit<RowChange, 'reason' | 'actor'>,
): FieldProblem[] {
  const normalized = normalize(row, {
    operation: row.operation,
    hasImage: true,
    size,
    quality,
    durationSeconds,
  });
  const problems = 'problems' in normalized ? [...normalized.problems] : [];
  const isTimed = 'request' in normalized && normalized.request.durationSeconds !== undefined;
  if ('request' in normalized && unit !== 'OUTPUT' && !isTimed) {
    problems.push({ path: 'unit', message: `${row.id} has no duration: count by OUTPUT.` });
  }
  return problems;
}
