/** The whole server as a process: its start, its stop, and what it says of itself. */
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../server/database/index.ts';
import { HEADER, row } from '../history/fixture.ts';
import { type Outcome, unique } from '../support/client.ts';
import {
  ADMIN_KEY,
  expectSoundFolder,
  prepareFolder,
  spawnReady,
  spawnServer,
  temporaryFolder,
  until,
} from '../support/server.ts';

// Each test starts two servers, on a machine that may be busy with other suites.
describe('a stop', { timeout: 90_000 }, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await prepareFolder();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('answers the calls under way first, is not ready meanwhile, and leaves everything where it was', async () => {
    const server = await spawnReady({ folder });
    const accountId = await server.admin.account(100);
    // A picture from before.
    const before = await server.admin.generateImage({ accountId });
    const file = new URL(before.outputs?.[0]?.url ?? '').pathname;
    const closed = Promise.withResolvers<{ code: number }>();
    const socket = server.admin.socket({ onClosed: closed.resolve });
    const watching = socket.iterate({
      query: 'subscription ($id: ID) { balance(accountId: $id) { posted } }',
      variables: { id: accountId },
    });
    await watching.next();
    watching.next().catch(() => {});

    const key = unique('slow');
    const slow = server.admin.generateImage({
      accountId,
      idempotencyKey: key,
      prompt: 'A lighthouse [sandbox:slow=2000]',
    });
    await until('it is under way', async () => (await server.admin.balance(accountId)).reserved === 2);
    server.process.kill('SIGTERM');
    const ready = () => server.admin.fetch('/health/ready').then((response) => response.status);
    await until('it is not ready any more', async () => (await ready()) === 503);
    expect((await server.admin.fetch('/health/live')).status).toBe(200);
    expect(await slow).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 2 });
    expect((await closed.promise).code).toBe(1001);
    expect(await server.exit).toEqual({ code: 0, signal: null });
    expect(server.stderr).toBe('');
    await socket.dispose();

    const again = await spawnReady({ folder });
    expect(await again.admin.balance(accountId)).toEqual({ available: 96, reserved: 0, posted: 96 });
    expect(
      await again.admin.generateImage({
        accountId,
        idempotencyKey: key,
        prompt: 'A lighthouse [sandbox:slow=2000]',
      }),
    ).toMatchObject({
      status: 'SUCCEEDED',
    });
    const response = await again.admin.fetch(file);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect((await response.bytes()).length).toBe(before.outputs?.[0]?.bytes);
    expect(await again.kill('SIGINT')).toEqual({ code: 0, signal: null });
    await expectSoundFolder(folder);
  });

  test('waits no longer than it is told to; what is left is taken up by the next start', async () => {
    const server = await spawnReady({ folder, env: { DRAIN_SECONDS: '1' } });
    const accountId = await server.admin.account(100);
    const call = { accountId, idempotencyKey: unique('hang'), prompt: 'A lighthouse [sandbox:hang]' };
    const hanging: Outcome = await server.admin.generateImage({ ...call, waitMs: 0 });
    const started = performance.now();
    expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - started).toBeLessThan(8_000);

    const again = await spawnReady({ folder });
    await until('it is resolved', async () => (await again.admin.balance(accountId)).reserved === 0);
    expect(await again.admin.balance(accountId)).toEqual({ available: 100, reserved: 0, posted: 100 });
    expect(await again.admin.booked(hanging.id ?? '')).toMatchObject({ status: 'FAILED', creditsCharged: 0 });
    expect(await again.admin.generateImage(call)).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      creditsReturned: 2,
    });
    await again.kill('SIGTERM');
    await expectSoundFolder(folder);
  });
});

