/**
 * A small bitmap font, drawn for Solvent: printable ASCII, five cells wide and nine high (seven above the
 * baseline, two below it). It is kept as a picture of itself so that a letter can be corrected by looking at it.
 */

/** Cells from the top of a capital to its foot. */
export const CAP_CELLS = 7;
/** Cells of a whole line, descenders included. */
export const GLYPH_CELLS = 9;
/** Cells between two letters. */
const GAP_CELLS = 1;
const SPACE_CELLS = 3;

/** One letter, its empty columns trimmed, so that an "i" takes less room than an "m". */
export interface Glyph {
  readonly width: number;
  /**
   * `GLYPH_CELLS + 2` rows of `width + 2` cells; 1 is ink. The margin of one empty cell all round spares whoever
   * looks at neighbours a look at the border.
   */
  readonly cells: Uint8Array;
}

// Sixteen letters a row, in the order of their codes from the space (32) to the box (127), which stands for
// whatever cannot be drawn.
const SHEET = `
..... ..#.. .#.#. .#.#. ..#.. ##..# .##.. ..#.. ...#. .#... ..... ..... ..... ..... ..... ....#
..... ..#.. .#.#. .#.#. .#### ##..# #..#. ..#.. ..#.. ..#.. ..#.. ..#.. ..... ..... ..... ....#
..... ..#.. .#.#. ##### #.#.. ...#. #.#.. ..#.. .#... ...#. #.#.# ..#.. ..... ..... ..... ...#.
..... ..#.. ..... .#.#. .###. ..#.. .#... ..... .#... ...#. .###. ##### ..... .###. ..... ..#..
..... ..#.. ..... ##### ..#.# .#... #.#.# ..... .#... ...#. #.#.# ..#.. ..... ..... ..... .#...
..... ..... ..... .#.#. ####. #..## #..#. ..... ..#.. ..#.. ..#.. ..#.. .##.. ..... .##.. #....
..... ..#.. ..... .#.#. ..#.. #..## .##.# ..... ...#. .#... ..... ..... .##.. ..... .##.. #....
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..#.. ..... ..... .....
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .#... ..... ..... .....

.###. ..#.. .###. ##### ...#. ##### ..##. ##### .###. .###. ..... ..... ...#. ..... #.... .###.
#...# .##.. #...# ...#. ..##. #.... .#... ....# #...# #...# .##.. .##.. ..#.. ..... .#... #...#
#..## ..#.. ....# ..#.. .#.#. ####. #.... ...#. #...# #...# .##.. .##.. .#... ##### ..#.. ....#
#.#.# ..#.. ...#. ...#. #..#. ....# ####. ..#.. .###. .#### ..... ..... #.... ..... ...#. ...#.
##..# ..#.. ..#.. ....# ##### ....# #...# .#... #...# ....# ..... ..... .#... ##### ..#.. ..#..
#...# ..#.. .#... #...# ...#. #...# #...# .#... #...# ...#. .##.. .##.. ..#.. ..... .#... .....
.###. .###. ##### .###. ...#. .###. .###. .#... .###. .##.. .##.. .##.. ...#. ..... #.... ..#..
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..#.. ..... ..... ..... .....
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .#... ..... ..... ..... .....

.###. .###. ####. .###. ####. ##### ##### .###. #...# .###. ..### #...# #.... #...# #...# .###.
#...# #...# #...# #...# #...# #.... #.... #...# #...# ..#.. ...#. #..#. #.... ##.## ##..# #...#
#.### #...# #...# #.... #...# #.... #.... #.... #...# ..#.. ...#. #.#.. #.... #.#.# ##..# #...#
#.#.# ##### ####. #.... #...# ####. ####. #.### ##### ..#.. ...#. ##... #.... #.#.# #.#.# #...#
#.### #...# #...# #.... #...# #.... #.... #...# #...# ..#.. ...#. #.#.. #.... #...# #..## #...#
#.... #...# #...# #...# #...# #.... #.... #...# #...# ..#.. #..#. #..#. #.... #...# #..## #...#
.###. #...# ####. .###. ####. ##### #.... .###. #...# .###. .##.. #...# ##### #...# #...# .###.
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....

####. .###. ####. .#### ##### #...# #...# #...# #...# #...# ##### .###. #.... .###. ..#.. .....
#...# #...# #...# #.... ..#.. #...# #...# #...# #...# #...# ....# .#... #.... ...#. .#.#. .....
#...# #...# #...# #.... ..#.. #...# #...# #...# .#.#. .#.#. ...#. .#... .#... ...#. #...# .....
####. #...# ####. .###. ..#.. #...# #...# #.#.# ..#.. ..#.. ..#.. .#... ..#.. ...#. ..... .....
#.... #.#.# #.#.. ....# ..#.. #...# .#.#. #.#.# .#.#. ..#.. .#... .#... ...#. ...#. ..... .....
#.... #..#. #..#. ....# ..#.. #...# .#.#. ##.## #...# ..#.. #.... .#... ....# ...#. ..... .....
#.... .##.# #...# ####. ..#.. .###. ..#.. #...# #...# ..#.. ##### .###. ....# .###. ..... .....
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... #####
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....

.#... ..... #.... ..... ....# ..... ..##. ..... #.... ..#.. ...#. #.... .#... ..... ..... .....
..#.. ..... #.... ..... ....# ..... .#... ..... #.... ..... ..... #.... .#... ..... ..... .....
..... .###. #.##. .###. .##.# .###. .#... .#### #.##. ..#.. ...#. #..#. .#... ##.#. #.##. .###.
..... ....# ##..# #.... #..## #...# ####. #...# ##..# ..#.. ...#. #.#.. .#... #.#.# ##..# #...#
..... .#### #...# #.... #...# ##### .#... #...# #...# ..#.. ...#. ##... .#... #.#.# #...# #...#
..... #...# #...# #.... #...# #.... .#... #...# #...# ..#.. ...#. #.#.. .#... #.#.# #...# #...#
..... .#### ####. .###. .#### .###. .#... .#### #...# ..#.. ...#. #..#. ..#.. #.#.# #...# .###.
..... ..... ..... ..... ..... ..... ..... ....# ..... ..... ...#. ..... ..... ..... ..... .....
..... ..... ..... ..... ..... ..... ..... .###. ..... ..... .##.. ..... ..... ..... ..... .....

..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... ..##. ..#.. .##.. ..... #####
..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... ..#.. ..#.. ..#.. ..... #...#
#.##. .##.# #.##. .#### ####. #...# #...# #...# #...# #...# ##### ..#.. ..#.. ..#.. .#..# #...#
##..# #..## ##... #.... .#... #...# #...# #...# .#.#. #...# ...#. .#... ..#.. ...#. #.#.# #...#
#...# #...# #.... .###. .#... #...# #...# #.#.# ..#.. #...# ..#.. ..#.. ..#.. ..#.. #..#. #...#
#...# #...# #.... ....# .#... #..## .#.#. #.#.# .#.#. #..## .#... ..#.. ..#.. ..#.. ..... #...#
####. .#### #.... ####. ..##. .##.# ..#.. .#.#. #...# .##.# ##### ..##. ..#.. .##.. ..... #####
#.... ....# ..... ..... ..... ..... ..... ..... ..... ....# ..... ..... ..#.. ..... ..... .....
#.... ....# ..... ..... ..... ..... ..... ..... ..... .###. ..... ..... ..... ..... ..... .....`;

