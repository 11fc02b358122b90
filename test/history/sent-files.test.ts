/** Files of history that an admin sends in parts: looked at first, imported once, whatever is done twice or dies. */
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createImports } from '../../server/history/index.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { ADMIN_KEY, startTestServer, type TestServer, temporaryFolder, until } from '../support/server.ts';
import { HEADER, row } from './fixture.ts';

const OWNERS = readFileSync(join(import.meta.dirname, '../data/history-150.csv'), 'utf8');

interface Sent {
  readonly id: string;
  readonly state: string;
  readonly fileBytes: number;
  readonly receivedBytes: number;
  readonly rows: number;
  readonly added: number;
  readonly present: number;
  readonly rejected: number;
  readonly cost: { readonly amount: string };
  readonly revenue: { readonly amount: string };
  readonly profit: { readonly amount: string };
  readonly margin: number | null;
  readonly problem: string | null;
  readonly rejects: readonly { readonly line: number; readonly problem: string }[];
  readonly partsPath: string;
  readonly rejectsPath: string | null;
}

const FIELDS = `id state fileBytes receivedBytes rows added present rejected cost { amount } revenue { amount } profit { amount } margin
  problem rejects { line problem } partsPath rejectsPath`;

const announce = async (server: TestServer, text: string | Uint8Array, more: object = {}) => {
  const { createHistoryImport: made } = await server.admin.ask<{
    createHistoryImport: Sent & { readonly fields?: { path: string; message: string }[] };
  }>(
    `mutation ($input: CreateHistoryImportInput!) { createHistoryImport(input: $input) {
      ... on HistoryImport { ${FIELDS} } ... on InvalidInputError { fields { path message } } } }`,
    { input: { fileName: 'history.csv', bytes: Buffer.byteLength(text), ...more } },
  );
  return made;
};

const put = (
  server: TestServer,
  path: string,
  position: number,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = { authorization: `Bearer ${ADMIN_KEY}` },
) => fetch(`${server.url}${path}?position=${position}`, { method: 'PUT', body, headers });

const read = async (server: TestServer, id: string) => {
  const { historyImport } = await server.admin.ask<{ historyImport: Sent }>(
    `query ($id: ID!) { historyImport(id: $id) { ${FIELDS} } }`,
    { id },
  );
  return historyImport;
};

const start = (server: TestServer, id: string) =>
  server.admin.ask<{ startHistoryImport: { state: string } }>(
    'mutation ($id: ID!) { startHistoryImport(id: $id) { state } }',
    { id },
  );

async function reaches(server: TestServer, id: string, state: string): Promise<Sent> {
  await until(`the import is ${state}`, async () => (await read(server, id)).state === state);
  return read(server, id);
}

