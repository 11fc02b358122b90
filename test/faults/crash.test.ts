/**
 * `kill -9` at any moment loses nothing: whatever was answered stays so, whatever was not comes to an end, and the books
 * are sound. On the embedded database, and on Postgres, where neighbours go on meanwhile.
 */
import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runAudit } from '../../server/audit/index.ts';
import { CHEAP, type Outcome, type TestClient, unique } from '../support/client.ts';
import { describeOnPostgres, openTestDatabase } from '../support/databases.ts';
import { rounds } from '../support/rounds.ts';
import {
  expectSoundFolder,
  prepareFolder,
  type SpawnedServer,
  spawnReady,
  spawnServer,
  temporaryFolder,
  until,
} from '../support/server.ts';
import { expectClean } from '../support/world.ts';

const CREDITS = 1_000_000;
/** Callers of one server at once, and how long each may take between two calls. */
const CALLERS = 3;
const MOST_PAUSE_MS = 60;

/** What callers ask for, mixed: quick and slow, jobs, every way to fail, and what nobody waits for. */
const MIX: readonly { readonly directives: string; readonly waitMs: number }[] = [
  { directives: '', waitMs: 30_000 },
  { directives: '', waitMs: 0 },
  { directives: '[sandbox:slow=60]', waitMs: 30_000 },
  { directives: '[sandbox:slow=400]', waitMs: 0 },
  { directives: '[sandbox:job=100]', waitMs: 30_000 },
  { directives: '[sandbox:job=1500]', waitMs: 0 },
  { directives: '[sandbox:job=200][sandbox:bill-failure]', waitMs: 0 },
  { directives: '[sandbox:fail]', waitMs: 30_000 },
  { directives: '[sandbox:refuse]', waitMs: 30_000 },
  { directives: '[sandbox:bill-failure]', waitMs: 30_000 },
  { directives: '[sandbox:unknown]', waitMs: 30_000 },
  { directives: '[sandbox:hang]', waitMs: 0 },
];

interface Asked {
  readonly key: string;
  readonly kind: 'image' | 'grant';
  readonly mix: (typeof MIX)[number];
  /** What came back; null when the connection broke first. */
  answer: Outcome | null;
}

/** All that was ever asked of an account, across crashes. */
class Journal {
  readonly accountId: string;
  readonly asked: Asked[] = [];

  constructor(accountId: string) {
    this.accountId = accountId;
  }