describe('a stop while a file of history is read', { timeout: 90_000 }, () => {
  test('does not wait for its end: the next start goes on with it', async () => {
    const folder = await prepareFolder();
    const server = await spawnReady({ folder });
    const rows = Array.from({ length: 100_000 }, (_, index) => row(`call-${index}`));
    const file = `${[HEADER, ...rows].join('\n')}\n`;
    const { createHistoryImport: made } = await server.admin.ask<{
      createHistoryImport: { id: string; partsPath: string };
    }>(
      `mutation ($input: CreateHistoryImportInput!) {
        createHistoryImport(input: $input) { ... on HistoryImport { id partsPath } } }`,
      { input: { fileName: 'history.csv', bytes: file.length } },
    );
    const PART = 4_000_000;
    for (let position = 0; position < file.length; position += PART) {
      const sent = await server.admin.fetch(`${made.partsPath}?position=${position}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
        body: file.slice(position, position + PART),
      });
      expect(sent.status).toBe(200);
    }
    await until('it is read', async () => {
      const { historyImport } = await server.admin.ask<{ historyImport: { rows: number } }>(
        'query ($id: ID!) { historyImport(id: $id) { rows } }',
        { id: made.id },
      );
      return historyImport.rows > 0;
    });
    expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    const database = await openDatabase({ folder });
    expect(await database.query('SELECT state FROM history_import')).toEqual([{ state: 'CHECKING' }]);
    expect(
      await database.query(
        `SELECT 1 AS waits FROM pgboss.job WHERE name = 'history-import' AND state = 'created'`,
      ),
    ).toEqual([{ waits: 1 }]);
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });
});

// A first start lays out a whole database.
describe('a start', { timeout: 90_000 }, () => {
  test('with a wrong variable prints one line that names it, and not its value, and ends with 1', async () => {
    const folder = temporaryFolder();
    const server = spawnServer({ folder, env: { RATE_LIMIT_PER_MINUTE: 'a-secret-put-here-by-mistake' } });
    expect(await server.exit).toEqual({ code: 1, signal: null });
    expect(server.stderr).toMatch(/^RATE_LIMIT_PER_MINUTE must be a whole number.*\n$/);
    expect(server.stdout + server.stderr).not.toContain('a-secret');
    rmSync(folder, { recursive: true, force: true });
  });

  test('on a folder that another process has says so in one line, and leaves that one alone', async () => {
    const folder = await prepareFolder();
    const database = await openDatabase({ folder });
    const server = spawnServer({ folder });
    expect(await server.exit).toEqual({ code: 1, signal: null });
    expect(server.stderr).toMatch(
      new RegExp(`^The embedded database in .* is in use by process ${process.pid}\\b.*\\n$`),
    );
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('on a database that is not there says so in a line, without the password', async () => {
    const folder = temporaryFolder();
    const server = spawnServer({
      folder,
      env: { DATABASE_URL: 'postgres://user:hunter2@127.0.0.1:1/solvent' },
    });
    expect(await server.exit).toEqual({ code: 1, signal: null });
    expect(server.stderr).not.toContain('hunter2');
    expect(server.stderr).toMatch(/127\.0\.0\.1|database|Postgres/i);
    expect(server.stderr).not.toMatch(/\n\s+at /);
    rmSync(folder, { recursive: true, force: true });
  });

  test('on a port that is taken says so in a line', async () => {
    const folder = await prepareFolder();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const server = spawnServer({ folder, env: { PORT: String(port) } });
    expect(await server.exit).toEqual({ code: 1, signal: null });
    expect(server.stderr).toMatch(new RegExp(`^.*in use.*${port}\\n$`));
    other.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('that is told to stop ends in good order, and takes no call: a container would not be told twice', async () => {
    const folder = await prepareFolder();
    const server = spawnServer({ folder });
    const lock = join(folder, 'lock');
    await until('it opens its database', () => existsSync(lock));
    expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(server.stdout).not.toContain('is ready');
    expect(existsSync(lock)).toBe(false);
    await expectSoundFolder(folder);
    rmSync(folder, { recursive: true, force: true });
  });

  test('for the first time prints what a newcomer needs: the addresses, an admin and a key that works', async () => {
    const folder = temporaryFolder();
    try {
      const server = await spawnReady({ folder, env: { SOLVENT_ADMIN_KEY: '' } });
      await until('all is printed', () => server.stdout.includes('("demo")'));
      expect(server.stdout).toMatch(/Sign in {4}admin@solvent\.local {2}\S{12,}/);
      const key = /API key {4}(slv_\S+)/.exec(server.stdout)?.[1] ?? '';
      const account = /Account {4}(acc_\S+)/.exec(server.stdout)?.[1] ?? '';
      const response = await server.admin.fetch('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({
          query: 'query ($id: ID!) { account(id: $id) { externalId balance { available } } }',
          variables: { id: account },
        }),
      });
      expect(await response.json()).toMatchObject({
        data: { account: { externalId: 'demo', balance: { available: 100 } } },
      });
      const page = await (await server.admin.fetch('/graphql', { headers: { accept: 'text/html' } })).text();
      expect(page).toContain(key);
      expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
