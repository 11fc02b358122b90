/**
 * Text that fits: the largest letters in which it fills its box, and an ellipsis when even the smallest do not do.
 */

/** Lines of text and the size of their letters, in whatever unit the box was given. */
export interface Layout {
  readonly lines: readonly string[];
  /** The length of one cell of the font. */
  readonly cell: number;
}

/** How a text may be laid out. `widthOf` measures one line in cells. */
export interface Box {
  readonly width: number;
  readonly height: number;
  readonly largest: number;
  readonly smallest: number;
  widthOf(text: string): number;
}

/** Cells from one line to the next; a line itself is nine cells high. */
export const LINE_CELLS = 12;
const LAST_LINE_CELLS = 9;
const STEP = 0.92;

/** Breaks a text into lines, as large as the box allows. */
export function layOut(text: string, box: Box): Layout {
  for (let cell = box.largest; cell > box.smallest; cell *= STEP) {
    const lines = wrap(text, box.width / cell, box.widthOf);
    if (heightOf(lines.length) * cell <= box.height && !breaksWord(text, box.width / cell, box.widthOf)) {
      return { lines, cell };
    }
  }
  const cell = box.smallest;
  const lines = wrap(text, box.width / cell, box.widthOf);
  const room = Math.max(1, Math.floor((box.height / cell - LAST_LINE_CELLS) / LINE_CELLS) + 1);
  if (lines.length <= room) return { lines, cell };
  const kept = lines.slice(0, room);
  kept.push(cut(`${kept.pop() ?? ''} `, box.width / cell, box.widthOf, true));
  return { lines: kept, cell };
}

/** The text in so many cells, its end replaced by an ellipsis when it does not fit. */
export function cut(text: string, cells: number, widthOf: (text: string) => number, always = false): string {
  if (!always && widthOf(text) <= cells) return text;
  let kept = text.trimEnd();
  while (kept !== '' && widthOf(`${kept}...`) > cells) kept = kept.slice(0, -1).trimEnd();
  return `${kept}...`;
}

function heightOf(lines: number): number {
  return (lines - 1) * LINE_CELLS + LAST_LINE_CELLS;
}

function wrap(text: string, cells: number, widthOf: (text: string) => number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ').filter((part) => part !== '')) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (widthOf(longer) <= cells) {
        line = longer;
        continue;
      }
      if (line !== '') lines.push(line);
      line = '';
      // A word longer than a line, such as a URL, is broken where the line ends.
      for (const letter of word) {
        if (line !== '' && widthOf(line + letter) > cells) {
          lines.push(line);
          line = '';
        }
        line += letter;
      }
    }
    if (line !== '') lines.push(line);
  }
  return lines;
}

// A word of ordinary length is worth smaller letters; only what no line holds anyway, such as a URL, is broken.
const ORDINARY_WORD = 16;

function breaksWord(text: string, cells: number, widthOf: (text: string) => number): boolean {
  return text.split(/\s+/).some((word) => word.length <= ORDINARY_WORD && widthOf(word) > cells);
}