  #send(client: TestClient, { kind, key, mix }: Asked, waitMs: number): Promise<Outcome> {
    return kind === 'grant'
      ? client.grant(this.accountId, 3, { idempotencyKey: key })
      : client.generateImage({
          accountId: this.accountId,
          idempotencyKey: key,
          prompt: `${CHEAP.prompt} ${mix.directives}`,
          waitMs,
        });
  }

  /** Asks and asks until the server is gone. */
  async load(client: TestClient): Promise<void> {
    const caller = async () => {
      for (;;) {
        const mix = MIX[Math.floor(Math.random() * MIX.length)];
        if (!mix) throw new Error('An empty mix.');
        const kind = Math.random() < 0.1 ? 'grant' : 'image';
        const asked: Asked = { key: unique('crash'), kind, mix, answer: null };
        this.asked.push(asked);
        try {
          asked.answer = await this.#send(client, asked, mix.waitMs);
        } catch (error) {
          // `fetch` says so when the server is gone; anything else is an answer that should not be.
          if (!(error instanceof TypeError)) throw error;
          return;
        }
        // Without a breath between calls, the servers that start in the meantime would take many times as long.
        await pause(0, MOST_PAUSE_MS);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
  }

  /**
   * Asks everything once more, of a server that has come to rest: what was answered is answered the same, and what was
   * not has come to an end, or does now. Then the account has what it should have.
   */
  async replay(client: TestClient): Promise<void> {
    const answers: Outcome[] = [];
    // One that hangs and was not answered may never have arrived: asked again, it would hang again.
    const known = this.asked.filter(
      ({ answer, kind, mix }) => answer || kind === 'grant' || !mix.directives.includes('hang'),
    );
    for (let at = 0; at < known.length; at += 50) {
      const page = known.slice(at, at + 50);
      answers.push(...(await Promise.all(page.map((asked) => this.#send(client, asked, 30_000)))));
    }
    let spent = 0;
    let granted = 0;
    known.forEach((asked, index) => {
      const now = answers[index];
      const what = `${asked.mix.directives} ${JSON.stringify(asked.answer)} → ${JSON.stringify(now)}`;
      expect(now?.__typename, what).toMatch(
        asked.kind === 'grant' ? /^Grant$/ : /^(Generation|ProviderUnavailableError|ContentRefusedError)$/,
      );
      if (asked.kind === 'grant') {
        granted += 3;
        if (asked.answer) expect(now, what).toEqual(asked.answer);
        return;
      }
      if (now?.__typename === 'Generation') {
        expect(now.status, what).toBe('SUCCEEDED');
        spent += now.creditsCharged ?? 0;
      }
      const before = asked.answer;
      if (!before) return;
      const wasDone = before.__typename !== 'Generation' || before.status === 'SUCCEEDED';
      // The port differs from process to process.
      if (wasDone) expect(withoutPort(now), what).toEqual(withoutPort(before));
      else if (now?.__typename === 'Generation') expect(now.id, what).toBe(before.id);
    });
    const posted = CREDITS + granted - spent;
    expect(await client.balance(this.accountId)).toEqual({ available: posted, reserved: 0, posted });
  }
}

function withoutPort(outcome: Outcome | undefined): unknown {
  return JSON.parse(JSON.stringify(outcome).replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, ''));
}

const pause = (least: number, most: number) =>
  new Promise((resolve) => setTimeout(resolve, least + Math.random() * (most - least)));

/** That no call is under way any more, as the server itself says. */
async function cameToRest(client: TestClient): Promise<void> {
  const open = () =>
    client.ask<{ queued: { edges: [] }; running: { edges: [] } }>(
      '{ queued: generations(status: QUEUED) { edges { node { id } } } running: generations(status: RUNNING) { edges { node { id } } } }',
    );
  await until(
    'every reservation is resolved',
    async () => {
      const { queued, running } = await open();
      return queued.edges.length + running.edges.length === 0;
    },
    60_000,
  );
}

const EMBEDDED_KILLS = rounds(2, 6);
const KILLS = rounds(4, 24);

describe(`a server on the embedded database that is killed ${EMBEDDED_KILLS} times`, () => {
  test('has lost nothing after the last restart, and every reservation comes to an end', async () => {
    const folder = await prepareFolder();
    let server: SpawnedServer | undefined;
    let journal: Journal | undefined;
    try {
      for (let kill = 0; kill < EMBEDDED_KILLS; kill += 1) {
        server = spawnServer({ folder });
        if (kill % 3 === 1) {
          // In the middle of its start, or of taking up what the last one left.
          await pause(300, 2_500);
        } else {
          await server.ready;
          journal ??= new Journal(await server.admin.account(CREDITS));
          const load = journal.load(server.admin);
          await pause(50, 700);
          await server.kill('SIGKILL');
          await load;
        }
        expect(await server.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
        expect(server.stderr).toBe('');
      }
      server = await spawnReady({ folder });
      await cameToRest(server.admin);
      await journal?.replay(server.admin);
      expect(journal?.asked.length).toBeGreaterThan(EMBEDDED_KILLS);
      expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
      await expectSoundFolder(folder);
    } finally {
      await server?.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  }, 120_000);
});

describeOnPostgres(
  `three servers on one database of which one after the other is killed, ${KILLS} times`,
  (kind) => {
    test('have lost nothing in the end: the books are sound after each kill, and every reservation comes to an end', async () => {
      const shared = await openTestDatabase(kind);
      const folder = temporaryFolder();
      await shared.database.query('DELETE FROM budget');
      const env = { DATABASE_URL: shared.url ?? '' };
      const servers: SpawnedServer[] = [];
      const loads: Promise<void>[] = [];
      let journal: Journal | undefined;
      const start = () => {
        const server = spawnServer({ folder, env });
        servers.push(server);
        const load = server.ready.then(async () => {
          journal ??= new Journal(await server.admin.account(CREDITS));
          return journal.load(server.admin);
        });
        // A failure of it is found when all are awaited.
        load.catch(() => {});
        loads.push(load);
      };
      try {
        start();
        await servers[0]?.ready;
        await until('the account is made', () => journal !== undefined);
        start();
        start();
        for (let kill = 0; kill < KILLS; kill += 1) {
          const victim = servers.shift();
          await victim?.ready;
          await pause(10, 200);
          expect(await victim?.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
          expect(victim?.stderr).toBe('');
          start();
          expectClean(await runAudit(shared.database));
        }
        await Promise.all(servers.map((server) => server.ready.then(() => server.kill('SIGKILL'))));
        await Promise.all(loads);
        servers.length = 0;
        const last = await spawnReady({ folder, env });
        servers.push(last);

        // Twenty seconds of silence say that a process is gone: they are skipped here, and so is the rest of its leases.
        await shared.database.query('UPDATE lease SET until = now()');
        await shared.database.query(
          "UPDATE server_process SET heartbeat_at = heartbeat_at - interval '20 seconds' WHERE id <> (SELECT max(id::text)::uuid FROM server_process)",
        );
        await cameToRest(last.admin);
        await journal?.replay(last.admin);
        expect(journal?.asked.length).toBeGreaterThan(KILLS);
        expect(await last.kill('SIGTERM')).toEqual({ code: 0, signal: null });
        expectClean(await runAudit(shared.database));
        expect(await shared.database.query("SELECT 1 FROM reservation WHERE status = 'PENDING'")).toEqual([]);
      } finally {
        await Promise.all(servers.map((server) => server.kill('SIGKILL')));
        await Promise.allSettled(loads);
        await shared.close();
        rmSync(folder, { recursive: true, force: true });
      }
    }, 120_000);
  },
);