const FIRST_CODE = 32;
const BOX_CODE = 127;
const LETTERS_A_ROW = 16;
const CELLS_ACROSS = 5;

function readSheet(sheet: string): Glyph[] {
  return sheet
    .trim()
    .split('\n\n')
    .flatMap((block) => {
      const rows = block.split('\n');
      return Array.from({ length: LETTERS_A_ROW }, (_, letter) => {
        const from = letter * (CELLS_ACROSS + 1);
        return trim(rows.map((row) => row.slice(from, from + CELLS_ACROSS)));
      });
    });
}

function trim(rows: readonly string[]): Glyph {
  let left = CELLS_ACROSS;
  let right = -1;
  for (const row of rows) {
    const first = row.indexOf('#');
    if (first < 0) continue;
    left = Math.min(left, first);
    right = Math.max(right, row.lastIndexOf('#'));
  }
  const width = right < 0 ? SPACE_CELLS : right - left + 1;
  const cells = new Uint8Array((width + 2) * (GLYPH_CELLS + 2));
  rows.forEach((row, y) => {
    for (let x = 0; x < width; x += 1) cells[(y + 1) * (width + 2) + x + 1] = row[left + x] === '#' ? 1 : 0;
  });
  return { width, cells };
}

const GLYPHS = readSheet(SHEET);
const BOX: Glyph = GLYPHS[BOX_CODE - FIRST_CODE] ?? {
  width: 0,
  cells: new Uint8Array(2 * (GLYPH_CELLS + 2)),
};

// What decomposition does not reduce to ASCII, but a reader would.
const LOOKALIKES: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  Æ: 'AE',
  œ: 'oe',
  Œ: 'OE',
  ø: 'o',
  Ø: 'O',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  Ð: 'D',
  þ: 'th',
  Þ: 'Th',
  ı: 'i',
  '‘': "'",
  '’': "'",
  '‚': ',',
  '“': '"',
  '”': '"',
  '„': '"',
  '«': '"',
  '»': '"',
  '‐': '-',
  '‑': '-',
  '–': '-',
  '—': '-',
  '−': '-',
  '…': '...',
  '•': '*',
  '·': '.',
  '×': 'x',
  '€': 'EUR',
};

/**
 * The same text in letters that the font has: accents fall off, typographic signs become their ASCII kin, and
 * each other character becomes one box (U+007F).
 */
export function fold(text: string): string {
  let folded = '';
  for (const character of text.normalize('NFKD')) {
    const code = character.codePointAt(0) ?? BOX_CODE;
    if (code >= FIRST_CODE && code < BOX_CODE) folded += character;
    else if (/\s/u.test(character)) folded += character === '\n' ? '\n' : ' ';
    else if (/[\p{M}\p{Cf}\p{Cc}]/u.test(character)) continue;
    else folded += LOOKALIKES[character] ?? String.fromCharCode(BOX_CODE);
  }
  return folded;
}

/** The glyph of one folded character; the box for any other. */
export function glyphOf(character: string): Glyph {
  return GLYPHS[character.charCodeAt(0) - FIRST_CODE] ?? BOX;
}

/** How many cells a folded text takes on one line. */
export function widthOf(text: string): number {
  let cells = 0;
  for (const character of text) cells += glyphOf(character).width + GAP_CELLS;
  return Math.max(0, cells - GAP_CELLS);
}

/** How many cells lie between the left edges of a glyph and of the one after it. */
export function advanceOf(glyph: Glyph): number {
  return glyph.width + GAP_CELLS;
}
