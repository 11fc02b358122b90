/**
 * Which rows answer a question exactly, and are the fewest: days of UTC where a time covers whole ones, quarters of an
 * hour at its edges, and what is left, less than a quarter of an hour, from the booked lines themselves.
 */

/** What a question needs the summaries to tell apart. Each tells more than the one before, in more rows. */
export type Level = 'MODEL' | 'SEGMENT' | 'ACCOUNT';

/** from <= t < to, in Unix milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Spans by what is read for them; together they are the time in question, and none covers another. */
export interface Pieces {
  readonly days: readonly Span[];
  readonly quarters: readonly Span[];
  readonly lines: readonly Span[];
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

/** The part of a span that whole units of so many milliseconds cover; of no length when there is none. */
function wholeUnits({ from, to }: Span, unitMs: number): Span {
  const first = Math.ceil(from / unitMs) * unitMs;
  return { from: Math.min(first, to), to: Math.max(Math.floor(to / unitMs) * unitMs, Math.min(first, to)) };
}

/**
 * Cuts times up, each for itself, so that no row of a summary belongs to two of them.
 *
 * @param beginnings where each of the times begins; the next one is its end, and `to` the last one's.
 */
export function piecesOf(level: Level, beginnings: readonly number[], to: number): Pieces {
  const days: Span[] = [];
  const quarters: Span[] = [];
  const lines: Span[] = [];
  for (const [index, from] of beginnings.entries()) {
    const time = { from, to: beginnings[index + 1] ?? to };
    // Accounts have no quarters: theirs would be nearly as many rows as there are calls.
    const fine = level === 'ACCOUNT' ? wholeUnits(time, DAY_MS) : wholeUnits(time, QUARTER_MS);
    const whole = wholeUnits(fine, DAY_MS);
    add(lines, time.from, fine.from);
    add(quarters, fine.from, whole.from);
    add(days, whole.from, whole.to);
    add(quarters, whole.to, fine.to);
    add(lines, fine.to, time.to);
  }
  return { days, quarters, lines };
}

/** How much time spans cover together, in milliseconds. */
export function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}
