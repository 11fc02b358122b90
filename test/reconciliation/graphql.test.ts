import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csv, importText, row, summaryOf } from '../history/fixture.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const BILL =
  'date,model,quantity,amount\n2026-10-01,dall-e-3-hd,2,0.17\n2026-10-02,gpt-image-2,1,0.04\n2026-10-03,dall-e-3-hd,1,0.08\n';
const RECONCILE = `mutation ($input: ReconcileBillInput!) {
  reconcileBill(input: $input) {
    ... on BillComparison {
      rows lineCount problemCount billed { amount } booked { amount } difference { amount }
      range { from to }
      lines { day model calls booked { amount } billed { amount } difference { amount } ratio }
      problems(first: 1) { line problem }
      adjustments { model amount { amount } }
    }
    ... on InvalidInputError { fields { path message } }
  }
}`;
const LIST = `query ($first: Int, $after: String, $last: Int, $before: String, $provider: String, $range: TimeRange) {
  reconciliations(first: $first, after: $after, last: $last, before: $before, provider: $provider, range: $range) {
    edges { node {
      provider billed { amount } booked { amount } difference { amount } adjustmentCount range { from to }
      adjustments(first: 10) { day model amount { amount } } reason actorName createdAt
    } }
    pageInfo { endCursor startCursor hasNextPage hasPreviousPage }
  }
}`;

interface Reconciled {
  readonly reason: string;
  readonly difference: { readonly amount: string };
}
interface Page {
  readonly reconciliations: {
    readonly edges: readonly { readonly node: Reconciled }[];
    readonly pageInfo: {
      readonly endCursor: string;
      readonly startCursor: string;
      readonly hasNextPage: boolean;
      readonly hasPreviousPage: boolean;
    };
  };
}

