/** Rows side by side, for people. */

/** Figures whose points stand below each other: decimals have two to six digits, so that their ends are filled up. */
export function pointsAligned(cells: readonly string[]): string[] {
  const digits = cells.map((cell) => (/\.\d+$/.exec(cell)?.[0].length ?? 0) - 1);
  const most = Math.max(0, ...digits);
  return cells.map((cell, row) => cell + ' '.repeat((digits[row] ?? -1) < 0 ? 0 : most - (digits[row] ?? 0)));
}

/** Rows side by side: the first `names` columns to the left, figures to the right. */
export function table(rows: readonly (readonly string[])[], names: number): string[] {
  const columns = Array.from({ length: rows[0]?.length ?? 0 }, (_, column) => {
    const cells = rows.map((row) => row[column] ?? '');
    const aligned = column < names ? cells : pointsAligned(cells);
    const width = Math.max(...aligned.map((cell) => cell.length));
    return aligned.map((cell) => (column < names ? cell.padEnd(width) : cell.padStart(width)));
  });
  return rows.map((_, row) =>
    columns
      .map((cells) => cells[row])
      .join('  ')
      .trimEnd(),
  );
}
