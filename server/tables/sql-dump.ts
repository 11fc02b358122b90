/**
 * Dumps of one table as SQL, as pg_dump, mysqldump and sqlite3 write them: `COPY … FROM stdin` with its lines, or `INSERT INTO`.
 * What else is in a dump is passed over.
 */
import { inBatches, type Table, TableError, type TableRow } from './table.ts';

/** mysqldump breaks its statements at a megabyte or so; a quote that is never closed would take the rest of a file. */
const MAX_STATEMENT_CHARACTERS = 64_000_000;

/** Whether a text begins as a dump does. */
export function isSqlDump(begins: string): boolean {
  return /^(--|\/\*|SET\s|PRAGMA\s|BEGIN\b|START\s+TRANSACTION|CREATE\s|DROP\s|INSERT\s+INTO\s|COPY\s|LOCK\s)/i.test(
    begins,
  );
}

interface Statement {
  readonly line: number;
  readonly text: string;
}

/** Statements, and the lines of COPY data as statements of their own, each behind a tab. */
async function* statements(texts: AsyncIterable<string>): AsyncGenerator<Statement> {
  let rest = '';
  let line = 1;
  let copying = false;
  for await (const text of texts) {
    rest += text;
    for (;;) {
      const end = copying ? rest.indexOf('\n') : statementEnd(rest);
      if (end < 0) break;
      const piece = rest.slice(0, end);
      rest = rest.slice(end + 1);
      for (const character of piece) if (character === '\n') line += 1;
      if (copying) {
        const data = piece.replace(/\r$/, '');
        if (data === '\\.') copying = false;
        else yield { line, text: `\t${data}` };
        line += 1;
        continue;
      }
      const statement = piece.replace(COMMENTS_BEFORE, '').trim();
      copying = /^COPY\s[\s\S]*FROM\s+stdin$/i.test(statement);
      // Comments stand between columns as well; between values they would be texts of these.
      const isCreate = /^CREATE\s/i.test(statement);
      yield { line, text: isCreate ? statement.replace(/^[^\S\n]*--[^\n]*$/gm, '') : statement };
      // The data begin on the next line.
      if (copying) {
        const newline = rest.indexOf('\n');
        if (newline >= 0) rest = rest.slice(newline + 1);
        line += 1;
      }
    }
    if (rest.length > MAX_STATEMENT_CHARACTERS) throw new TableError('a statement does not end.', line);
  }
  if (copying || rest.replace(NO_STATEMENTS, '').trim() !== '')
    throw new TableError('the dump ends in the middle of a statement or of its rows: it is not whole.', line);
}

/** What may stand behind the last statement: comments, and psql's own orders (`\unrestrict …`). */
const NO_STATEMENTS = /\/\*[\s\S]*?\*\/|^[^\S\n]*--[^\n]*$|^[^\S\n]*\\[^\n]*$/gm;
const COMMENTS_BEFORE = /^(?:\s*--[^\n]*(?:\n|$))+/;

/**
 * Whether a backslash escapes in the texts of a statement: in mysqldump's only, which is known by the backticks around its
 * names. In those of others it is a character, also before a quote that ends the text.
 */
