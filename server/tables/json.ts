/** JSON: an array of flat objects, or objects one after the other (JSON lines). Numbers keep the text that they were written in. */
import { inBatches, type Table, TableError, type TableRow } from './table.ts';

/** An object that is never closed would take the rest of a file. */
const MAX_OBJECT_CHARACTERS = 1_000_000;

interface Found {
  readonly line: number;
  readonly text: string;
}

/** Cuts a text into its objects at the top, or in the array at the top. */
async function* objects(texts: AsyncIterable<string>): AsyncGenerator<Found> {
  let line = 1;
  let depth = 0;
  let lists = 0;
  let inString = false;
  let escaped = false;
  let begun = '';
  for await (const text of texts) {
    let start = 0;
    for (let at = 0; at < text.length; at += 1) {
      const character = text.charCodeAt(at);
      if (character === 10) line += 1;
      if (inString) {
        if (escaped) escaped = false;
        else if (character === 92) escaped = true;
        else if (character === 34) inString = false;
        continue;
      }
      if (depth === 0) {
        if (character === 123) {
          depth = 1;
          start = at;
        } else if (character === 91) lists += 1;
        else if (character === 93) lists -= 1;
        else if (!/[\s,]/.test(text.charAt(at))) {
          throw new TableError(
            `"${text.slice(at, at + 20).trim()}" is no object: give an array of objects, or an object on each line.`,
            line,
          );
        }
      } else if (character === 34) inString = true;
      else if (character === 123 || character === 91) depth += 1;
      else if (character === 125 || character === 93) {
        depth -= 1;
        if (depth === 0) {
          yield { line, text: begun + text.slice(start, at + 1) };
          begun = '';
        }
      }
    }
    if (depth > 0) begun += text.slice(start);
    if (begun.length > MAX_OBJECT_CHARACTERS) {
      throw new TableError(
        `an object has more than ${MAX_OBJECT_CHARACTERS} characters: is it not closed?`,
        line,
      );
    }
  }
  if (depth > 0) throw new TableError('the file ends in the middle of an object: it is not whole.', line);
  if (lists > 0) throw new TableError('the file ends in the middle of its array: it is not whole.', line);
}

/** The values of a flat object as texts. A number would lose digits as a float, so that its own text is kept. */
function parseFlat(text: string): Record<string, string> | string {
  let nested: string | null = null;
  let value: unknown;
  try {
    value = JSON.parse(text, function (this: unknown, key, inner, context?: { source?: string }) {
      if (typeof inner === 'number') return context?.source ?? String(inner);
      if (inner === null) return '';
      if (typeof inner === 'boolean') return String(inner);
      if (typeof inner === 'object' && key !== '') nested ??= key;
      return inner;
    });
  } catch {
    return 'it is no JSON';
  }
  if (nested !== null) return `${nested}: give a text or a number, not an object or a list`;
  return value as Record<string, string>;
}

/** Reads JSON. Its columns are those that objects have had so far. */
export async function readJson(texts: AsyncIterable<string>): Promise<Table> {
  const columns: string[] = [];
  const toRow = ({ line, text }: Found): TableRow => {
    const parsed = parseFlat(text);
    if (typeof parsed === 'string') return { line, cells: [text], problem: parsed };
    for (const name of Object.keys(parsed)) if (!columns.includes(name)) columns.push(name);
    return { line, cells: columns.map((name) => parsed[name] ?? ''), problem: null };
  };
  const found = objects(texts);
  // The first object says which columns there are, before anybody asks for a row.
  const first = await found.next();
  if (first.done) throw new TableError('The file has no object in it.');
  const firstRow = toRow(first.value);
  return { kind: 'json', columns, rows: inBatches(firstRow, found, toRow) };
}
