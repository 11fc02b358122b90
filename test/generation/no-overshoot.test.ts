/** Over HTTP, as many callers at once as one can have: no credit is spent twice, and no budget is passed. */
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runAudit } from '../../server/audit/index.ts';
import { createClient, type Outcome, type TestClient } from '../support/client.ts';
import { describeOnEachDatabase, describeOnPostgres, openTestDatabase } from '../support/databases.ts';
import { ADMIN_KEY, spawnReady, startTestServer, temporaryFolder } from '../support/server.ts';
import { expectClean } from '../support/world.ts';

const CALLS = 1_000;
/** On two cores that others use as well. */
const SLOW_MS = 90_000;

/** A picture of $0.04, drawn small. */
const FOUR_CENTS = { model: 'replicate/flux-1.1-pro', size: '1024x1024', prompt: 'A lighthouse', seed: 7 };

const count = (outcomes: readonly Outcome[], name: string) =>
  outcomes.filter((outcome) => outcome.__typename === name).length;

/** Calls through all clients in turn, all at once. */
function atOnce(clients: readonly TestClient[], calls: number, options: object): Promise<Outcome[]> {
  return Promise.all(
    Array.from({ length: calls }, (_, index) => {
      const client = clients[index % clients.length];
      if (!client) throw new Error('No client.');
      return client.generateImage(options);
    }),
  );
}

type Rows = <Row>(text: string, parameters?: readonly unknown[]) => Promise<Row[]>;

async function creditsAreNotOverdrawn(clients: readonly [TestClient, ...TestClient[]]): Promise<void> {
  const [client] = clients;
  const accountId = await client.account(100);
  const bystander = await client.account(40);
  const outcomes = await atOnce(clients, CALLS, { accountId });

  expect(count(outcomes, 'Generation')).toBe(50);
  expect(count(outcomes, 'InsufficientCreditsError')).toBe(CALLS - 50);
  for (const outcome of outcomes) {
    if (outcome.__typename === 'Generation') {
      expect(outcome).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 2 });
    } else {
      expect(outcome).toMatchObject({ code: 'INSUFFICIENT_CREDITS', required: 2 });
      expect(outcome.available).toBeLessThan(2);
    }
  }
  expect(new Set(outcomes.map(({ id }) => id)).size).toBe(51);
  expect(await client.balance(accountId)).toEqual({ available: 0, reserved: 0, posted: 0 });
  expect(await client.balance(bystander)).toEqual({ available: 40, reserved: 0, posted: 40 });
}

async function budgetIsNotPassed(clients: readonly [TestClient, ...TestClient[]], rows: Rows): Promise<void> {
  const [client] = clients;
  // What calls before this have cost counts in the day's window too.
  const [before] = await rows<{ cost: string }>(
    'SELECT coalesce(sum(cost_micros), 0)::text AS cost FROM attempt',
  );
  const limit = (1_000_000n + BigInt(before?.cost ?? 0)).toString().padStart(7, '0');
  await client.setBudget({
    scope: 'GLOBAL',
    period: 'DAY',
    action: 'BLOCK',
    limit: `${limit.slice(0, -6)}.${limit.slice(-6)}`,
  });
  const accountId = await client.account(10_000);
  const outcomes = await atOnce(clients, CALLS, { ...FOUR_CENTS, accountId });

  expect(count(outcomes, 'Generation')).toBe(25);
  expect(count(outcomes, 'BudgetExceededError')).toBe(CALLS - 25);
  for (const outcome of outcomes) {
    if (outcome.__typename === 'Generation') {
      expect(outcome).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 6 });
    } else {
      expect(outcome).toMatchObject({ code: 'BUDGET_EXCEEDED', scope: 'GLOBAL' });
      expect(Date.parse(outcome.resetsAt ?? '')).toBeGreaterThan(Date.now());
    }
  }
  expect(await client.balance(accountId)).toEqual({ available: 9_850, reserved: 0, posted: 9_850 });
  const [after] = await rows<{ cost: string }>('SELECT sum(cost_micros)::text AS cost FROM attempt');
  expect(BigInt(after?.cost ?? 0) - BigInt(before?.cost ?? 0)).toBe(1_000_000n);
  const { protection } = await client.ask<{
    protection: { state: string; day: { spent: { amount: string } } };
  }>('{ protection { state day { spent { amount } reserved { amount } } } }');
  expect(protection).toMatchObject({ state: 'NORMAL', day: { reserved: { amount: '0.00' } } });
}

describeOnEachDatabase('1,000 calls at once on one process', (kind) => {
  test('never spend more credits than an account has, and leave what is not theirs alone', {
    timeout: SLOW_MS,
  }, async () => {
    await using server = await startTestServer({ kind });
    await creditsAreNotOverdrawn([server.admin]);
    await server.expectSound();
    expect(server.log).toEqual([]);
  });

  test('never cost more than a daily budget allows, and use it up to the cent', {
    timeout: SLOW_MS,
  }, async () => {
    await using server = await startTestServer({ kind });
    await budgetIsNotPassed([server.admin], server.rows);
    await server.expectSound();
    expect(server.log).toEqual([]);
  });
});

describeOnPostgres('1,000 calls at once on three processes that share one database', (kind) => {
  test('never spend more credits than an account has, nor cost more than a daily budget allows', async () => {
    const shared = await openTestDatabase(kind);
    const folder = temporaryFolder();
    await shared.database.query('DELETE FROM budget');
    const env = { DATABASE_URL: shared.url ?? '' };
    const servers = await Promise.all([1, 2, 3].map(() => spawnReady({ folder, env })));
    try {
      const clients = (await Promise.all(servers.map((server) => server.ready))).map((url) =>
        createClient(url, ADMIN_KEY),
      ) as [TestClient, ...TestClient[]];
      await creditsAreNotOverdrawn(clients);
      await budgetIsNotPassed(clients, (text, parameters) => shared.database.query(text, parameters));
      expectClean(await runAudit(shared.database));
      // Each has had a part in it.
      const processes = await shared.database.query(
        "SELECT DISTINCT process_id FROM reservation WHERE status = 'POSTED'",
      );
      expect(processes).toHaveLength(3);
      for (const server of servers) {
        expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
        expect(server.stderr).toBe('');
      }
    } finally {
      await Promise.all(servers.map((server) => server.kill('SIGKILL')));
      await shared.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
