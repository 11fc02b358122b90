/** Postgres dies under load and comes back: paid calls fail closed, nothing is lost or booked twice, and nobody restarts anything. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runAudit } from '../../server/audit/index.ts';
import { type Database, openDatabase } from '../../server/database/index.ts';
import { createClient, type Outcome, unique } from '../support/client.ts';
import { describeWithCluster, startCluster } from '../support/cluster.ts';
import { describeOnPostgres, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { type DatabaseProxy, openProxy } from '../support/proxy.ts';
import { type SpawnedServer, spawnReady, temporaryFolder, until } from '../support/server.ts';
import { WAYS, watch } from '../support/watching.ts';
import { expectClean } from '../support/world.ts';

const LIVE_PROFIT =
  'subscription { liveProfit(window: DAY) { reservationsOpen totals { calls succeeded } } }';
const CALLERS = 12;
/** Longer than the vendor's answer takes, and than a batch is tried. */
const OUTAGE_MS = 1_500;

interface Told {
  readonly liveProfit: {
    readonly reservationsOpen: number;
    readonly totals: { readonly calls: number; readonly succeeded: number };
  };
}

/** How many reservations are open. */
async function pendingIn(database: Database): Promise<number | undefined> {
  const [row] = await database.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM reservation WHERE status = 'PENDING'",
  );
  return row?.count;
}

