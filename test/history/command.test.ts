import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeId as outside } from '../../schema/index.ts';
import { encodeId } from '../../server/cli/outside-ids.ts';
import { runCommand } from '../../server/cli/run.ts';
import { newId } from '../../server/ids.ts';
import { describeOnPostgres } from '../support/databases.ts';
import { ADMIN_KEY, prepareFolder, startTestServer, until } from '../support/server.ts';
import { openWorld, type World } from '../support/world.ts';
import { csv, HEADER, row } from './fixture.ts';

const OWNERS = join(import.meta.dirname, '../data/history-150.csv');

/** Runs a command in this process. Gives what it printed, what it complained of and its exit code. */
async function run(
  args: readonly string[],
  variables: Record<string, string>,
  screen?: { redraw(line: string): void },
) {
  const printed: string[] = [];
  const complained: string[] = [];
  const code = await runCommand(args, variables, {
    print: (line) => printed.push(line),
    complain: (line) => complained.push(line),
    ...(screen ? { screen: { columns: 60, ...screen } } : {}),
  });
  return { code, printed, complained };
}

/** Processes are started, killed and started again, on machines that are busy. */
const PATIENCE_MS = 120_000;

const folder = mkdtempSync(join(tmpdir(), 'solvent-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const put = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const SUMMARY = [
  'rows             150',
  'new              150',
  'already there      0',
  'rejected           0',
  'cost            45.75',
  'revenue         89.85',
  'profit          44.10',
  'margin           49.1 %',
];
const words = (lines: readonly string[]) => lines.map((line) => line.replaceAll(/\s+/g, ' '));

describe('solvent import on the embedded database', () => {
  it(
    'gives the summary of the owner’s table, and the same report afterwards',
    async () => {
      const data = await prepareFolder();
      const here = { DATA_DIR: data };
      const dry = await run(['import', OWNERS, '--dry-run'], here);
      expect(dry).toMatchObject({ code: 0, complained: [] });
      expect(dry.printed.at(-1)).toBe('Nothing has been changed: this was a dry run.');
      const first = await run(['import', OWNERS], here);
      expect(first).toMatchObject({ code: 0, complained: [] });
      expect(words(first.printed)).toEqual(words(SUMMARY));
      const again = await run(['import', OWNERS], here);
      expect(words(again.printed).slice(1, 5)).toEqual(
        words(['new 0', 'already there 150', 'rejected 0', 'cost 45.75']),
      );
      expect(existsSync(`${OWNERS}.rejected.csv`)).toBe(false);

      const report = await run(
        ['report', '--from', '2026-09-01', '--to', '2026-11-01', '--by', 'provider'],
        here,
      );
      expect(report.code).toBe(0);
      expect(words(report.printed)).toContain('total 150 4 45.75 1.60 89.85 44.10 49.1 %');
      expect(report.printed.join('\n')).toContain('█');
      // Nothing that colours or moves.
      expect(report.printed.join('\n')).not.toContain('\u001b');
      const json = await run(
        ['report', '--from', '2026-09-01', '--to', '2026-11-01', '--by', 'model,tier', '--json'],
        here,
      );
      const parsed = JSON.parse(json.printed.join('\n')) as {
        totals: Record<string, unknown>;
        lines: { calls: number }[];
        series: { calls: number }[];
      };
      expect(parsed.totals).toMatchObject({
        calls: 150,
        cost: '45.75',
        revenue: '89.85',
        grossProfit: '44.10',
        margin: 0.490818,
      });
      expect(parsed.lines.reduce((sum, { calls }) => sum + calls, 0)).toBe(150);
      expect(parsed.series.reduce((sum, { calls }) => sum + calls, 0)).toBe(150);
      const text = await run(['report', '--from', '2026-09-01', '--to', '2026-11-01', '--csv'], here);
      expect(text.printed.join('\n').split('\n')[1]).toMatch(
        /^150,146,4,0,\d+,45\.75,1\.60,89\.85,44\.10,0\.490818,/,
      );
      expect((await run(['report', '--from', '2024-01-01', '--to', '2024-02-01'], here)).printed.at(-1)).toBe(
        'Nothing was booked in this time.',
      );
      expect(await run(['audit'], here)).toMatchObject({ code: 0 });
      rmSync(data, { recursive: true });
    },
    PATIENCE_MS,
  );
});

describeOnPostgres('solvent import', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  afterAll(() => world.close());
  beforeEach(() => world.reset());
  const there = () => ({ DATABASE_URL: world.url ?? '' });

  it('writes rejected rows to a file that can be put right and imported', async () => {
    const path = put(
      'bad.csv',
      csv(row('a'), row('b', { cost: '"1,234.5"' }), `${row('c')},more`, row('d', { status: '?' })),
    );
    const first = await run(['import', path], there());
    expect(first.code).toBe(1);
    expect(first.complained[0]).toBe(
      'line 3: cost: "1,234.5" is no decimal amount: write 1234.5, without separators of thousands',
    );
    const rejects = readFileSync(`${path}.rejected.csv`, 'utf8').split('\r\n');
    expect(rejects[0]).toBe(`${HEADER},country,plan,line,problem,row`);
    expect(rejects).toHaveLength(5);
    expect(rejects[1]).toContain(
      'b,openai,dall-e-3-hd,GENERATE_IMAGE,customer-1,PRO,SUCCEEDED,"1,234.5",16,0.16,1200,',
    );
    const mended = put(
      'mended.csv',
      rejects
        .filter((line) => !line.startsWith(',,'))
        .join('\r\n')
        .replace('"1,234.5"', '1234.5')
        .replace(',?,', ',ok,'),
    );
    expect(await run(['import', mended], there())).toMatchObject({ code: 0 });
    expect(await world.rows('SELECT external_id FROM imported_call ORDER BY 1')).toEqual(
      ['a', 'b', 'd'].map((external_id) => ({ external_id })),
    );
    // A good import leaves no reject file of an earlier one.
    await run(['import', put('bad.csv', csv(row('a')))], there());
    expect(existsSync(`${path}.rejected.csv`)).toBe(false);
    expect(
      await world.rows(
        `SELECT actor, detail->>'added' AS added FROM audit_log WHERE action = 'history.import' ORDER BY at`,
      ),
    ).toEqual([
      { actor: 'cli', added: '1' },
      { actor: 'cli', added: '2' },
    ]);
  });

  it('says in one line what is wrong with how it was called, or with the file', async () => {
    const wrong: [string[], string][] = [
      [['import'], 'import needs one file, such as import history.csv --dry-run.'],
      [['import', 'a', 'b'], 'import needs one file, such as import history.csv --dry-run.'],
      [['import', join(folder, 'none.csv')], `There is no file ${join(folder, 'none.csv')}.`],
      [
        ['import', OWNERS, '--layout', 'excel'],
        'There is no layout "excel": say solvent or api_usage_logs, or leave it out.',
      ],
      [
        ['report', '--by', 'colour'],
        '--by: There is no "colour": give provider, model, operation, tier, account, country, plan.',
      ],
      [
        ['report', '--from', 'never'],
        '--from: "never" is no time. Give a day such as 2026-11-01, an instant such as 2026-11-01T12:00:00Z, now, today, yesterday, or 7d for seven days ago.',
      ],
      [
        ['report', '--zone', 'Mars'],
        '--zone: Give an IANA time zone such as Europe/Berlin, or leave it out.',
      ],
      [['report', '--csv', '--json'], 'report gives one form: say --csv or --json.'],
      [
        ['reconcile', OWNERS],
        'reconcile needs one file and --provider, such as reconcile october.csv --provider openai.',
      ],
      [
        ['reconcile', OWNERS, '--provider', 'x', '--book'],
        'reconcile --book needs --reason: it is kept for good.',
      ],
      [
        ['reconcile', OWNERS, '--provider', 'x', '--columns', 'when=a'],
        '--columns: there is no "when": name date, model, quantity, amount.',
      ],
    ];
    for (const [args, line] of wrong) {
      expect({ args, ...(await run(args, there())) }).toEqual({
        args,
        code: 2,
        printed: [],
        complained: [line],
      });
    }
    const header = await run(['import', put('header.csv', 'id,cost\n1,2\n')], there());
    expect(header.code).toBe(2);
    expect(header.complained[0]).toMatch(
      /^Line 1: The header lacks external_id, provider, .*; it has id instead\.$/,
    );
  });

  it('draws a bar where somebody looks', async () => {
    const drawn: string[] = [];
    await run(
      ['import', put('bar.csv', csv(...Array.from({ length: 3_000 }, (_, index) => row(`bar-${index}`))))],
      there(),
      {
        redraw: (line) => void drawn.push(line),
      },
    );
    expect(drawn[0]).toMatch(/^[█░]{24} \d+ % · [\d,]+ rows/);
    expect(drawn.at(-1)).toBe('');
  });

  it('reads the old SQLite file, revenue beside costs, and compares it with the sums that it has', async () => {
    const path = join(folder, 'old.db');
    rmSync(path, { force: true });
    const old = new DatabaseSync(path);
    old.exec(`
      CREATE TABLE api_costs (id INTEGER PRIMARY KEY, timestamp DATETIME, service TEXT, operation TEXT, cost REAL, user_id TEXT, user_tier TEXT, success BOOLEAN);
      INSERT INTO api_costs VALUES (1, '2026-09-01 10:00:00', 'dalle-3', 'image', 0.08, 'u1', 'free', 1), (2, '2026-09-01 11:00:00', 'runway', 'video', 0.4, 'u2', 'pro', 1),
        (3, '2026-09-01 12:30:00', 'runway', 'video', 0.25, NULL, 'gold', 0);
      CREATE TABLE revenue (id INTEGER PRIMARY KEY, timestamp DATETIME, source TEXT, amount REAL, user_id TEXT, api_cost_id INTEGER);
      INSERT INTO revenue VALUES (1, '2026-09-01 10:00:01', 'tokens', 0.16, 'u1', 1), (2, '2026-09-02 00:00:00', 'subscription', 9.99, 'u2', NULL);
      CREATE TABLE hourly_stats (hour TEXT, total_cost REAL, total_revenue REAL);
      INSERT INTO hourly_stats VALUES ('2026-09-01 10', 0.08, 0.16), ('2026-09-01 11', 0.65, 9.99);`);
    old.close();
    const { code, printed } = await run(['import', path], there());
    expect(words(printed)).toEqual(
      words([
        'rows 5',
        'new 5',
        'already there 0',
        'rejected 0',
        'cost 0.73',
        'revenue 10.15',
        'profit 9.42',
        'margin 92.8 %',
        'hourly_stats agrees: cost 0.73 and revenue 10.15.',
      ]),
    );
    expect(code).toBe(0);
    expect(
      await world.rows(
        'SELECT external_id, model, outcome, calls, tier FROM imported_call ORDER BY external_id',
      ),
    ).toEqual([
      { external_id: 'api_costs:1', model: 'openai/dalle-3', outcome: 'SUCCEEDED', calls: 1, tier: 'FREE' },
      { external_id: 'api_costs:2', model: 'runway/runway', outcome: 'SUCCEEDED', calls: 1, tier: 'PRO' },
      {
        external_id: 'api_costs:3',
        model: 'runway/runway',
        outcome: 'FAILED_BILLED',
        calls: 1,
        tier: 'FREE',
      },
      { external_id: 'revenue:1', model: 'openai/dalle-3', outcome: 'SUCCEEDED', calls: 0, tier: 'FREE' },
      { external_id: 'revenue:2', model: 'history/revenue', outcome: 'SUCCEEDED', calls: 0, tier: 'PRO' },
    ]);
    await world.expectSound();
    const strange = join(folder, 'strange.db');
    rmSync(strange, { force: true });
    const other = new DatabaseSync(strange);
    other.exec('CREATE TABLE users (id INTEGER)');
    other.close();
    expect((await run(['import', strange], there())).complained[0]).toContain('has no table api_costs');
  });

  it('reads a dump of api_usage_logs, as CSV, as INSERT of either dialect, and as COPY', async () => {
    const rows = [
      [
        '7',
        'openai',
        'dall-e-3',
        'text_to_image',
        "o'neil",
        'completed',
        '0.0400000000',
        '8',
        '0.08',
        '1500.7',
        '2026-09-01 10:00:00+00',
      ],
      ['8', 'runway', 'gen3a_turbo', 'video', 'u2', 'failed', '2.5e-1', '0', '0', '', '1756720800'],
    ];
    const names =
      'id,provider,model,operation,user_id,status,cost_usd,tokens_used,revenue,response_time_ms,created_at';
    const sql = (quote: (text: string) => string) =>
      rows.map((cells) => `(${cells.map((cell) => quote(cell)).join(', ')})`).join(',\n');
    const dumps = [
      [
        'logs.csv',
        `${names}\n${rows.map((cells) => cells.join(',')).join('\n')}\n`,
        ['--layout', 'api_usage_logs'],
      ],
      [
        'pg.sql',
        `--\n-- PostgreSQL database dump\n--\nSET x = 1;\nCOPY public.users (id) FROM stdin;\n1\n\\.\n\nCOPY public.api_usage_logs (${names.replaceAll(',', ', ')}) FROM stdin;\n${rows.map((cells) => cells.map((cell) => cell || '\\N').join('\t')).join('\n')}\n\\.\n`,
        [],
      ],
      [
        'lite.sql',
        `BEGIN TRANSACTION;\nCREATE TABLE api_usage_logs (${names
          .split(',')
          .map((name) => `${name} TEXT`)
          .join(
            ', ',
          )}, PRIMARY KEY (id));\nINSERT INTO api_usage_logs VALUES ${sql((cell) => (cell === '' ? 'NULL' : `'${cell.replaceAll("'", "''")}'`))};\nCOMMIT;\n`,
        [],
      ],
      [
        'my.sql',
        `/*!40101 SET NAMES utf8 */;\nINSERT INTO \`api_usage_logs\` (${names
          .split(',')
          .map((name) => `\`${name}\``)
          .join(
            ',',
          )}) VALUES ${sql((cell) => (cell === '' ? 'NULL' : `'${cell.replaceAll("'", "\\'")}'`))};\n`,
        [],
      ],
    ] as const;
    for (const [index, [name, text, more]] of dumps.entries()) {
      const { code, printed, complained } = await run(['import', put(name, text), ...more], there());
      expect({ name, code, complained }).toEqual({ name, code: 0, complained: [] });
      expect(words(printed).slice(0, 6)).toEqual(
        words([
          'rows 2',
          `new ${index === 0 ? 2 : 0}`,
          `already there ${index === 0 ? 0 : 2}`,
          'rejected 0',
          'cost 0.29',
          'revenue 0.08',
        ]),
      );
    }
    expect(
      await world.rows(
        `SELECT c.external_id, a.external_id AS account, c.duration_ms, c.created_at FROM imported_call c JOIN account a ON a.id = c.account_id ORDER BY 1`,
      ),
    ).toEqual([
      {
        external_id: 'api_usage_logs:7',
        account: "o'neil",
        duration_ms: 1500,
        created_at: new Date('2026-09-01T10:00:00Z'),
      },
      {
        external_id: 'api_usage_logs:8',
        account: 'u2',
        duration_ms: 0,
        created_at: new Date('2025-09-01T10:00:00Z'),
      },
    ]);
    expect((await run(['import', put('none.sql', '-- nothing\nSELECT 1;\n')], there())).complained).toEqual([
      'The dump has no rows of a table api_usage_logs.',
    ]);
  });

  it(
    'is complete and doubles nothing after it was killed in the middle and started again, several times',
    async () => {
      const total = 60_000;
      const path = put(
        'killed.csv',
        csv(
          ...Array.from({ length: total }, (_, index) =>
            row(`killed-${index}`, {
              account_external_id: `customer-${index % 100}`,
              created_at: new Date(Date.UTC(2026, 8, 1) + index * 25_000).toISOString(),
            }),
          ),
        ),
      );
      const count = async () =>
        (await world.rows<{ rows: bigint }>('SELECT count(*) AS rows FROM imported_call'))[0]?.rows ?? 0n;
      const start = () =>
        spawn(process.execPath, [join(import.meta.dirname, '../../server/cli/main.ts'), 'import', path], {
          env: { PATH: process.env.PATH, ...there() },
          stdio: 'ignore',
        });
      const seen: bigint[] = [];
      for (let kills = 0; kills < 2; kills += 1) {
        const before = await count();
        const child = start();
        const ended = once(child, 'exit');
        await until('more rows are booked', async () => (await count()) > before, 60_000);
        child.kill('SIGKILL');
        await ended;
        // What the killed one had sent is booked or given up before the next one is let in.
        await until('its connection is gone', async () => {
          const [left] = await world.rows<{ left: bigint }>(
            `SELECT count(*) AS left FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'solvent-session'`,
          );
          return left?.left === 0n;
        });
        seen.push(await count());
      }
      expect(seen[0]).toBeGreaterThan(0n);
      expect(seen[0]).toBeLessThan(BigInt(total));
      const last = await run(['import', path], there());
      expect(last).toMatchObject({ code: 0 });
      expect(await count()).toBe(BigInt(total));
      expect(
        await world.rows(
          `SELECT sum(calls)::bigint AS calls, sum(cost_micros)::bigint AS cost FROM model_summary WHERE grain = 'QUARTER_HOUR'`,
        ),
      ).toEqual([{ calls: BigInt(total), cost: BigInt(total) * 80_000n }]);
      await world.expectSound();
    },
    PATIENCE_MS,
  );
});

describe('/import/history', () => {
  it('takes a file of an admin, checks it the same way, and answers with the summary', async () => {
    await using server = await startTestServer();
    const post = (query: string, body: string, token = ADMIN_KEY) =>
      fetch(`${server.url}/import/history${query}`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${token}` },
      });
    const owners = readFileSync(OWNERS, 'utf8');
    const dry = await post('?dryRun=true', owners);
    expect(dry.status).toBe(200);
    expect(await dry.json()).toMatchObject({
      dryRun: true,
      rows: 150,
      added: 150,
      cost: '45.75',
      margin: 0.490818,
    });
    expect(await server.rows('SELECT 1 FROM imported_call')).toEqual([]);
    const real = await post('', `${owners}${row('bad', { cost: '-1' })}\n`);
    expect(await real.json()).toMatchObject({
      added: 150,
      rejected: 1,
      rejections: [{ line: 152, problem: 'cost: "-1" is negative: write 0 or more' }],
    });
    const wrong = await post('', 'a,b\n1,2\n');
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({
      errors: [{ extensions: { code: 'INVALID_INPUT', summary: { rows: 0 } } }],
    });
    expect((await post('?dryRun=perhaps', owners)).status).toBe(400);
    const { key } = await server.admin.keyWith('profit:read');
    expect((await post('', owners, key)).status).toBe(403);
    expect((await fetch(`${server.url}/import/history`)).status).toBe(405);
    await server.expectSound();
  });
});

it('shows ids as the API does', () => {
  const id = newId();
  for (const type of ['Account', 'Generation'] as const) expect(encodeId(type, id)).toBe(outside(type, id));
});
