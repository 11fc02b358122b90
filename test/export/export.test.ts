import { once } from 'node:events';
import { request } from 'node:http';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formatDecimal, parseDecimal } from '../../server/money.ts';
import { csv, importText, row, summaryOf } from '../history/fixture.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { ADMIN_KEY, startTestServer, type TestServer, until } from '../support/server.ts';

type Line = Record<string, string>;

describeOnEachDatabase('exports', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ kind });
    await server.admin.ask(
      `mutation { upsertAccount(input: { externalId: "=cmd|' /C calc'!A0", country: "DE", tier: PRO }) { __typename } }`,
    );
    const { account } = await server.admin.ask<{ account: { id: string } }>(
      `{ account(externalId: "=cmd|' /C calc'!A0") { id } }`,
    );
    await server.admin.ask(
      `mutation($id: ID!) { grantCredits(input: { idempotencyKey: "g", accountId: $id, credits: 100, reason: "r", unitRevenue: "0.01" }) { __typename } }`,
      { id: account.id },
    );
    for (const key of ['one', 'two']) {
      await server.admin.ask(
        `mutation($id: ID!, $key: IdempotencyKey!) { generateImage(input: { idempotencyKey: $key, accountId: $id, prompt: "a fox", model: "replicate/sdxl" }) { __typename } }`,
        { id: account.id, key },
      );
    }
    const rows = Array.from({ length: 40 }, (_, index) =>
      row(`old-${index}`, {
        account_external_id: `customer-${index % 3}`,
        tier: index % 2 ? 'FREE' : 'PRO',
        status: index % 5 ? 'ok' : 'failed',
        created_at: new Date(Date.UTC(2026, 9, 1, index * 7)).toISOString(),
      }),
    );
    summaryOf(await importText(server.core.database, csv(...rows)));
  });
  afterAll(() => server.close());

  const get = (path: string, token: string | null = ADMIN_KEY) =>
    fetch(`${server.url}${path}`, { headers: token === null ? {} : { authorization: `Bearer ${token}` } });
  const lines = async (path: string): Promise<Line[]> => {
    let response = await get(path);
    // One that is just ending keeps its place until it has.
    await until('an export finds a place', async () => {
      if (response.status === 429) response = await get(path);
      return response.status !== 429;
    });
    const text = await response.text();
    expect({ status: response.status, text: response.ok ? '' : text }).toEqual({ status: 200, text: '' });
    return parse(text, { columns: true, record_delimiter: '\r\n' });
  };
  const sum = (all: readonly Line[], column: string) =>
    formatDecimal(all.reduce((total, line) => total + parseDecimal(line[column] ?? ''), 0n));
  const RANGE = 'from=2026-10-01&to=2026-12-01';

  it('add up to the same figures as the API, lines and attempts alike', async () => {
    const { profit } = await server.admin.ask<{
      profit: {
        totals: {
          calls: number;
          failed: number;
          cost: { amount: string };
          lostCost: { amount: string };
          revenue: { amount: string };
        };
      };
    }>(
      `{ profit(range: { from: "2026-10-01T00:00:00Z", to: "2026-12-01T00:00:00Z" }) { totals { calls failed cost { amount } lostCost { amount } revenue { amount } } } }`,
    );
    const attempts = await lines(`/export/attempts.csv?${RANGE}`);
    expect(attempts).toHaveLength(profit.totals.calls);
    expect(attempts.filter(({ kind }) => kind === 'import')).toHaveLength(40);
    for (const all of [
      attempts,
      await lines(`/export/profit.csv?${RANGE}`),
      await lines(`/export/profit.csv?${RANGE}&groupBy=provider,operation`),
      await lines(`/export/profit.csv?${RANGE}&groupBy=account,tier`),
      await lines(`/export/profit.csv?${RANGE}&interval=day`),
      await lines(`/export/profit.csv?${RANGE}&interval=week&groupBy=model&timeZone=Europe/Berlin`),
    ]) {
      expect({
        cost: sum(all, 'cost'),
        lostCost: sum(all, 'lost_cost'),
        revenue: sum(all, 'revenue'),
      }).toEqual({
        cost: profit.totals.cost.amount,
        lostCost: profit.totals.lostCost.amount,
        revenue: profit.totals.revenue.amount,
      });
    }
  });

  it('take the filters of the API, and none of a whole line is a formula', async () => {
    const attempts = await lines(`/export/attempts.csv?${RANGE}&providers=replicate`);
    expect(attempts).toHaveLength(2);
    expect(attempts[0]).toMatchObject({
      kind: 'attempt',
      account_external_id: `'=cmd|' /C calc'!A0`,
      country: 'DE',
    });
    expect(attempts[0]?.id).toMatch(/^gen_/);
    expect(await lines(`/export/attempts.csv?${RANGE}&tiers=free&providers=openai`)).toHaveLength(20);
    const byAccount = await lines(`/export/profit.csv?${RANGE}&groupBy=account`);
    for (const line of [...attempts, ...byAccount]) {
      for (const cell of Object.values(line)) expect(cell).not.toMatch(/^[=+@\t\r]|^-(?!\d)/);
    }
    expect(byAccount.map((line) => line.account_external_id).sort()).toEqual([
      `'=cmd|' /C calc'!A0`,
      'customer-0',
      'customer-1',
      'customer-2',
    ]);
  });

  it('of the books are the days that the API answers, in the zone that was asked for', async () => {
    const { books } = await server.admin.ask<{ books: Record<string, string | { amount: string }>[] }>(
      `{ books(range: { from: "2026-10-01T00:00:00Z", to: "2026-12-01T00:00:00Z", zone: "Asia/Tokyo" }) {
        day startsAt cash { amount } fees { amount } refunds { amount } disputes { amount } sold { amount } earned { amount }
        breakage { amount } clawedBack { amount } deferred { amount } awaited { amount } } }`,
    );
    const days = await lines(
      '/export/books.csv?from=2026-10-01T00:00:00Z&to=2026-12-01T00:00:00Z&timeZone=Asia/Tokyo',
    );
    expect(days).toEqual(
      books.map((day) =>
        Object.fromEntries(
          Object.entries(day).map(([name, value]) => [
            name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
            typeof value === 'string' ? value : value.amount,
          ]),
        ),
      ),
    );
    expect(days).toHaveLength(62);
    expect(sum(days, 'sold')).toBe('1.00');
    expect(sum(days, 'earned')).toBe('0.04');
  });

  it('say before the first byte what is wrong, as JSON with a status', async () => {
    const wrong: [string, string | null, number, string, string][] = [
      ['/export/profit.csv', null, 401, 'UNAUTHENTICATED', 'Authorization'],
      ['/export/profit.csv', 'slv_wrong', 401, 'UNAUTHENTICATED', ''],
      ['/export/nothing.csv', ADMIN_KEY, 404, 'NOT_FOUND', 'There is nothing here.'],
      [
        '/export/profit.csv?from=yesterday-ish',
        ADMIN_KEY,
        400,
        'INVALID_INPUT',
        'from: "yesterday-ish" is no time.',
      ],
      [
        '/export/profit.csv?from=2026-11-02&to=2026-11-01',
        ADMIN_KEY,
        400,
        'INVALID_INPUT',
        'to: It must lie after from',
      ],
      [
        '/export/profit.csv?groupBy=colour',
        ADMIN_KEY,
        400,
        'INVALID_INPUT',
        'There is no "colour": give provider, model',
      ],
      ['/export/profit.csv?timeZone=Mars', ADMIN_KEY, 400, 'INVALID_INPUT', 'Europe/Berlin'],
      ['/export/profit.csv?since=7d', ADMIN_KEY, 400, 'INVALID_INPUT', 'There is no such parameter'],
      ['/export/attempts.csv?groupBy=model', ADMIN_KEY, 400, 'INVALID_INPUT', 'ask /export/profit.csv'],
      [
        '/export/books.csv?interval=day',
        ADMIN_KEY,
        400,
        'INVALID_INPUT',
        'interval: The books are of the whole',
      ],
      ['/export/books.csv?from=2010-01-01', ADMIN_KEY, 400, 'INVALID_INPUT', 'from: Give at most 3660 days.'],
      ...['profit', 'attempts', 'books'].map((kind): [string, string, number, string, string] => [
        `/export/${kind}.csv?from=2026-11-01&to=9999-12-31T23:59:59-14:00`,
        ADMIN_KEY,
        400,
        'INVALID_INPUT',
        'is no time.',
      ]),
      [
        '/export/books.csv?from=2026-02-30T00:00:00Z',
        ADMIN_KEY,
        400,
        'INVALID_INPUT',
        'from: "2026-02-30T00:00:00Z" is no time.',
      ],
      ['/export/books.csv', null, 401, 'UNAUTHENTICATED', 'Authorization'],
      ['/export/attempts.csv?accounts=acc_x', ADMIN_KEY, 400, 'INVALID_INPUT', 'no id of an account'],
      ['/export/profit.csv?from=2000-01-01&interval=hour', ADMIN_KEY, 400, 'INVALID_INPUT', 'interval'],
    ];
    for (const [path, token, status, code, message] of wrong) {
      const response = await get(path, token);
      const { errors } = (await response.json()) as {
        errors: { message: string; extensions: { code: string } }[];
      };
      expect({ path, status: response.status, code: errors[0]?.extensions.code }).toEqual({
        path,
        status,
        code,
      });
      expect(errors[0]?.message).toContain(message);
    }
    const account = await server.admin.ask<{ account: { id: string } }>(
      '{ account(externalId: "customer-0") { id } }',
    );
    const { issueAccountToken } = await server.admin.ask<{ issueAccountToken: { token: string } }>(
      'mutation($id: ID!) { issueAccountToken(accountId: $id) { token } }',
      { id: account.account.id },
    );
    expect((await get('/export/profit.csv', issueAccountToken.token)).status).toBe(403);
    const posted = await fetch(`${server.url}/export/profit.csv`, { method: 'POST' });
    expect(posted.status).toBe(405);
  });

  it('end what they have opened when their reader goes away, and a fifth at once is told to wait', async () => {
    // More than sockets and pipes hold, so that each waits for its reader.
    await server.core.database.script(`
      INSERT INTO imported_call (external_id, provider, model, operation, account_id, tier, outcome, calls, cost_micros, credits, revenue_micros,
        duration_ms, created_at, imported_at)
      SELECT 'bulk-' || n || repeat('x', 900), 'bulk', 'bulk/a', 'GENERATE_IMAGE', gen_random_uuid(), 'PRO', 'SUCCEEDED', 1, 0, 0, 0, 0, '2025-01-01', now()
      FROM generate_series(1, 12000) AS n`);
    const open = async () => {
      const asked = request(`${server.url}/export/attempts.csv?from=2025-01-01&to=2025-01-02`, {
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
      });
      asked.end();
      const [response] = await once(asked, 'response');
      return { asked, status: response.statusCode as number };
    };
    const readers = await Promise.all(Array.from({ length: 4 }, open));
    expect(readers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const fifth = await open();
    expect(fifth.status).toBe(429);
    fifth.asked.destroy();
    for (const { asked } of readers) asked.destroy();
    if (kind === 'postgres') {
      await until('no connection of an export is left', async () => {
        const [left] = await server.rows<{ count: bigint }>(
          `SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'solvent-session'`,
        );
        return left?.count === 0n;
      });
    }
    await until('another export finds a place', async () => {
      const next = await open();
      next.asked.destroy();
      return next.status === 200;
    });
    for (let times = 0; times < 5; times += 1) {
      const head = await fetch(`${server.url}/export/attempts.csv?${RANGE}`, {
        method: 'HEAD',
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
      });
      expect([200, 429]).toContain(head.status);
    }
    expect(await lines(`/export/attempts.csv?${RANGE}&providers=bulk`)).toEqual([]);
    expect(await lines('/export/attempts.csv?from=2025-01-01&to=2025-01-02')).toHaveLength(12_000);
  });
});
