/** Dumps of one table as SQL: each row is read as it was written, or it is told that it cannot be. */
import { describe, expect, test } from 'vitest';
import { readTable, TableError } from '../../server/tables/index.ts';

/** Reads the rows of the table `logs`, in pieces of so many bytes; what ended the reading is beside them. */
async function rowsOf(dump: string, piece = 9) {
  async function* bytes() {
    const whole = Buffer.from(dump);
    for (let at = 0; at < whole.length; at += piece) yield whole.subarray(at, at + piece);
  }
  const rows: string[][] = [];
  try {
    const table = await readTable(bytes(), 'logs');
    for await (const batch of table.rows) {
      for (const { cells, problem } of batch) rows.push(problem === null ? [...cells] : [problem]);
    }
    return { rows, problem: null };
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    return { rows, problem: error.message };
  }
}

describe('a text that ends in a backslash', () => {
  const ROWS = [
    ['1', 'in C:\\', '0.1'],
    ['2', "it's `here`", '0.2'],
    ['3', 'a\n-- b', '0.3'],
  ];
  const texts = (written: (text: string) => string) =>
    ROWS.map(([id, text = '', cost]) => `(${id},'${written(text)}',${cost})`);
  const plain = texts((text) => text.replaceAll("'", "''"));
  const escaped = texts((text) => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'"));

  test.each([
    [
      'pg_dump',
      `--\n\\restrict x1\nSET x = 1;\n${plain.map((row) => `INSERT INTO public.logs (id, prompt, cost) VALUES ${row};\n`).join('')}--\n-- complete\n--\n\n\\unrestrict x1\n\n`,
    ],
    [
      'sqlite3',
      `BEGIN TRANSACTION;\nCREATE TABLE logs (id INT,\n-- what was asked for\nprompt TEXT, cost REAL);\n${plain.map((row) => `INSERT INTO logs VALUES${row};\n`).join('')}COMMIT;\n`,
    ],
    [
      'mysqldump',
      `-- Joe's dump\nCREATE TABLE \`logs\` (\`id\` int, \`prompt\` text, \`cost\` decimal(10,6));\nINSERT INTO \`logs\` VALUES ${escaped.join(',')};\n-- Dump completed`,
    ],
  ])('does not take the rows after it with it, by %s', async (_, dump) => {
    expect(await rowsOf(dump)).toEqual({ rows: ROWS, problem: null });
  });
});

test.each([
  [
    'rows',
    'COPY public.logs (id, cost) FROM stdin;\n1\t0.1\n2\t0.2\n3\t0.',
    [
      ['1', '0.1'],
      ['2', '0.2'],
    ],
  ],
  ['rows', 'COPY public.logs (id, cost) FROM stdin;\n1\t0.1\n', [['1', '0.1']]],
  ['a statement', 'INSERT INTO logs (id) VALUES (1);\nINSERT INTO logs (id) VALUES (2), (3', [['1']]],
  ['a text', "INSERT INTO logs (id) VALUES (1);\nINSERT INTO logs (id) VALUES ('2", [['1']]],
])('a dump that is cut off in the middle of %s is not taken for whole', async (_, dump, rows) => {
  expect(await rowsOf(dump)).toEqual({ rows, problem: expect.stringContaining('it is not whole') });
});

test('a comment with a backtick in it does not make a dump one of mysqldump', async () => {
  const dump =
    "CREATE TABLE logs (id INT, prompt TEXT);\n-- all of `logs`\nINSERT INTO logs VALUES(1,'in C:\\'),(2,'b');\n";
  expect(await rowsOf(dump)).toEqual({
    rows: [
      ['1', 'in C:\\'],
      ['2', 'b'],
    ],
    problem: null,
  });
});

test('many comments and empty lines are passed over in no time', async () => {
  const dump = `CREATE TABLE logs (id INT,\n${'\n'.repeat(30_000)}-- a prompt\nprompt TEXT);\n${'-- a comment\n'.repeat(20_000)}INSERT INTO logs VALUES(1,'a');\n${'\n'.repeat(30_000)}`;
  const startedAt = performance.now();
  expect(await rowsOf(dump, 65_536)).toEqual({ rows: [['1', 'a']], problem: null });
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
