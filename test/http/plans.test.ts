import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import type { TestClient } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let reader: TestClient;
let customer: TestClient;
const clock = new FakeClock('2026-11-20T12:00:00Z');
beforeAll(async () => {
  server = await startTestServer({ clock });
  const { admin } = server;
  reader = server.as((await admin.keyWith('profit:read')).key);
  customer = server.as(await admin.tokenOf(await admin.account()));
});
afterAll(() => server.close());

const codeOf = async (client: TestClient, query: string, variables = {}) =>
  (await client.send(query, variables)).errors[0]?.extensions?.code ?? null;

describe('plans and packs', () => {
  const PLANS =
    '{ plans { id name tier interval price { amount } credits pricePerCredit { amount } rollover } packs { id price { amount } credits pricePerCredit { amount } } }';

  it('are shown to anybody who is signed in, the cheapest first', async () => {
    const { plans, packs } = await customer.ask<{ plans: object[]; packs: object[] }>(PLANS);
    expect(plans[0]).toEqual({
      id: 'tokens-creator',
      name: 'Creator',
      tier: 'CREATOR',
      interval: 'MONTH',
      price: { amount: '9.00' },
      credits: 910,
      pricePerCredit: { amount: '0.00989' },
      rollover: false,
    });
    expect([plans.length, packs.length]).toEqual([4, 5]);
    expect(packs[0]).toEqual({
      id: 'tokens-100',
      price: { amount: '1.00' },
      credits: 100,
      pricePerCredit: { amount: '0.01' },
    });
    expect(await codeOf(server.as(null), PLANS)).toBe('UNAUTHENTICATED');
  });

  it('show operators what they leave, and nobody else', async () => {
    const query =
      '{ plans { id belowFloor simulation { cost { amount } afterFees { margin } } } packs { belowFloor simulation { worst { model } } } }';
    expect(await codeOf(customer, query)).toBe('FORBIDDEN');
    const { plans, packs } = await reader.ask<{ plans: unknown[]; packs: unknown[] }>(query);
    expect(plans[0]).toEqual({
      id: 'tokens-creator',
      belowFloor: false,
      simulation: { cost: { amount: '6.80' }, afterFees: { margin: 0.182111 } },
    });
    expect(packs[0]).toEqual({ belowFloor: true, simulation: { worst: { model: 'runway/gen4_turbo' } } });
  });

  it('are set and retired by an admin, with a date and a reason', async () => {
    const set = `mutation ($input: SetPlanInput!) { setPlan(input: $input) {
      ... on Plan { id price { amount } included { model count durationSeconds } effectiveFrom } ... on InvalidInputError { fields { path } } } }`;
    const input = {
      plan: 'studio',
      interval: 'MONTH',
      tier: 'PRO',
      price: '49',
      credits: 5_000,
      included: [{ model: 'luma/dream-machine', count: 100 }],
      effectiveFrom: '2026-12-01T00:00:00Z',
      reason: 'For studios',
    };
    expect(await codeOf(reader, set, { input })).toBe('FORBIDDEN');
    expect((await server.admin.ask<{ setPlan: object }>(set, { input })).setPlan).toEqual({
      id: 'tokens-studio',
      price: { amount: '49.00' },
      included: [{ model: 'luma/dream-machine', count: 100, durationSeconds: null }],
      effectiveFrom: '2026-12-01T00:00:00.000Z',
    });
    const at = async (instant: string) =>
      (
        await customer.ask<{ plans: { id: string }[] }>('query ($at: DateTime) { plans(at: $at) { id } }', {
          at: instant,
        })
      ).plans;
    expect((await at('2026-11-30T23:59:59Z')).map(({ id }) => id)).not.toContain('tokens-studio');
    expect((await at('2026-12-01T00:00:00Z')).map(({ id }) => id)).toContain('tokens-studio');
    expect(
      (
        await server.admin.ask<{ setPlan: object }>(set, {
          input: { ...input, price: 'free', credits: 0, reason: ' ', included: [{ count: 1 }] },
        })
      ).setPlan,
    ).toEqual({ fields: [{ path: 'price' }, { path: 'reason' }, { path: 'included.0.model' }] });

    const retire = `mutation ($input: RetirePackInput!) { retirePack(input: $input) { ... on Pack { id } ... on Error { code } } }`;
    const gone = { pack: '2500', reason: 'Nobody buys it' };
    expect(await server.admin.ask(retire, { input: gone })).toEqual({ retirePack: { id: 'tokens-2500' } });
    expect(await server.admin.ask(retire, { input: gone })).toEqual({ retirePack: { code: 'NOT_FOUND' } });
    const pack = `mutation ($input: SetPackInput!) { setPack(input: $input) { ... on Pack { id name belowFloor } ... on Error { message } } }`;
    expect(
      await server.admin.ask(pack, {
        input: { pack: 'try', price: '0.50', credits: 50, name: 'To try', reason: 'A first step' },
      }),
    ).toEqual({ setPack: { id: 'tokens-try', name: 'To try', belowFloor: true } });
  });

  it('that are to come are taken back by an admin, with a reason, and no others', async () => {
    const { planVersions } = await reader.ask<{
      planVersions: { id: string; state: string; plan: { id: string } }[];
    }>('{ planVersions { id state plan { id } } }');
    const idOf = (wanted: string) => planVersions.find(({ state }) => state === wanted)?.id;
    const cancel = `mutation ($input: CancelVersionInput!) { cancelPlanVersion(input: $input) {
      ... on Plan { id } ... on InvalidInputError { fields { path } } ... on NotFoundError { code message } } }`;
    const input = { id: idOf('SCHEDULED'), reason: 'No studios came' };
    expect(await codeOf(reader, cancel, { input })).toBe('FORBIDDEN');
    const taken = async (more: object = {}) =>
      (await server.admin.ask<{ cancelPlanVersion: object }>(cancel, { input: { ...input, ...more } }))
        .cancelPlanVersion;
    expect(await taken({ reason: ' ' })).toEqual({ fields: [{ path: 'reason' }] });
    expect(await taken()).toEqual({ id: 'tokens-studio' });
    for (const id of [input.id, idOf('IN_FORCE'), 'plv_no']) {
      expect(await taken({ id })).toEqual({
        code: 'NOT_FOUND',
        message: `No version ${id} is still to come: what has begun can only be followed by another.`,
      });
    }
    expect(
      await server.admin.ask(
        `mutation ($input: CancelVersionInput!) { cancelPackVersion(input: $input) { ... on NotFoundError { code } } }`,
        { input },
      ),
    ).toEqual({ cancelPackVersion: { code: 'NOT_FOUND' } });
  });
});

