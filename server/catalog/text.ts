/** `5, 8 or 10`. */
export function enumerate(items: readonly (string | number)[], word: 'and' | 'or'): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`;
}

/** Longer names than any model has are not compared: the work grows with the length. */
const LONGEST_NAME = 100;
const MOST_MATCHES = 3;

/**
 * The names that somebody may have meant, the likeliest first; at most three.
 *
 * A name counts when what was written is a part of it, or when a third of the letters at most would have to be
 * changed, in the whole name or in the part after the slash.
 */
export function closeMatches(written: string, names: readonly string[]): string[] {
  if (written === '' || written.length > LONGEST_NAME) return [];
  const wanted = written.toLowerCase();
  const scored: { name: string; score: number }[] = [];
  for (const name of names) {
    const score = distance(wanted, name.toLowerCase());
    if (score <= 1 / 3) scored.push({ name, score });
  }
  return scored
    .sort((one, other) => one.score - other.score || (one.name < other.name ? -1 : 1))
    .slice(0, MOST_MATCHES)
    .map(({ name }) => name);
}

/** From 0 (the same) to 1 (nothing in common). */
function distance(wanted: string, name: string): number {
  const short = name.slice(name.indexOf('/') + 1);
  const wantedShort = wanted.slice(wanted.indexOf('/') + 1);
  if (wantedShort.length >= 3 && short.includes(wantedShort)) return 0.1;
  return Math.min(
    edits(wanted, name) / Math.max(wanted.length, name.length),
    edits(wantedShort, short) / Math.max(wantedShort.length, short.length),
  );
}

/** Levenshtein's distance: how many letters to insert, drop or replace. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