describeOnEachDatabase('a file of history that is sent', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ kind });
  });
  afterAll(() => server.close());

  const send = async (text: string | Uint8Array<ArrayBuffer>) => {
    const { id, partsPath } = await announce(server, text);
    expect((await put(server, partsPath, 0, text)).status).toBe(200);
    return id;
  };

  test('arrives in parts, goes on where it was cut off, is looked at, and is booked when an admin says so', async () => {
    const text = `${OWNERS}${row('bad', { cost: '-1' })}\r\n`;
    const made = await announce(server, text);
    expect(made).toMatchObject({ state: 'UPLOADING', receivedBytes: 0 });
    const half = 4_000;
    expect(await (await put(server, made.partsPath, 0, text.slice(0, half))).json()).toEqual({
      received: half,
      bytes: text.length,
    });
    // The answer was lost: the same part again is told how much is here.
    const again = await put(server, made.partsPath, 0, text.slice(0, half));
    expect([again.status, await again.json()]).toMatchObject([
      409,
      { errors: [{ extensions: { received: half } }] },
    ]);
    expect((await put(server, made.partsPath, half, `${text.slice(half)}more`)).status).toBe(409);
    await start(server, made.id);
    expect(await read(server, made.id)).toMatchObject({ state: 'UPLOADING', receivedBytes: half });
    expect((await put(server, made.partsPath, half, text.slice(half))).status).toBe(200);

    const checked = await reaches(server, made.id, 'CHECKED');
    const figures = {
      rows: 151,
      added: 150,
      present: 0,
      rejected: 1,
      cost: { amount: '45.75' },
      revenue: { amount: '89.85' },
      profit: { amount: '44.10' },
      margin: 0.490818,
    };
    expect(checked).toMatchObject(figures);
    expect(checked.rejects).toEqual([{ line: 152, problem: 'cost: "-1" is negative: write 0 or more' }]);
    expect(await server.rows('SELECT 1 FROM imported_call')).toEqual([]);

    await Promise.all([start(server, made.id), start(server, made.id)]);
    expect(await reaches(server, made.id, 'IMPORTED')).toMatchObject(figures);
    expect(await server.rows('SELECT count(*)::int AS n FROM imported_call')).toEqual([{ n: 150 }]);
    expect(await server.rows('SELECT 1 FROM history_import_part')).toEqual([]);
    expect(
      await server.rows("SELECT detail->>'added' AS added FROM audit_log WHERE action = 'history.import'"),
    ).toEqual([{ added: '150' }]);

    const rejects = await fetch(`${server.url}${checked.rejectsPath}`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect(rejects.headers.get('content-disposition')).toContain('history.csv.rejected.csv');
    const lines = (await rejects.text()).trimEnd().split('\r\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^bad,.*,152,"cost: ""-1"" is negative/);

    // The reject file, put right, is a file to import; the same file again adds nothing.
    const right = await send(`${lines[0]}\r\n${lines[1]?.replace(',-1,', ',1,')}\r\n`);
    expect(await reaches(server, right, 'CHECKED')).toMatchObject({ added: 1, rejected: 0 });
    const twice = await send(OWNERS);
    expect(await reaches(server, twice, 'CHECKED')).toMatchObject({
      added: 0,
      present: 150,
      margin: 0.490818,
    });
    await server.expectSound();
  });

  test('is refused where it cannot be read, and nothing of it is booked before an admin says so', async () => {
    const id = await send('a,b\n1,2\n');
    const failed = await reaches(server, id, 'FAILED');
    expect(failed.problem).toMatch(/The header lacks external_id/);
    expect((await start(server, id)).startHistoryImport.state).toBe('FAILED');
    const remove = () =>
      server.admin.ask<{ removeHistoryImport: boolean }>(
        'mutation ($id: ID!) { removeHistoryImport(id: $id) }',
        { id },
      );
    expect([await remove(), await remove()]).toEqual([
      { removeHistoryImport: true },
      { removeHistoryImport: false },
    ]);
    expect(await read(server, id)).toBeNull();
  });

  test.each([
    ['cut off', (whole: Buffer) => whole.subarray(0, 20_000)],
    ['a SQLite file by its beginning alone', () => Buffer.from(`SQLite format 3\0${'x'.repeat(5_000)}`)],
  ])('is said to be damaged, and not looked at again and again, when it is %s', async (_, damage) => {
    const path = join(temporaryFolder(), 'old.db');
    const old = new DatabaseSync(path);
    old.exec(`CREATE TABLE api_costs (id INTEGER PRIMARY KEY, service TEXT, cost REAL, created_at TEXT);
      WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
      INSERT INTO api_costs SELECT n, 'dalle-3', 0.08, '2026-09-01 10:00:00' FROM n`);
    old.close();
    const id = await send(new Uint8Array(damage(readFileSync(path))));
    expect((await reaches(server, id, 'FAILED')).problem).toMatch(/^The SQLite file cannot be read: /);
  });

  test('is taken of nobody but an admin, and of no page of another site', async () => {
    const { partsPath } = await announce(server, OWNERS);
    const { key } = await server.admin.keyWith('profit:read');
    expect((await put(server, partsPath, 0, 'x', { authorization: `Bearer ${key}` })).status).toBe(403);
    expect((await put(server, partsPath, 0, 'x', {})).status).toBe(401);
    const admin = { email: 'admin@example.com', password: 'correct horse battery' };
    await server.core.access.ensureFirstAdmin(admin);
    const signedIn = await server.core.access.signIn(admin.email, admin.password, '127.0.0.1');
    const cookie = (signedIn.status === 'signed-in' && signedIn.cookie.split(';')[0]) || '';
    const from = (site: string) => put(server, partsPath, 0, 'x', { cookie, 'sec-fetch-site': site });
    expect((await from('cross-site')).status).toBe(401);
    expect((await from('same-origin')).status).toBe(200);
    expect((await put(server, '/import/history/imp_no', 0, 'x')).status).toBe(404);
    expect((await put(server, partsPath, -1, 'x')).status).toBe(400);
    expect((await put(server, partsPath, 1, 'x'.repeat(4 * 1024 ** 2 + 1))).status).toBe(413);
    const none = await announce(server, '', { layout: 'other' });
    expect(none.fields?.map(({ path }) => path)).toEqual(['bytes', 'layout']);
  });
});