describe('simulatePlan', () => {
  const SIMULATE = `query ($input: SimulatePlanInput!) { simulatePlan(input: $input) {
    ... on PlanSimulation { cost { amount } credits creditsMissing
      beforeFees { profit { amount } margin markup breakEvenPrice { amount } breakEvenUse }
      afterFees { profit { amount } }
      lines { model count cost { amount } beforeFees { profit { amount } } } }
    ... on InvalidInputError { fields { path message } } ... on NotFoundError { code } } }`;
  const simulate = async (input: object) =>
    (await reader.ask<{ simulatePlan: Record<string, unknown> }>(SIMULATE, { input })).simulatePlan;

  it("gives the owner's figures for a price and uses that nobody sells", async () => {
    expect(
      await simulate({
        price: '9',
        uses: [
          { model: 'openai/dall-e-3-hd', count: 20 },
          { model: 'runway/gen3a_turbo', durationSeconds: 5, count: 30 },
        ],
      }),
    ).toMatchObject({
      cost: { amount: '9.10' },
      credits: 1220,
      beforeFees: { profit: { amount: '-0.10' }, breakEvenPrice: { amount: '9.10' } },
      afterFees: { profit: { amount: '-0.661' } },
    });
  });

  it('refuses uses that need more credits than anybody can have', async () => {
    const uses = Array.from({ length: 50 }, () => ({
      model: 'runway/gen3a_turbo',
      durationSeconds: 10,
      count: 1_000_000,
    }));
    expect(await simulate({ price: '9', uses })).toEqual({
      fields: [{ path: 'uses', message: expect.stringContaining('2000000000 credits') }],
    });
    expect(await simulate({ price: '9', uses: uses.slice(0, 20) })).toMatchObject({ credits: 1_200_000_000 });
  });

  it('reckons a plan as it is sold, and with other figures in the place of its own', async () => {
    expect(await simulate({ plan: 'creator' })).toMatchObject({
      cost: { amount: '6.80' },
      beforeFees: { profit: { amount: '2.20' }, margin: 0.244444, markup: 0.323529 },
    });
    expect(await simulate({ plan: 'creator', price: '12', credits: 900 })).toMatchObject({
      creditsMissing: 10,
      beforeFees: { profit: { amount: '5.20' } },
    });
    expect(await simulate({ plan: 'platinum' })).toEqual({ code: 'NOT_FOUND' });
  });

  it('says what cannot be, and is for operators', async () => {
    expect(await simulate({ uses: [{ model: 'nobody', count: -1 }] })).toEqual({
      fields: [
        { path: 'uses.0.count', message: 'Give a count from 0 to 1000000.' },
        { path: 'price', message: 'Say what it sells for, such as "9", or which plan.' },
      ],
    });
    expect(await simulate({ price: '1', uses: [{ model: 'nobody', count: 1 }] })).toMatchObject({
      fields: [{ path: 'uses.0.model' }],
    });
    expect(await codeOf(customer, SIMULATE, { input: { price: '1' } })).toBe('FORBIDDEN');
  });
});

