/**
 * Slow generations over several processes: some answer, others work. Whichever of the workers dies, and whenever, what was
 * asked for is made once or given back, and is in the books as it came about; who watches hears of it at once.
 */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { runAudit } from '../../server/audit/index.ts';
import { runCommand } from '../../server/cli/run.ts';
import { randomFrom } from '../../server/random.ts';
import { GENERATION, type Outcome, type TestClient, unique } from '../support/client.ts';
import { describeOnPostgres, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { rounds } from '../support/rounds.ts';
import { reachable, type SpawnedServer, spawnServer, temporaryFolder, until } from '../support/server.ts';
import { type LumaVendor, startLumaVendor } from '../support/vendors/luma.ts';
import { expectClean } from '../support/world.ts';

const GENERATE_VIDEO = `mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { ${GENERATION} } }`;
/** What luma/ray-2 asks for five seconds. */
const CREDITS_EACH = 120;

/** Repeat a run by its seed: `WORKERS_SEED=… npm test -- test/faults/workers`. Timing differs all the same. */
const SEED = Number(process.env.WORKERS_SEED ?? Date.now() % 1_000_000);

/** What a vendor does that is not answered, or not well: it leaves it at that. */
function report(address: string, { headers, body }: ReturnType<LumaVendor['report']>): void {
  fetch(address, { method: 'POST', headers, body: new Uint8Array(body) }).then(
    (response) => response.bytes(),
    () => {},
  );
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A database and a vendor that all processes of a suite share. */
interface Shared {
  readonly database: TestDatabase;
  readonly vendor: LumaVendor;
  readonly folder: string;
  spawn(role: 'web' | 'worker', env?: Readonly<Record<string, string>>): SpawnedServer;
  close(): Promise<void>;
}

async function openShared(env: Readonly<Record<string, string>> = {}): Promise<Shared> {
  const database = await openTestDatabase('postgres');
  await database.database.query('DELETE FROM budget');
  const vendor = await startLumaVendor();
  const folder = temporaryFolder();
  const servers: SpawnedServer[] = [];
  return {
    database,
    vendor,
    folder,
    spawn(role, more = {}) {
      const server = spawnServer({
        folder,
        env: {
          DATABASE_URL: database.url ?? '',
          LUMAAI_API_KEY: 'luma-key-of-the-tests',
          LUMAAI_BASE_URL: vendor.url,
          ALLOW_PRIVATE_URLS: 'on',
          ROLE: role,
          ...env,
          ...more,
        },
      });
      servers.push(server);
      return server;
    },
    async close() {
      await Promise.all(servers.map((server) => server.kill('SIGKILL')));
      await vendor.close();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const askForFilm = (client: TestClient, accountId: string, more: object = {}) =>
  client
    .ask<{ generateVideo: Outcome }>(GENERATE_VIDEO, {
      input: {
        idempotencyKey: unique('film'),
        accountId,
        prompt: unique('A lighthouse'),
        model: 'luma/ray-2',
        durationSeconds: 5,
        aspectRatio: '16:9',
        ...more,
      },
    })
    .then(({ generateVideo }) => generateVideo);

describeOnPostgres('processes that answer and processes that work', () => {
  let shared: Shared;
  beforeAll(async () => {
    // Pictures of the sandbox, films of the vendor.
    shared = await openShared({ SANDBOX: 'on' });
  });
  afterAll(() => shared.close());

  test('part the work: one answers pictures at once and leaves films, the other makes films and answers nobody', async () => {
    const web = shared.spawn('web');
    const url = await web.ready;
    const accountId = await web.admin.account(1_000);
    expect(await web.admin.generateImage({ accountId })).toMatchObject({ status: 'SUCCEEDED' });
    const film = await askForFilm(web.admin, accountId);
    expect(film.status).toBe('QUEUED');

    const worker = shared.spawn('worker');
    const workerUrl = await worker.ready;
    await until('the film is being made', () => shared.vendor.generations.size === 1);
    expect(await web.admin.generation(film.id ?? '')).toMatchObject({ status: 'RUNNING' });
    expect(shared.vendor.submits).toBe(1);

    const statusOf = async (path: string, init?: RequestInit) => {
      const response = await fetch(`${workerUrl}${path}`, init);
      await response.bytes();
      return response.status;
    };
    expect(await statusOf('/health/live')).toBe(200);
    expect(await statusOf('/health/ready')).toBe(200);
    expect(await statusOf('/metrics')).toBe(200);
    const body = JSON.stringify({ query: '{ __typename }' });
    const json = { 'content-type': 'application/json' };
    for (const path of ['/graphql', '/webhooks/luma', '/files/x', '/', '/health']) {
      expect([path, await statusOf(path)]).toEqual([path, 404]);
      expect([path, await statusOf(path, { method: 'POST', headers: json, body })]).toEqual([path, 404]);
    }
    const socket = new WebSocket(`${workerUrl.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await expect(
      new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject)),
    ).rejects.toThrow();
    // Nobody signs in there, so that nobody is told how.
    expect(worker.stdout).not.toMatch(/Admin|API key|GraphiQL/);
    expect(url).not.toBe(workerUrl);

    const id = [...shared.vendor.generations.keys()][0] ?? '';
    shared.vendor.finish(id);
    await until(
      'the film is there',
      async () => (await web.admin.generation(film.id ?? ''))?.status === 'SUCCEEDED',
      15_000,
    );
    expect(await worker.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await web.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expectClean(await runAudit(shared.database.database));
  });
});

describeOnPostgres('who watches at a process that answers', () => {
  const FILMS = 20;
  const WITHIN_MS = 500;
  let shared: Shared;
  beforeAll(async () => {
    shared = await openShared();
  });
  afterAll(() => shared.close());

  test(`hears of the end of ${FILMS} films within ${WITHIN_MS} ms of their workers' booking it`, async () => {
    const web = shared.spawn('web');
    const worker = shared.spawn('worker');
    await Promise.all([web.ready, worker.ready]);
    const accountId = await web.admin.account(FILMS * CREDITS_EACH);
    const socket = web.admin.socket();
    let finishing: NodeJS.Timeout | undefined;
    const finishAll = () => {
      for (const { id, state } of shared.vendor.generations.values()) {
        if (state === 'queued') shared.vendor.finish(id);
      }
    };
    let watched = 0;
    const arrivals = await Promise.all(
      Array.from({ length: FILMS }, async () => {
        const { id = '' } = await askForFilm(web.admin, accountId);
        const events = socket.iterate<{ generation: { status: string; completedAt: string | null } }>({
          query: 'subscription ($id: ID!) { generation(id: $id) { status completedAt } }',
          variables: { id },
        });
        let isWatched = false;
        for await (const { data } of events) {
          const arrived = Date.now();
          const { status, completedAt } = data?.generation ?? {};
          // As the worker has written it into the database, before it committed.
          if (completedAt) return { status, late: arrived - new Date(completedAt).getTime() };
          if (isWatched) continue;
          isWatched = true;
          watched += 1;
          // None ends before all are watched; which the worker has not submitted by then ends as soon as it has.
          if (watched === FILMS) finishing = setInterval(finishAll, 20);
        }
        throw new Error('The subscription ended before the film.');
      }),
    ).finally(() => clearInterval(finishing));
    expect(arrivals.map(({ status }) => status)).toEqual(Array(FILMS).fill('SUCCEEDED'));
    expect(Math.max(...arrivals.map(({ late }) => late))).toBeLessThan(WITHIN_MS);
    expect(shared.vendor.submits).toBe(FILMS);
    await socket.dispose();
    expectClean(await runAudit(shared.database.database));
  });
});

const KILLS = rounds(5, 50);

describeOnPostgres(`two workers that are killed ${KILLS} times`, () => {
  const FILMS = KILLS * 4;
  const ACCOUNTS = 4;
  /** One in so many fails at the vendor, which bills nothing for it. */
  const ONE_FAILS_IN = 10;

  test(`and started again make ${FILMS} films of two processes that answer, each once or not at all (seed ${SEED})`, async () => {
    console.log(`workers.test.ts: seed ${SEED}`);
    const random = randomFrom(SEED);
    const own = await reachable();
    const shared = await openShared({ PUBLIC_URL: own.PUBLIC_URL });
    const { vendor } = shared;
    const { database } = shared.database;
    const webs = [shared.spawn('web', own), shared.spawn('web', { PUBLIC_URL: '' })];
    const workers = [shared.spawn('worker'), shared.spawn('worker')];
    const timers = new Set<NodeJS.Timeout>();
    const failed = new Set<string>();
    try {
      await Promise.all([...webs, ...workers].map((server) => server.ready));
      const client = (index: number): TestClient => {
        const server = webs[index % webs.length];
        if (!server) throw new Error('There is no process that answers.');
        return server.admin;
      };

      // The vendor: a film takes a random short time; of half of them it reports the end, and the others are asked after.
      const seen = new Set<string>();
      const film = setInterval(() => {
        for (const { id, request } of vendor.generations.values()) {
          if (seen.has(id)) continue;
          seen.add(id);
          const end = setTimeout(
            () => {
              if (random() < 1 / ONE_FAILS_IN) {
                failed.add(String(request.prompt));
                vendor.fail(id, 'Job failed');
              } else vendor.finish(id);
              if (random() < 0.5) report(String(request.callback_url), vendor.report(id));
            },
            100 + random() * 4_000,
          );
          timers.add(end);
        }
      }, 20);
      timers.add(film);
      // Twenty seconds of silence say that a process is gone: half of them are skipped here.
      const clock = setInterval(() => {
        database
          .query(
            `UPDATE server_process SET heartbeat_at = heartbeat_at - interval '20 seconds'
            WHERE stopped_at IS NULL AND heartbeat_at BETWEEN now() - interval '20 seconds' AND now() - interval '10 seconds'`,
          )
          .then(() =>
            database.query(`UPDATE lease SET until = now() WHERE until < now() + interval '10 seconds'`),
          )
          .catch(() => {});
      }, 1_000);
      timers.add(clock);

      // Customers, during all of it.
      const accounts = await Promise.all(
        Array.from({ length: ACCOUNTS }, (_, index) => client(index).account(FILMS * CREDITS_EACH)),
      );
      const asked = Array.from({ length: FILMS }, (_, index) => ({
        accountId: accounts[index % ACCOUNTS] ?? '',
        idempotencyKey: unique('film'),
        prompt: unique(`Film ${index}`),
      }));
      const ids = new Map<string, string>();
      const asking = (async () => {
        for (const [index, input] of asked.entries()) {
          const { id = '' } = await askForFilm(client(index), input.accountId, input);
          ids.set(input.prompt, id);
          await pause(random() * 300);
        }
      })();
      // A failure of it is found when it is awaited.
      asking.catch(() => {});

      for (let kill = 0; kill < KILLS; kill += 1) {
        const index = kill % workers.length;
        const victim = workers[index];
        // One in five dies on its way up.
        if (random() < 0.8) await victim?.ready;
        await pause(random() * 400);
        expect(await victim?.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
        expect(victim?.stderr).toBe('');
        workers[index] = shared.spawn('worker');
      }
      await asking;
      await until(
        'every film has come to an end',
        async () =>
          (await database.query('SELECT 1 FROM generation WHERE completed_at IS NULL')).length === 0,
        60_000,
      );

      // What was asked for, under the same keys, at the other process: nothing is made anew.
      const submits = vendor.submits;
      const again = await Promise.all(
        asked.map((input, index) => askForFilm(client(index + 1), input.accountId, input)),
      );
      const delivered = again.filter(({ __typename }) => __typename === 'Generation');
      for (const outcome of delivered) expect(outcome.status).toBe('SUCCEEDED');
      expect(vendor.submits).toBe(submits);

      const rows = await database.query<{
        prompt: string;
        accountId: string;
        status: string;
        attempts: number;
        posts: number;
        charged: number;
        booked: string;
      }>(
        `SELECT g.prompt, g.account_id AS "accountId", g.status, g.credits_charged AS charged,
          (SELECT count(*)::int FROM attempt a WHERE a.generation_id = g.id) AS attempts,
          (SELECT string_agg(a.outcome::text, ' ') FROM attempt a WHERE a.generation_id = g.id) AS booked,
          (SELECT count(*)::int FROM entry e WHERE e.generation_id = g.id AND e.kind = 'POST') AS posts
        FROM generation g`,
      );
      expect(rows).toHaveLength(FILMS);
      const onTheWire = new Map<string, number>();
      for (const hit of vendor.hits) {
        if (hit.kind !== 'submit') continue;
        const { prompt } = JSON.parse(hit.body) as { prompt: string };
        onTheWire.set(prompt, (onTheWire.get(prompt) ?? 0) + 1);
      }
      for (const row of rows) {
        const sent = onTheWire.get(row.prompt) ?? 0;
        const what = `${JSON.stringify(row)}, sent ${sent} times`;
        // Every attempt is a call that went out; a call that never did has none.
        expect(sent, what).toBeLessThanOrEqual(row.attempts);
        expect(row.attempts, what).toBeLessThanOrEqual(1);
        const succeeded = row.status === 'SUCCEEDED';
        expect([row.posts, row.charged], what).toEqual(succeeded ? [1, CREDITS_EACH] : [0, 0]);
        if (succeeded) expect([sent, row.booked], what).toEqual([1, 'SUCCEEDED']);
        else expect(row.status, what).toBe('FAILED');
        if (failed.has(row.prompt)) expect(row.status, what).toBe('FAILED');
        // Lost is only what a worker took to its grave between the call and its answer.
        else if (!succeeded) expect(row.booked, what).toBe('UNKNOWN');
      }
      const succeeded = rows.filter(({ status }) => status === 'SUCCEEDED').length;
      expect(delivered).toHaveLength(succeeded);
      // All but those that the vendor failed, and those whose worker died between the call and its answer: how many those
      // are hangs on how busy this machine is, and on one that starts workers slowly it was all but one.
      expect(succeeded).toBeGreaterThan(0);
      let posted = 0;
      for (const [index, accountId] of accounts.entries()) {
        const balance = await client(index).balance(accountId);
        expect(balance.reserved).toBe(0);
        posted += balance.posted;
      }
      expect(posted).toBe(ACCOUNTS * FILMS * CREDITS_EACH - succeeded * CREDITS_EACH);

      for (const server of [...webs, ...workers]) {
        await server.ready;
        expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
        expect(server.stderr).toBe('');
      }
      const complaints: string[] = [];
      const code = await runCommand(
        ['audit'],
        { DATABASE_URL: shared.database.url ?? '' },
        { print: () => {}, complain: (line) => complaints.push(line) },
      );
      expect([code, complaints]).toEqual([0, []]);
    } finally {
      for (const timer of timers) clearInterval(timer);
      await shared.close();
    }
  }, 240_000);
});
