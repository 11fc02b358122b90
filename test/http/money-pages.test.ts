/** What the admin's money pages ask: changes before they are made, their history, and the rows behind the books. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import { CHEAP, type TestClient, unique } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { buy } from '../support/shop.ts';

let server: TestServer;
let reader: TestClient;
let app: TestClient;
const clock = new FakeClock('2026-11-20T12:00:00Z');
beforeAll(async () => {
  server = await startTestServer({ clock });
  reader = server.as((await server.admin.keyWith('profit:read')).key);
  app = server.as((await server.admin.keyWith('generate', 'accounts:write')).key);
});
afterAll(async () => {
  expect(server.log).toEqual([]);
  await server.close();
});

const codeOf = async (client: TestClient, query: string, variables = {}) =>
  (await client.send(query, variables)).code;

describe('a price', () => {
  const PREVIEW = `query ($input: PreviewModelChangeInput!) { previewModelChange(input: $input) {
    ... on ModelChangePreview { credits belowFloor variants { before { credits margin } after { credits margin marginMax belowFloor } } }
    ... on InvalidInputError { fields { path } } } }`;
  const preview = async (input: object) =>
    (await reader.ask<{ previewModelChange: Record<string, unknown> }>(PREVIEW, { input }))
      .previewModelChange;
  const MODEL = { model: 'luma/dream-machine', durationSeconds: 5 };

  it('is previewed by credits, by a margin or by a cost, and by one of them', async () => {
    expect(await preview({ ...MODEL, credits: 13 })).toEqual({
      credits: 13,
      belowFloor: true,
      variants: [
        {
          before: { credits: 20, margin: 0.4 },
          after: { credits: 13, margin: 0.076923, marginMax: 0.076923, belowFloor: true },
        },
      ],
    });
    expect(await preview({ ...MODEL, targetMargin: '0.25' })).toMatchObject({
      credits: 16,
      belowFloor: false,
    });
    expect(await preview({ ...MODEL, cost: '0.24' })).toMatchObject({ credits: null, belowFloor: true });
    for (const [figure, path] of [
      [{}, 'credits'],
      [{ credits: 1, cost: '1' }, 'credits'],
      [{ credits: 0 }, 'credits'],
      [{ targetMargin: '1' }, 'targetMargin'],
      [{ targetMargin: 'most' }, 'targetMargin'],
      [{ cost: '-1' }, 'cost'],
      [{ credits: 5, durationSeconds: 99 }, 'durationSeconds'],
    ] as const) {
      expect(await preview({ ...MODEL, ...figure }), JSON.stringify(figure)).toEqual({ fields: [{ path }] });
    }
    expect(await codeOf(app, PREVIEW, { input: { ...MODEL, credits: 1 } })).toBe('FORBIDDEN');
  });

  it('that is scheduled stands in its model’s history until it is taken back', async () => {
    const set = `mutation ($input: SetModelPriceInput!) { setModelPrice(input: $input) { __typename } }`;
    const input = {
      ...MODEL,
      credits: 22,
      effectiveFrom: '2026-12-01T00:00:00Z',
      reason: 'Dearer next month',
    };
    expect(await server.admin.ask(set, { input })).toEqual({ setModelPrice: { __typename: 'ModelChange' } });
    const history = async () => {
      const { catalog } = await reader.ask<{
        catalog: {
          model: string;
          priceHistory: { id: string; state: string; credits: number }[];
          costHistory: object[];
        }[];
      }>(`{ catalog(operation: GENERATE_VIDEO) { model
        priceHistory { id state credits effectiveFrom } costHistory { state source cost { amount } } } }`);
      return catalog.find(({ model }) => model === MODEL.model);
    };
    const card = await history();
    expect(card).toMatchObject({
      priceHistory: [
        { state: 'SCHEDULED', credits: 22, effectiveFrom: '2026-12-01T00:00:00.000Z' },
        { state: 'IN_FORCE', credits: 20 },
      ],
      costHistory: [{ state: 'IN_FORCE', source: expect.any(String), cost: { amount: '0.12' } }],
    });
    const cancel = `mutation ($input: CancelModelChangeInput!) { cancelModelChange(input: $input) {
      ... on ModelChange { effectiveFrom prices { credits } } ... on Error { code } ... on InvalidInputError { fields { path } } } }`;
    const id = card?.priceHistory[0]?.id;
    const answer = async (value: object) =>
      (await server.admin.ask<{ cancelModelChange: object }>(cancel, { input: value })).cancelModelChange;
    expect(await answer({ id, reason: ' ' })).toEqual({
      code: 'INVALID_INPUT',
      fields: [{ path: 'reason' }],
    });
    expect(await codeOf(reader, cancel, { input: { id, reason: 'x' } })).toBe('FORBIDDEN');
    expect(await answer({ id, reason: 'Not after all' })).toEqual({
      effectiveFrom: '2026-12-01T00:00:00.000Z',
      prices: [{ credits: 20 }],
    });
    for (const gone of [id, card?.priceHistory[1]?.id, 'gen_1']) {
      expect(await answer({ id: gone, reason: 'Again' })).toEqual({ code: 'NOT_FOUND' });
    }
    expect((await history())?.priceHistory).toHaveLength(1);
  });
});

describe('a plan', () => {
  it('has versions that say what was sold, is sold and will be', async () => {
    const set = `mutation ($input: SetPlanInput!) { setPlan(input: $input) { ... on Plan { id } } }`;
    await server.admin.ask(set, {
      input: {
        plan: 'pro',
        interval: 'MONTH',
        price: '24.99',
        credits: 2400,
        effectiveFrom: '2027-01-01T00:00:00Z',
        reason: 'A new year',
      },
    });
    const query = `{ planVersions { id state retired plan { id interval price { amount } } } packVersions { state pack { id } } }`;
    const { planVersions, packVersions } = await reader.ask<{
      planVersions: { plan: object }[];
      packVersions: object[];
    }>(query);
    expect(planVersions[0]).toMatchObject({
      id: expect.stringMatching(/^plv_/),
      state: 'SCHEDULED',
      retired: false,
      plan: { id: 'tokens-pro', interval: 'MONTH', price: { amount: '24.99' } },
    });
    expect(planVersions).toHaveLength(5);
    expect(packVersions).toHaveLength(5);
    expect(await codeOf(app, query)).toBe('FORBIDDEN');
  });
});

describe('the books', () => {
  it('have rows behind each day: cash by its lines, deferred revenue by its entries, to the same sums', async () => {
    const account = await server.admin.account(0);
    await buy(server, account, { pack: '100' }, app);
    expect((await server.admin.balance(account)).available).toBe(100);
    await server.admin.generateImage({ ...CHEAP, accountId: account });

    const range = { from: '2026-11-20T00:00:00Z', to: '2026-11-21T00:00:00Z' };
    const query = `query ($range: TimeRange!, $books: BooksRange!) {
      books(range: $books) { cash { amount } fees { amount } sold { amount } earned { amount } deferred { amount } }
      bookLines(range: $range) { edges { node { kind amount { amount } source account { id } } } }
      payments: bookLines(range: $range, kind: PAYMENT) { edges { node { kind } } }
      deferredEntries(range: $range) { edges { node { kind credits deferredDelta { amount } account { id } } } }
      earned: deferredEntries(range: $range, kind: POST) { edges { node { deferredDelta { amount } } } } }`;
    const answer = await reader.ask(query, { range, books: range });
    expect(answer).toEqual({
      books: [
        {
          cash: { amount: '1.00' },
          fees: { amount: '0.33' },
          sold: { amount: '1.00' },
          earned: { amount: '0.02' },
          deferred: { amount: '0.98' },
        },
      ],
      bookLines: {
        // Both at one instant: their ids decide.
        edges: expect.arrayContaining([
          {
            node: {
              kind: 'FEE',
              amount: { amount: '-0.33' },
              source: expect.stringContaining('charge-fee:'),
              account: { id: account },
            },
          },
          {
            node: {
              kind: 'PAYMENT',
              amount: { amount: '1.00' },
              source: expect.stringContaining('payment:'),
              account: { id: account },
            },
          },
        ]),
      },
      payments: { edges: [{ node: { kind: 'PAYMENT' } }] },
      deferredEntries: {
        edges: [
          {
            node: { kind: 'POST', credits: 0, deferredDelta: { amount: '-0.02' }, account: { id: account } },
          },
          {
            node: {
              kind: 'GRANT',
              credits: 100,
              deferredDelta: { amount: '1.00' },
              account: { id: account },
            },
          },
        ],
      },
      earned: { edges: [{ node: { deferredDelta: { amount: '-0.02' } } }] },
    });
    expect(await codeOf(app, query, { range, books: range })).toBe('FORBIDDEN');
    const backwards = { from: range.to, to: range.from };
    expect(
      await codeOf(
        reader,
        `query ($range: TimeRange!) { bookLines(range: $range) { edges { node { id } } } }`,
        { range: backwards },
      ),
    ).toBe('INVALID_INPUT');
  });

  it('call plans and packs by the names that people know, in payments, books and reports alike', async () => {
    const account = await server.admin.account(0);
    await buy(server, account, { pack: '100' });
    await buy(server, account, { plan: 'pro' });
    await server.admin.generateImage({ ...CHEAP, accountId: account });
    const query = `query ($id: ID!, $range: TimeRange!) {
      account(id: $id) { subscription { plan planName } payments { edges { node { planName pack packName } } } }
      bookLines(range: $range, kind: PAYMENT) { edges { node { planName account { id } } } }
      profit(range: $range, groupBy: PLAN) { lines { plan planName } } }`;
    const range = { from: '2026-11-20T00:00:00Z', to: '2026-11-21T00:00:00Z' };
    expect(await reader.ask(query, { id: account, range })).toEqual({
      account: {
        subscription: { plan: 'tokens-pro', planName: 'Pro' },
        payments: {
          edges: expect.arrayContaining([
            { node: { planName: 'Pro', pack: null, packName: null } },
            { node: { planName: null, pack: 'tokens-100', packName: '100 credits' } },
          ]),
        },
      },
      bookLines: {
        edges: expect.arrayContaining([
          { node: { planName: 'Pro', account: { id: account } } },
          { node: { planName: null, account: { id: account } } },
        ]),
      },
      profit: {
        lines: expect.arrayContaining([
          { plan: 'tokens-pro', planName: 'Pro' },
          { plan: '', planName: '' },
        ]),
      },
    });
  });

  it('show before a revocation what it would claw back', async () => {
    const account = await server.admin.account(0);
    const { id: grantId = '' } = await server.admin.grant(account, 100);
    const query = `query ($id: ID!, $credits: Int!) { previewRevocation(grantId: $id, credits: $credits) { revoked pending unearned { amount } pendingUnearned { amount } } }`;
    expect(await reader.ask(query, { id: grantId, credits: 40 })).toEqual({
      previewRevocation: {
        revoked: 40,
        pending: 0,
        unearned: { amount: '0.40' },
        pendingUnearned: { amount: '0.00' },
      },
    });
    expect(await reader.ask(query, { id: account, credits: 1 })).toEqual({ previewRevocation: null });
    expect(await codeOf(reader, query, { id: grantId, credits: 0 })).toBe('INVALID_INPUT');
    expect(await codeOf(app, query, { id: grantId, credits: 1 })).toBe('FORBIDDEN');
  });

  it('an account says why it is barred', async () => {
    const account = await server.admin.account(0);
    const bar = `mutation ($id: ID!, $barred: Boolean!) { setAccountBarred(accountId: $id, barred: $barred, reason: "Under review") { barredReason } }`;
    expect(await server.admin.ask(bar, { id: account, barred: true })).toEqual({
      setAccountBarred: { barredReason: 'Under review' },
    });
    expect(await server.admin.ask(bar, { id: account, barred: false })).toEqual({
      setAccountBarred: { barredReason: null },
    });
  });
});

describe('the audit log', () => {
  const ENTRIES = `query ($action: String, $subject: String) { auditLog(first: 2, action: $action, subject: $subject) {
    edges { node { subject subjectName } } } }`;
  const linesOf = async (action: string, subject: string) =>
    (
      await server.admin.ask<{ auditLog: { edges: { node: Record<string, unknown> }[] } }>(ENTRIES, {
        action,
        subject,
      })
    ).auditLog.edges.map(({ node }) => node);

  it('names whom and what an action was about, and finds it by the id that it tells', async () => {
    const externalId = unique('ada');
    const account = await server.admin.account(10, { externalId });
    await server.admin.ask(
      `mutation ($id: ID!) { setAccountBarred(accountId: $id, barred: true, reason: "A chargeback") { id } }`,
      { id: account },
    );
    const ada = { subject: account, subjectName: externalId };
    expect(await linesOf('credits.grant', account)).toEqual([ada]);
    expect(await linesOf('account.bar', account)).toEqual([ada]);
    const { id: key } = await server.admin.keyWith('generate');
    expect(await linesOf('api-key', key)).toEqual([{ subject: key, subjectName: 'test' }]);
    const { id: budget = '' } = await server.admin.setBudget({
      scope: 'GLOBAL',
      period: 'MONTH',
      limit: '1000',
      action: 'WARN',
    });
    expect(await linesOf('budget', budget)).toEqual([{ subject: budget, subjectName: null }]);
  });
});