describe('prices and costs', () => {
  it('are set by an admin, who is told which variants are then under the floor; the next quote goes by them', async () => {
    const set = `mutation ($input: SetModelPriceInput!) { setModelPrice(input: $input) {
      ... on ModelChange { belowFloor prices { durationSeconds credits margin belowFloor } model { creditsFrom } }
      ... on InvalidInputError { fields { path message } } } }`;
    const input = {
      model: 'luma/dream-machine',
      durationSeconds: 5,
      credits: 13,
      reason: 'A week of offers',
    };
    expect(await codeOf(reader, set, { input })).toBe('FORBIDDEN');
    expect((await server.admin.ask<{ setModelPrice: object }>(set, { input })).setModelPrice).toEqual({
      belowFloor: true,
      prices: [{ durationSeconds: 5, credits: 13, margin: 0.076923, belowFloor: true }],
      model: { creditsFrom: 13 },
    });
    const quote = `{ quote(input: { operation: GENERATE_VIDEO, model: "luma/dream-machine" }) { ... on Quote { credits expectedCost { amount } } } }`;
    expect(await reader.ask(quote)).toEqual({ quote: { credits: 13, expectedCost: { amount: '0.12' } } });

    const cost = `mutation ($input: SetModelCostInput!) { setModelCost(input: $input) {
      ... on ModelChange { belowFloor } ... on InvalidInputError { fields { path } } } }`;
    const bill = {
      model: 'luma/dream-machine',
      durationSeconds: 5,
      cost: '0.24',
      source: 'The bill of November',
      reason: 'It is dearer',
    };
    expect(await server.admin.ask(cost, { input: bill })).toEqual({ setModelCost: { belowFloor: true } });
    expect(await reader.ask(quote)).toEqual({ quote: { credits: 13, expectedCost: { amount: '0.24' } } });
    expect(await server.admin.ask(cost, { input: { ...bill, cost: '-1', source: '', reason: '' } })).toEqual({
      setModelCost: { fields: [{ path: 'reason' }, { path: 'cost' }, { path: 'source' }] },
    });
  });

  it('of the list itself are set by an admin too', async () => {
    const set = `mutation ($input: SetPriceListInput!) { setPriceList(input: $input) {
      ... on PriceList { id freeCredits freePeriod creditLeast { amount } creditMost { amount } } ... on InvalidInputError { fields { path } } } }`;
    expect(
      await server.admin.ask(set, { input: { freeCredits: 3, freePeriod: 'MONTH', reason: 'Fewer gifts' } }),
    ).toEqual({
      setPriceList: {
        id: 'tokens',
        freeCredits: 3,
        freePeriod: 'MONTH',
        creditLeast: { amount: '0.01' },
        creditMost: { amount: '0.01' },
      },
    });
    expect(await customer.ask('{ priceList { id freeCredits } }')).toEqual({
      priceList: { id: 'tokens', freeCredits: 3 },
    });
    const guest = await server.admin.account(0, { tier: 'FREE' });
    expect(await server.admin.balance(guest)).toMatchObject({ available: 3 });
    expect(
      await server.admin.ask(set, {
        input: { creditLeast: '0', creditMost: 'much', freeCredits: -1, reason: '' },
      }),
    ).toEqual({
      setPriceList: {
        fields: [
          { path: 'reason' },
          { path: 'creditLeast' },
          { path: 'creditMost' },
          { path: 'freeCredits' },
        ],
      },
    });
    expect(await server.admin.ask(set, { input: { creditLeast: '1', reason: 'Dearer' } })).toEqual({
      setPriceList: { fields: [{ path: 'creditLeast' }] },
    });
    expect(await codeOf(reader, set, { input: { reason: 'x' } })).toBe('FORBIDDEN');
    expect(await codeOf(customer, '{ priceList { creditLeast { amount } } }')).toBe('FORBIDDEN');
  });
});