describe('bills over GraphQL', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    const at = (id: string, day: string, cost: string) =>
      row(id, { created_at: `${day}T10:00:00Z`, model: 'dall-e-3-hd', cost });
    const rows = csv(
      at('a', '2026-10-01', '0.08'),
      at('b', '2026-10-01', '0.08'),
      at('c', '2026-10-02', '0.08'),
    );
    summaryOf(await importText(server.core.database, rows));
  });
  afterAll(async () => {
    expect(server.log).toEqual([]);
    await server.close();
  });

  const reconcile = async (input: Record<string, unknown>) =>
    (
      await server.admin.ask<{ reconcileBill: object }>(RECONCILE, {
        input: { provider: 'openai', ...input },
      })
    ).reconcileBill;
  const list = async (variables: Record<string, unknown>) =>
    (await server.admin.ask<Page>(LIST, variables)).reconciliations;
  const cost = async () => {
    const { profit } = await server.admin.ask<{
      profit: { totals: { cost: { amount: string } }; lines: readonly object[] };
      topAccounts: readonly object[];
    }>(
      `{ profit(range: { from: "2026-10-01T00:00:00Z", to: "2026-11-01T00:00:00Z" }, groupBy: [ACCOUNT]) {
        totals { cost { amount } } lines { account { externalId } calls cost { amount } } } }`,
    );
    return profit;
  };

  test('a bill is compared line by line and changes nothing until it is to be booked', async () => {
    expect(await reconcile({ bill: BILL })).toMatchObject({
      rows: 3,
      lineCount: 4,
      problemCount: 0,
      booked: { amount: '0.24' },
      billed: { amount: '0.29' },
      difference: { amount: '0.05' },
      range: { from: '2026-10-01T00:00:00.000Z', to: '2026-10-04T00:00:00.000Z' },
      lines: [
        { model: 'openai/dall-e-3-hd', calls: 2, booked: { amount: '0.16' }, difference: { amount: '0.01' } },
        { model: 'openai/dall-e-3-hd', calls: 1, billed: null, difference: { amount: '-0.08' }, ratio: null },
        { model: 'openai/gpt-image-2', booked: null, billed: { amount: '0.04' } },
        { model: 'openai/dall-e-3-hd', booked: null, billed: { amount: '0.08' } },
      ],
      adjustments: null,
    });
    expect(await cost()).toMatchObject({ totals: { cost: { amount: '0.24' } } });
    expect((await list({})).edges).toEqual([]);
  });

  test('a bill is booked once, is of no account, and is listed with its difference, reason, who and when', async () => {
    const booked = await reconcile({ bill: BILL, book: true, reason: 'Invoice of October' });
    expect(booked).toMatchObject({
      adjustments: [
        { amount: { amount: '0.01' } },
        { amount: { amount: '0.04' } },
        { amount: { amount: '0.08' } },
      ],
    });
    expect(await reconcile({ bill: BILL, book: true, reason: 'Again' })).toMatchObject({ adjustments: [] });
    const report = await cost();
    expect(report.totals).toEqual({ cost: { amount: '0.37' } });
    // Lines still add up to the totals: what the bill says beyond the calls is nobody's.
    expect(report.lines).toEqual([
      { account: { externalId: expect.any(String) }, calls: 3, cost: { amount: '0.24' } },
      { account: null, calls: 0, cost: { amount: '0.13' } },
    ]);
    const { edges } = await list({ provider: 'openai' });
    expect(edges).toMatchObject([
      {
        node: {
          provider: 'openai',
          billed: { amount: '0.29' },
          booked: { amount: '0.16' },
          difference: { amount: '0.13' },
          adjustmentCount: 3,
          range: { from: '2026-10-01T00:00:00.000Z', to: '2026-10-04T00:00:00.000Z' },
          adjustments: [
            { day: '2026-10-01T00:00:00.000Z', model: 'openai/dall-e-3-hd', amount: { amount: '0.01' } },
            { day: '2026-10-02T00:00:00.000Z', model: 'openai/gpt-image-2' },
            { day: '2026-10-03T00:00:00.000Z', model: 'openai/dall-e-3-hd' },
          ],
          reason: 'Invoice of October',
          actorName: expect.any(String),
          createdAt: expect.any(String),
        },
      },
    ]);
    const audit = await server.admin.ask(`{ auditLog(action: "cost.adjust") { edges { node { reason } } } }`);
    expect(audit).toEqual({
      auditLog: { edges: Array.from({ length: 3 }, () => ({ node: { reason: 'Invoice of October' } })) },
    });
  });

  test('a long list is read page by page, both ways, and by provider and range', async () => {
    await reconcile({ bill: BILL.replace('0.17', '0.15'), book: true, reason: 'Corrected' });
    const midjourney = 'date,model,amount\n2026-10-09,default,1.00\n';
    await reconcile({
      provider: 'midjourney',
      bill: midjourney,
      models: [{ name: 'default', model: 'midjourney/imagine' }],
      book: true,
      reason: 'The gateway',
    });
    const reasons = ({ edges }: Page['reconciliations']) => edges.map(({ node }) => node.reason);
    const all = reasons(await list({}));
    expect(all.slice(-2)).toEqual(['Corrected', 'Invoice of October']);
    const first = await list({ first: 1, provider: 'openai' });
    expect(reasons(first)).toEqual(['Corrected']);
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const second = await list({ first: 1, provider: 'openai', after: first.pageInfo.endCursor });
    expect(reasons(second)).toEqual(['Invoice of October']);
    expect(second.pageInfo).toMatchObject({ hasNextPage: false });
    const back = await list({ last: 1, provider: 'openai', before: second.pageInfo.startCursor });
    expect(reasons(back)).toEqual(['Corrected']);
    const day = { from: '2026-10-03T00:00:00Z', to: '2026-10-04T00:00:00Z' };
    expect(reasons(await list({ range: day }))).toEqual(['Invoice of October']);
    expect(reasons(await list({ provider: 'nobody' }))).toEqual([]);
    for (const [variables, path] of [
      [{ first: 1, after: 'elsewhere' }, 'after'],
      [{ last: 1, before: 'elsewhere' }, 'before'],
    ] as const) {
      const { errors } = await server.admin.send(LIST, variables);
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'INVALID_INPUT', fields: [{ path }] });
    }
  });

  test('what cannot be read or booked is said by the name of its argument, and nothing is booked', async () => {
    const before = await cost();
    for (const [input, path, message] of [
      [{ bill: '' }, 'bill', "Give the bill's text"],
      [{ bill: 'x'.repeat(500_001) }, 'bill', '1 to 500000 characters'],
      [{ bill: BILL, provider: 'Open AI' }, 'provider', 'such as openai'],
      [{ bill: BILL, book: true }, 'reason', 'Say why'],
      [{ bill: BILL, book: true, reason: ' ' }, 'reason', 'Say why'],
      [{ bill: 'when,what\n1,2\n' }, 'bill', 'has no column for date, model, amount'],
      [{ bill: `${BILL}never,x,1,1\n`, book: true, reason: 'r' }, 'bill', 'line 5: date: "never" is no day'],
      [
        { bill: 'date,model,amount\n2026-10-01,unheard-of,1\n', book: true, reason: 'r' },
        'bill',
        'unheard-of',
      ],
      [
        { bill: BILL, range: { from: '2026-10-02T00:00:00Z', to: '2026-10-01T00:00:00Z' } },
        'range.to',
        'after `from`',
      ],
    ] as const) {
      expect(await reconcile(input)).toEqual({
        fields: [{ path, message: expect.stringContaining(message) }],
      });
    }
    const named = { part: 'AMOUNT', name: 'Summe' };
    expect(
      await reconcile({
        bill: 'date,model,Summe\nnever,x,1\n2026-10-01,dall-e-3-hd,0.15\n',
        columns: [named],
      }),
    ).toMatchObject({ problemCount: 1, problems: [{ line: 2 }], adjustments: null });
    expect(await cost()).toEqual(before);
  });

  test('needs the scope of an admin to hand a bill in, and that of a reader to see the list', async () => {
    const made = await server.core.access.createApiKey({ name: 'reader', scopes: ['profit:read'] }, 'test');
    if (made.status !== 'created') throw new Error('No key');
    const ask = async (query: string, variables: object) => {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${made.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] };
    };
    expect((await ask(LIST, {})).data).toMatchObject({ reconciliations: { edges: expect.any(Array) } });
    const refused = await ask(RECONCILE, { input: { provider: 'openai', bill: BILL } });
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});
