/**
 * Which rows answer a question exactly, and are few: days of UTC, and what an interval has more or less than these.
 *
 * The boundaries of intervals are moved to where rows of a summary begin and end: to the nearest day of UTC, or to whole
 * quarters of an hour within. What lies between a boundary and the place that it was moved to is read from finer rows and
 * put right: taken from the interval that has it wrongly and given to the one that it belongs to. Sums can be taken apart
 * as well as put together, so that this is exact, and a day of Berlin costs an hour or two of quarters and not twenty-four.
 */

/** What a question needs the summaries to tell apart. Each tells more than the one before, in more rows. */
export type Level = 'MODEL' | 'SEGMENT' | 'ACCOUNT';

/** from <= t < to, in Unix milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A time whose rows are given to one interval and taken from another; null: from or to none. Intervals are numbered from 0. */
export interface Move extends Span {
  readonly to: number;
  readonly given: number | null;
  readonly taken: number | null;
}

/** Rows of a summary that lie within one interval each. */
export interface Rows {
  readonly spans: readonly Span[];
  /** Where the rows of each interval begin. */
  readonly beginnings: readonly number[];
}

/** What is read for a question. */
export interface Pieces {
  readonly days: Rows;
  readonly quarters: Rows;
  /** Quarters of an hour that put right what days have too much or too little. */
  readonly quarterMoves: readonly Move[];
  /** Booked lines that put right what quarters, or days, have too much or too little. */
  readonly lineMoves: readonly Move[];
}

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;

/** Adds a span, as one with the span before where they touch. */
function add(spans: Span[], from: number, to: number): void {
  if (from >= to) return;
  const last = spans.at(-1);
  if (last?.to === from) spans[spans.length - 1] = { from: last.from, to };
  else spans.push({ from, to });
}

const rounded = (at: number, unitMs: number) => Math.round(at / unitMs) * unitMs;

/** What to put right when boundaries have been moved. */
function movesOf(boundaries: readonly number[], moved: readonly number[]): Move[] {
  const last = boundaries.length - 1;
  return boundaries.flatMap((at, index) => {
    const place = moved[index] ?? at;
    const before = index === 0 ? null : index - 1;
    const after = index === last ? null : index;
    if (at < place) return [{ from: at, to: place, given: after, taken: before }];
    if (place < at) return [{ from: place, to: at, given: before, taken: after }];
    return [];
  });
}

/** How much time spans cover together, in milliseconds. */
export function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** Whole days within intervals, and what is left of each. */
function daysWithin(boundaries: readonly number[]): { days: Span[]; rest: Span[] } {
  const days: Span[] = [];
  const rest: Span[] = [];
  for (const [index, to] of boundaries.entries()) {
    const from = boundaries[index - 1];
    if (from === undefined) continue;
    const first = Math.min(Math.ceil(from / DAY_MS) * DAY_MS, to);
    const last = Math.max(Math.floor(to / DAY_MS) * DAY_MS, first);
    add(rest, from, first);
    add(days, first, last);
    add(rest, last, to);
  }
  return { days, rest };
}

/**
 * Says what to read.
 *
 * @param beginnings where each interval begins, in Unix milliseconds; the next one is its end, and `to` the last one's.
 */
export function piecesOf(level: Level, beginnings: readonly number[], to: number): Pieces {
  const boundaries = [...beginnings, to];
  // Accounts have no quarters: theirs would be nearly as many rows as there are calls.
  const fine = level === 'ACCOUNT' ? boundaries : boundaries.map((at) => rounded(at, QUARTER_MS));
  const lineMoves = movesOf(boundaries, fine);
  const midnights = fine.map((at) => rounded(at, DAY_MS));
  const moves = movesOf(fine, midnights);
  const within = daysWithin(fine);
  // Hours are read as they are: what each would take from its neighbours is more than it is itself.
  if (level !== 'ACCOUNT' && lengthOf(within.rest) <= lengthOf(moves)) {
    return {
      days: { spans: within.days, beginnings: fine },
      quarters: { spans: within.rest, beginnings: fine },
      quarterMoves: [],
      lineMoves,
    };
  }
  const days: Span[] = [];
  add(days, midnights[0] ?? to, midnights.at(-1) ?? to);
  const none = { spans: [], beginnings: [] };
  const whole = { spans: days, beginnings: midnights };
  return level === 'ACCOUNT'
    ? { days: whole, quarters: none, quarterMoves: [], lineMoves: moves }
    : { days: whole, quarters: none, quarterMoves: moves, lineMoves };
}