describeOnPostgres('a database that goes away', () => {
  let opened: TestDatabase;
  let proxy: DatabaseProxy;
  let server: SpawnedServer;
  const rows = <Row>(text: string) => opened.database.query<Row>(text);
  const pending = () => pendingIn(opened.database);
  const outage = async () => {
    proxy.cutAnswers();
    await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
    proxy.restore();
  };
  beforeAll(async () => {
    opened = await openTestDatabase('postgres');
    await rows('DELETE FROM budget');
    proxy = await openProxy(opened.url ?? '');
    server = await spawnReady({
      folder: temporaryFolder(),
      env: { DATABASE_URL: proxy.url, SANDBOX: 'on', LOG_LEVEL: 'silent' },
    });
  });
  afterAll(async () => {
    await server?.kill('SIGKILL');
    await proxy?.[Symbol.asyncDispose]();
    await opened?.close();
  });

  test('before a reservation is heard to be committed has it given back: nothing was sent, and nothing is booked', async () => {
    const { admin } = server;
    const accountId = await admin.account(100);
    // What a call looks up is known from now on: the next one sends its reservation first.
    await admin.generateImage({ accountId });
    const key = unique('lost');
    proxy.cutAnswers();
    const refused = await admin.sendImage({ accountId, idempotencyKey: key });
    expect([refused.status, refused.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(await pending()).toBe(1);
    proxy.restore();
    await until('it is given back', async () => (await pending()) === 0, 30_000);
    expect(await admin.balance(accountId)).toEqual({ available: 98, reserved: 0, posted: 98 });
    const answer = await admin.generateImage({ accountId, idempotencyKey: key });
    expect(answer).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', creditsReturned: 2 });
    expect(await rows('SELECT FROM attempt')).toHaveLength(1);
    expectClean(await runAudit(opened.database));
  });

  test('without a word, its connections open, has paid calls refused within half a minute, and all goes on afterwards', async () => {
    const { admin } = server;
    const accountId = await admin.account(100);
    await admin.generateImage({ accountId });
    proxy.hang();
    const refused = await admin.sendImage({ accountId });
    expect([refused.status, refused.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect((await admin.fetch('/health/ready')).status).toBe(503);
    proxy.restore();
    await until('it is ready', async () => (await admin.fetch('/health/ready')).status === 200, 20_000);
    expect(await admin.generateImage({ accountId })).toMatchObject({ status: 'SUCCEEDED' });
    await until('nothing is pending', async () => (await pending()) === 0, 20_000);
    expectClean(await runAudit(opened.database));
  }, 90_000);

  test('refuses what is asked over a WebSocket by itself, and tells a new one to come again', async () => {
    const { key } = await server.admin.keyWith('admin');
    const client = createClient(await server.ready, key);
    let closed: number | undefined;
    const socket = client.socket({
      lazy: false,
      onClosed: ({ code }) => {
        closed = code;
      },
    });
    const ask = () => socket.iterate<Told>({ query: LIVE_PROFIT });
    const subscription = ask();
    expect((await subscription.next()).value?.data?.liveProfit).toBeDefined();
    proxy.cutAnswers();
    // What is known of a key is known for two seconds.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await expect(ask().next()).rejects.toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
    expect(closed).toBeUndefined();
    const code = await new Promise<number>((resolve) => {
      client.socket({ lazy: false, onClosed: (event) => resolve(event.code) });
    });
    // Clients take 4500 for the end of all they have asked.
    expect(code).toBe(1013);
    proxy.restore();
    await until('it is ready', async () => (await client.fetch('/health/ready')).status === 200, 20_000);
    expect((await ask().next()).value?.data?.liveProfit).toBeDefined();
    await socket.dispose();
  }, 60_000);

  test('while a provider fails has the next one asked, once each', async () => {
    const { admin } = server;
    const accountId = await admin.account(100);
    const { id = '' } = await admin.generateImage({
      accountId,
      model: undefined,
      prompt: 'A lighthouse [sandbox:slow=400] [sandbox:fail]',
      waitMs: 0,
    });
    await outage();
    await until('it has ended', async () => (await pending()) === 0, 30_000);
    const { status, attempts } = await admin.booked(id);
    expect(status).toBe('FAILED');
    // As many as the credits of the cheapest one pay for.
    expect(attempts?.map(({ outcome }) => outcome)).toEqual(['FAILED_UNBILLED', 'FAILED_UNBILLED']);
    expect(new Set(attempts?.map(({ provider }) => provider)).size).toBe(2);
    expectClean(await runAudit(opened.database));
  });

  test.each([
    [
      '[sandbox:fail]',
      { status: 'FAILED', attempts: [{ outcome: 'FAILED_UNBILLED', cost: { amount: '0.00' } }] },
    ],
    ['[sandbox:bill-failure]', { status: 'FAILED', attempts: [{ outcome: 'FAILED_BILLED' }] }],
    ['[sandbox:refuse]', { status: 'FAILED', attempts: [{ outcome: 'FAILED_UNBILLED' }] }],
    ['a picture', { status: 'SUCCEEDED', attempts: [{ outcome: 'SUCCEEDED' }] }],
  ])('while a vendor works loses nothing of what it answers: %s', async (answer, booked) => {
    const { admin } = server;
    const accountId = await admin.account(100);
    const { id = '' } = await admin.generateImage({
      accountId,
      prompt: `A lighthouse [sandbox:slow=400] ${answer}`,
      waitMs: 0,
    });
    await outage();
    await until('it has ended', async () => (await pending()) === 0, 20_000);
    expect(await admin.booked(id)).toMatchObject(booked);
    expect((await admin.balance(accountId)).reserved).toBe(0);
    expectClean(await runAudit(opened.database));
  });

  test('as a process is told to stop has it end in good order all the same', async () => {
    const leaving = await spawnReady({
      folder: temporaryFolder(),
      env: { DATABASE_URL: proxy.url, SANDBOX: 'on', LOG_LEVEL: 'silent' },
    });
    proxy.cutAnswers();
    expect(await leaving.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(leaving.stderr).toBe('');
    proxy.restore();
  });
});

describeWithCluster('Postgres that is killed and restarted under load', () => {
  test('makes paid calls fail closed with 503, and all goes on by itself when it is back', async () => {
    await using cluster = await startCluster();
    const server = await spawnReady({
      folder: temporaryFolder(),
      env: { DATABASE_URL: cluster.url, SANDBOX: 'on', LOG_LEVEL: 'silent' },
    });
    try {
      const { admin } = server;
      for (const period of ['HOUR', 'DAY']) {
        await admin.setBudget({ scope: 'GLOBAL', period, limit: '100000', action: 'BLOCK' });
      }
      const accountId = await admin.account(100_000);
      const subscriptions = await Promise.all(WAYS.map((way) => watch<Told>(way, admin, LIVE_PROFIT)));
      for (const subscription of subscriptions) {
        expect((await subscription.next())?.data?.liveProfit.totals.calls).toBe(0);
      }

      const keys = { made: new Set<string>(), refused: new Set<string>(), givenBack: new Set<string>() };
      const strange: string[] = [];
      let goesOn = true;
      const call = async (key: string) => {
        const answer = await admin.sendImage({ accountId, idempotencyKey: key, waitMs: 2_000 });
        const outcome = answer.data?.generateImage as Outcome | undefined;
        if (outcome?.__typename === 'Generation') {
          keys.made.add(key);
          keys.refused.delete(key);
        } else if (keys.refused.has(key) && outcome?.creditsReturned) {
          // It had been reserved, and the sweep was faster than the caller.
          keys.givenBack.add(key);
          keys.refused.delete(key);
        } else if (answer.status === 503 && answer.code === 'SERVICE_UNAVAILABLE') keys.refused.add(key);
        else strange.push(`${answer.status} ${answer.text.slice(0, 300)}`);
        return answer;
      };
      const caller = async () => {
        while (goesOn) await call(unique('load'));
      };
      const callers = Promise.all(Array.from({ length: CALLERS }, caller));

      await until('calls are made', () => keys.made.size > 50);
      await cluster.crash();
      await until('calls are refused', () => keys.refused.size >= CALLERS, 20_000);
      const ready = await admin.fetch('/health/ready');
      expect(ready.status).toBe(503);
      expect(await ready.json()).toMatchObject({
        status: 'unavailable',
        parts: { database: { status: 'unavailable' } },
      });
      const refusal = await call(unique('while-it-is-away'));
      expect(refusal.headers.get('retry-after')).toBe('5');

      await cluster.start();
      const before = keys.made.size;
      await until('calls are made again', () => keys.made.size > before + 50, 30_000);
      goesOn = false;
      await callers;
      expect(strange).toEqual([]);
      await until('it is ready', async () => (await admin.fetch('/health/ready')).status === 200);

      // What was refused may have been booked after all: the same key says so, and never makes it twice.
      for (const key of keys.refused) await call(key);
      expect(keys.refused.size).toBe(0);

      const database = await openDatabase({ url: cluster.url, connections: 2 });
      try {
        const count = async (text: string) => (await database.query<{ count: number }>(text))[0]?.count;
        await until('nothing is pending', async () => (await pendingIn(database)) === 0, 30_000);
        expect(await count('SELECT count(*)::int AS count FROM generation')).toBe(
          keys.made.size + keys.givenBack.size,
        );
        const calls = await count('SELECT count(*)::int AS count FROM attempt');
        expectClean(await runAudit(database));

        // The same subscriptions as before.
        for (const subscription of subscriptions) {
          await admin.generateImage({ accountId });
          const told = await (async () => {
            for (;;) {
              const event = await subscription.next();
              if (!event?.data) throw new Error(`It ended with ${JSON.stringify(event)}.`);
              if (event.data.liveProfit.totals.calls > (calls ?? 0)) return event.data.liveProfit;
            }
          })();
          expect(told.totals.calls).toBeLessThanOrEqual(
            (await count('SELECT count(*)::int AS count FROM attempt')) ?? 0,
          );
          await subscription.close();
        }
        expectClean(await runAudit(database));
      } finally {
        await database.close();
      }
    } finally {
      await server.kill('SIGKILL');
    }
  }, 120_000);
});