test('a file whose import dies between two batches is gone on with, and each row is booked and counted once', async () => {
  await using server = await startTestServer({ work: false });
  const { core } = server;
  let batches = 0;
  const mortal = createImports({
    ...core,
    folder: temporaryFolder(),
    history: {
      import: (source, options) =>
        core.history.import(source, {
          ...options,
          batchRows: 1_000,
          async withinBatch(sql, added) {
            await options.withinBatch?.(sql, added);
            batches += 1;
            if (batches === 2) throw new Error('The process dies.');
          },
        }),
    },
  });
  await mortal.work();
  const total = 3_000;
  const rows = Array.from({ length: total }, (_, index) => row(`call-${index}`));
  const text = `${[HEADER, ...rows].join('\n')}\n`;
  const { id, partsPath } = await announce(server, text);
  for (let position = 0; position < text.length; position += 100_000) {
    await put(server, partsPath, position, text.slice(position, position + 100_000));
  }
  await reaches(server, id, 'CHECKED');
  await start(server, id);
  expect(await reaches(server, id, 'IMPORTED')).toMatchObject({ added: total, present: 0, rows: total });
  // One that was booked, one that died, and all of them once more: what is there is passed over.
  expect(batches).toBeGreaterThan(3);
  expect(await server.rows('SELECT count(*)::int AS n FROM imported_call')).toEqual([{ n: total }]);
  expect(
    await server.rows("SELECT detail->>'added' AS added FROM audit_log WHERE action = 'history.import'"),
  ).toEqual([{ added: String(total) }]);
  await server.expectSound();
});

test('a file whose runs all come to the same end has failed, and says why; an outage counts for nothing', async () => {
  await using server = await startTestServer({ work: false });
  const { core } = server;
  let step: (id: string) => Promise<void> = async () => {};
  let runs = 0;
  const doomed = createImports({
    ...core,
    folder: temporaryFolder(),
    queue: {
      ...core.queue,
      async workImports(handle) {
        step = handle;
      },
    },
    history: {
      async import() {
        runs += 1;
        throw new Error(runs <= 7 ? 'Connection terminated unexpectedly' : 'A defect\n    at a line of ours');
      },
    },
  });
  await doomed.work();
  const text = `${HEADER}\n${row('call')}\n`;
  const { id, partsPath } = await announce(server, text);
  await put(server, partsPath, 0, text);
  const [{ id: inside } = { id: '' }] = await server.rows<{ id: string }>('SELECT id FROM history_import');
  for (let tries = 0; tries < 11; tries += 1) await expect(step(inside)).rejects.toThrow();
  expect(await read(server, id)).toMatchObject({ state: 'CHECKING', problem: null });
  await step(inside);
  expect(await read(server, id)).toMatchObject({
    state: 'FAILED',
    problem: 'It was tried 5 times, and each time this went wrong: A defect',
  });
  // Its file went with it, and nobody tries again.
  expect(await server.rows('SELECT 1 FROM history_import_part')).toEqual([]);
  await step(inside);
  expect(runs).toBe(12);
});

test('what a process that was killed has left of its run is removed by the next one, and what is old with it', async () => {
  await using server = await startTestServer({ work: false });
  const folder = temporaryFolder();
  let seen: string[] = [];
  const imports = createImports({
    ...server.core,
    folder,
    history: {
      async import() {
        seen = readdirSync(folder).sort();
        return { status: 'busy', message: '' };
      },
    },
  });
  const text = `${HEADER}\n${row('call')}\n`;
  const { partsPath } = await announce(server, text);
  const [{ id } = { id: '' }] = await server.rows<{ id: string }>('SELECT id FROM history_import');
  for (const name of [`history-${id}-0`, 'history-others-3', 'history-old', 'else']) {
    writeFileSync(join(folder, name), 'left');
  }
  const twoDaysAgo = Date.now() / 1_000 - 2 * 86_400;
  for (const name of ['history-old', 'else']) utimesSync(join(folder, name), twoDaysAgo, twoDaysAgo);
  await imports.work();
  await put(server, partsPath, 0, text);
  await until('a run has begun', () => seen.length > 0);
  expect(seen).toEqual(['else', `history-${id}-1`, 'history-others-3'].sort());
});