function hasEscapes(statement: string): boolean {
  const comment = /\s*--[^\n]*\n/y;
  const quote = /['`]/g;
  // One after the other: a pattern of all of them would be tried anew from each.
  while (comment.test(statement)) quote.lastIndex = comment.lastIndex;
  return quote.exec(statement)?.[0] === '`';
}

/** Where the first statement of a text ends: at a semicolon outside of quotes and comments. */
function statementEnd(text: string): number {
  const token = hasEscapes(text)
    ? /;|'(?:[^'\\]|''|\\[\s\S])*'|"[^"]*"|`[^`]*`|--[^\n]*\n|\/\*[\s\S]*?\*\/|['"`]|--|\/\*/g
    : /;|'(?:[^']|'')*'|"[^"]*"|`[^`]*`|--[^\n]*\n|\/\*[\s\S]*?\*\/|['"`]|--|\/\*/g;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === ';') return match.index;
    // One that has begun and not ended yet: more text is needed.
    if (/^(['"`]|--|\/\*)$/.test(match[0])) return -1;
  }
  return -1;
}

const unquote = (name: string) =>
  name
    .trim()
    .replace(/^.*\./, '')
    .replace(/^["`[]|["`\]]$/g, '');
const namesOf = (list: string) => list.split(',').map(unquote);

const COPY_ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function copyCells(data: string): string[] {
  return data
    .split('\t')
    .map((cell) =>
      cell === '\\N' ? '' : cell.replace(/\\(.)/g, (_, escaped: string) => COPY_ESCAPES[escaped] ?? escaped),
    );
}

/** The rows of `VALUES (…), (…)`. */
function* valueRows(values: string, backslashes: boolean): Generator<string[]> {
  const token = backslashes
    ? /\(|\)|,|[xX]?'(?:[^'\\]|''|\\[\s\S])*'|[^\s(),']+/g
    : /\(|\)|,|[xX]?'(?:[^']|'')*'|[^\s(),']+/g;
  let cells: string[] | null = null;
  for (let match = token.exec(values); match; match = token.exec(values)) {
    const [text] = match;
    if (text === '(') cells = [];
    else if (text === ')') {
      if (cells) yield cells;
      cells = null;
    } else if (text !== ',' && cells) {
      if (text.startsWith("'")) {
        const inner = text.slice(1, -1).replaceAll("''", "'");
        cells.push(
          backslashes
            ? inner.replace(/\\([\s\S])/g, (_, escaped: string) => COPY_ESCAPES[escaped] ?? escaped)
            : inner,
        );
      } else cells.push(text.toUpperCase() === 'NULL' ? '' : text);
    }
  }
}

/** The columns that CREATE TABLE gives, in their order. */
function createdColumns(body: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of body) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  parts.push(part);
  return parts
    .map((each) => each.trim())
    .filter((each) => !/^(PRIMARY|UNIQUE|KEY|CONSTRAINT|FOREIGN|CHECK|INDEX)\b/i.test(each))
    .map((each) => unquote(each.split(/\s+/)[0] ?? ''));
}

interface Found {
  readonly columns: readonly string[];
  readonly row: TableRow;
}

async function* found(texts: AsyncIterable<string>, wanted: string): AsyncGenerator<Found> {
  let created: readonly string[] = [];
  let copied: readonly string[] | null = null;
  const is = (name: string) => unquote(name).toLowerCase() === wanted;
  const rowOf = (line: number, cells: readonly string[], columns: readonly string[]): Found => ({
    columns,
    row: {
      line,
      cells,
      problem:
        cells.length === columns.length
          ? null
          : `the row has ${cells.length} values for ${columns.length} columns`,
    },
  });
  for await (const { line, text } of statements(texts)) {
    if (text.startsWith('\t')) {
      if (copied) yield rowOf(line, copyCells(text.slice(1)), copied);
      continue;
    }
    const create = /^CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([^\s(]+)\s*\(([\s\S]*)\)/i.exec(text);
    if (create && is(create[1] ?? '')) created = createdColumns(create[2] ?? '');
    const copy = /^COPY\s+([^\s(]+)\s*(?:\(([^)]*)\))?/i.exec(text);
    if (copy) copied = is(copy[1] ?? '') ? (copy[2] ? namesOf(copy[2]) : created) : null;
    const insert = /^INSERT\s+INTO\s+([^\s(]+)\s*(?:\(([^)]*)\))?\s*VALUES\s*/i.exec(text);
    if (insert && is(insert[1] ?? '')) {
      const columns = insert[2] ? namesOf(insert[2]) : created;
      for (const cells of valueRows(text.slice(insert[0].length), hasEscapes(text)))
        yield rowOf(line, cells, columns);
    }
  }
}

/**
 * Reads the rows of one table out of a dump.
 *
 * @throws TableError when it has none.
 */
export async function readSqlDump(texts: AsyncIterable<string>, wanted: string): Promise<Table> {
  const all = found(texts, wanted);
  const first = await all.next();
  if (first.done) throw new TableError(`The dump has no rows of a table ${wanted}.`);
  const { columns, row } = first.value;
  const names = columns.join();
  const rows = inBatches(row, all, (next) =>
    next.columns.join() === names
      ? next.row
      : { ...next.row, problem: 'its columns are others than those of the rows before' },
  );
  return { kind: 'sql', columns, rows };
}
