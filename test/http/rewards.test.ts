import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import { type TestClient, unique } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let admin: TestClient;
const clock = new FakeClock('2026-11-20T12:00:00Z');
beforeAll(async () => {
  server = await startTestServer({ clock });
  ({ admin } = server);
});
afterAll(() => server.close());

const codeOf = async (client: TestClient, query: string, variables = {}) =>
  (await client.send(query, variables)).errors[0]?.extensions?.code ?? null;
const rules = (input: object) =>
  admin.ask<{ setRewardRules: object }>(
    `mutation ($input: SetRewardRulesInput!) { setRewardRules(input: $input) {
      ... on RewardRules { wheelChanceMillionths wheelModel referralCredits } ... on InvalidInputError { fields { path } } } }`,
    { input: { reason: 'For a test', ...input } },
  );

describe('the wheel', () => {
  const COMMITMENT = 'day commitment committedAt';
  const SPIN = `id day won ticket chanceMillionths serverSeed commitment clientSeed drawnFor credits grant { source credits remaining expiresAt } next { ${COMMITMENT} }`;
  const WHEEL = `query ($id: ID) { wheel(accountId: $id) { day chance closed prize { model credits expiresAfterDays } spin { id } next { ${COMMITMENT} } } }`;
  const SPIN_WHEEL = `mutation ($input: SpinWheelInput!) { spinWheel(input: $input) {
    __typename ... on WheelSpin { ${SPIN} } ... on AlreadySpunError { nextSpinAt } ... on Error { code message }
    ... on InvalidInputError { fields { path } } } }`;
  interface SpinAnswer {
    readonly __typename: string;
    readonly id: string;
    readonly won: boolean;
    readonly commitment: string;
    readonly [field: string]: unknown;
  }
  const spin = async (client: TestClient, input: object = {}) =>
    (
      await client.ask<{ spinWheel: SpinAnswer }>(SPIN_WHEEL, {
        input: { idempotencyKey: unique('spin'), ...input },
      })
    ).spinWheel;
  const wheel = async (client: TestClient, id?: string) =>
    (await client.ask<{ wheel: { next: { commitment: string } } | null }>(WHEEL, { id })).wheel;

  it('is spun by an account for itself; its user checks the draw with the code of the documentation, and uses the prize', async () => {
    const readme = readFileSync(join(import.meta.dirname, '../../server/rewards/README.md'), 'utf8');
    const code = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const { verify } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

    const accountId = await admin.account();
    const user = server.as(await admin.tokenOf(accountId, 86_400));
    await rules({ wheelChanceMillionths: 1_000_000 });
    const shown = await wheel(user);
    expect(shown).toMatchObject({
      day: '2026-11-20',
      chance: 1,
      closed: null,
      prize: { model: 'luma/dream-machine', credits: 20, expiresAfterDays: 14 },
      spin: null,
    });
    const commitment = shown?.next.commitment ?? '';
    const won = await spin(user, { clientSeed: 'my own words', commitment });
    expect(won).toMatchObject({
      won: true,
      clientSeed: 'my own words',
      grant: { source: 'PRIZE', credits: 20, remaining: 20, expiresAt: '2026-12-04T12:00:00.000Z' },
      next: { day: '2026-11-21' },
    });
    expect(verify(won, commitment)).toBe('right');
    expect(verify({ ...won, clientSeed: 'other words' }, commitment)).not.toBe('right');

    const video = await user.ask<{ generateVideo: { __typename: string; creditsCharged: number } }>(
      `mutation ($key: IdempotencyKey!) { generateVideo(input: { idempotencyKey: $key, prompt: "a fox", model: "luma/dream-machine", waitMs: 30000 }) {
        __typename ... on Generation { creditsCharged } ... on Error { message } } }`,
      { key: unique('video') },
    );
    expect(video.generateVideo).toEqual({ __typename: 'Generation', creditsCharged: 20 });
    expect(await server.rows('SELECT source, credits, cost_micros FROM reward_cost')).toEqual([
      { source: 'PRIZE', credits: 20, cost_micros: 120_000n },
    ]);

    expect(await spin(user)).toMatchObject({ code: 'ALREADY_SPUN', nextSpinAt: '2026-11-21T00:00:00.000Z' });
    expect(await spin(user, { clientSeed: 'x'.repeat(256) })).toMatchObject({
      fields: [{ path: 'clientSeed' }],
    });
    await server.expectSound();
  });

  it('answers a key that comes again with the same spin, and one with another input with a conflict', async () => {
    const accountId = await admin.account();
    await rules({ wheelChanceMillionths: 200_000 });
    const input = { idempotencyKey: unique('spin'), accountId };
    const first = await spin(admin, input);
    expect(first).toMatchObject({ __typename: 'WheelSpin', clientSeed: input.idempotencyKey });
    expect(await spin(admin, input)).toEqual(first);
    expect(await spin(admin, { ...input, clientSeed: 'another' })).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
  });

  it('refuses another commitment than stands, and says when it is closed', async () => {
    const accountId = await admin.account();
    expect(await spin(admin, { accountId, commitment: '00'.repeat(32) })).toMatchObject({
      fields: [{ path: 'commitment' }],
    });
    await rules({ wheelDailyCost: '0.11' });
    expect(await spin(admin, { accountId })).toMatchObject({ code: 'WHEEL_CLOSED' });
    expect(await wheel(admin, accountId)).toMatchObject({ closed: 'CAP' });
    await rules({ wheelDailyCost: '10' });
  });

  it('is no business of other accounts, nor of who is not there', async () => {
    const accountId = await admin.account();
    const other = server.as(await admin.tokenOf(await admin.account()));
    expect(await spin(other, { accountId })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await wheel(other, accountId)).toBeNull();
    expect(await spin(admin, { accountId: 'acc_01900000-0000-7000-8000-000000000000' })).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await spin(admin)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await wheel(admin)).toBeNull();
  });

  it('has rules that an admin sets within bounds', async () => {
    expect((await rules({ wheelModel: 'pika/v2.2' })).setRewardRules).toMatchObject({
      wheelModel: 'pika/v2.2',
    });
    expect((await rules({ wheelModel: '' })).setRewardRules).toMatchObject({ wheelModel: null });
    expect(
      (
        await rules({
          wheelModel: 'openai/gpt-image',
          wheelChanceMillionths: 1_000_001,
          wheelPrizeDays: 0,
          wheelDailyCost: '-1',
          reason: '',
        })
      ).setRewardRules,
    ).toEqual({
      fields: [
        { path: 'reason' },
        { path: 'wheelChanceMillionths' },
        { path: 'wheelPrizeDays' },
        { path: 'wheelModel' },
        { path: 'wheelDailyCost' },
      ],
    });
    const reader = server.as((await admin.keyWith('profit:read')).key);
    expect(
      await reader.ask('{ rewardRules { wheelOn wheelDailyCost { amount } referralMonthlyCap } }'),
    ).toEqual({
      rewardRules: { wheelOn: true, wheelDailyCost: { amount: '10.00' }, referralMonthlyCap: 10 },
    });
    const query =
      'mutation { setRewardRules(input: { reason: "mine", wheelChanceMillionths: 1000000 }) { __typename } }';
    expect(await codeOf(reader, query)).toBe('FORBIDDEN');
  });
});

describe('referrals', () => {
  it('are noted with the code that an account shares, and seen by it until they are paid', async () => {
    const referrer = await admin.account();
    const user = server.as(await admin.tokenOf(referrer));
    const { account } = await user.ask<{ account: { referralCode: string } }>('{ account { referralCode } }');
    const friend = await admin.account(0, { referredBy: account.referralCode });
    const list = `{ account { referrals(first: 5) { edges { node { state paidAt bonus { credits source } } } } } }`;
    const states = async () =>
      (
        await user.ask<{ account: { referrals: { edges: { node: object }[] } } }>(list)
      ).account.referrals.edges.map(({ node }) => node);
    expect(await states()).toEqual([{ state: 'PENDING', paidAt: null, bonus: null }]);
    await server.core.database.transaction((sql) =>
      sql.query('SELECT rewards_first_payment($1, $2)', [clock.now(), friend.slice(4)]),
    );
    expect(await states()).toEqual([
      { state: 'PAID', paidAt: '2026-11-20T12:00:00.000Z', bonus: { credits: 20, source: 'REFERRAL' } },
    ]);
    expect(await codeOf(user, '{ account { referrals { edges { node { friend { externalId } } } } } }')).toBe(
      'FORBIDDEN',
    );
    const operator = await admin.ask<{
      account: { referrals: { edges: { node: { friend: { id: string } } }[] } };
    }>('query ($id: ID!) { account(id: $id) { referrals { edges { node { friend { id } } } } } }', {
      id: referrer,
    });
    expect(operator.account.referrals.edges.map(({ node }) => node.friend.id)).toEqual([friend]);
  });

  it('with a code that nobody has name the field and make no account', async () => {
    const externalId = unique('user');
    expect(
      await admin.ask(
        'mutation ($input: UpsertAccountInput!) { upsertAccount(input: $input) { ... on InvalidInputError { fields { path } } } }',
        { input: { externalId, referredBy: 'NOBODYS1' } },
      ),
    ).toEqual({ upsertAccount: { fields: [{ path: 'referredBy' }] } });
    expect(
      await admin.ask('query ($id: String!) { account(externalId: $id) { id } }', { id: externalId }),
    ).toEqual({
      account: null,
    });
  });
});

describe('auto top-up', () => {
  const SET = `mutation ($input: SetAutoTopUpInput!) { setAutoTopUp(input: $input) {
    ... on AutoTopUp { threshold on pack { id } dailyCap { amount } lowSince offReason } ... on Error { code }
    ... on InvalidInputError { fields { path } } } }`;
  const input = { threshold: 50, on: false, pack: '500', dailyCap: '20' };

  it('is set by an account for itself or by the app, and an account that is low is told so at once', async () => {
    const accountId = await admin.account(10);
    const user = server.as(await admin.tokenOf(accountId));
    expect(await user.ask(SET, { input })).toEqual({
      setAutoTopUp: {
        threshold: 50,
        on: false,
        pack: { id: 'tokens-500' },
        dailyCap: { amount: '20.00' },
        lowSince: clock.now().toISOString(),
        offReason: null,
      },
    });
    const app = server.as((await admin.keyWith('accounts:write')).key);
    expect(await app.ask(SET, { input: { ...input, accountId, threshold: 5 } })).toMatchObject({
      setAutoTopUp: { threshold: 5, lowSince: null },
    });
    expect(
      await user.ask(
        '{ account { autoTopUp { threshold nextAt } topUps { id state reason pack amount { amount } } } }',
      ),
    ).toEqual({ account: { autoTopUp: { threshold: 5, nextAt: null }, topUps: [] } });
  });

  it('is refused to others, and says what cannot be', async () => {
    const accountId = await admin.account();
    const other = server.as(await admin.tokenOf(await admin.account()));
    expect(await other.ask(SET, { input: { ...input, accountId } })).toEqual({
      setAutoTopUp: { code: 'NOT_FOUND' },
    });
    const generator = server.as((await admin.keyWith('generate')).key);
    expect(await codeOf(generator, SET, { input: { ...input, accountId } })).toBe('FORBIDDEN');
    expect(await admin.ask(SET, { input: { ...input, accountId, on: true, dailyCap: '4' } })).toMatchObject({
      setAutoTopUp: { fields: [{ path: 'dailyCap' }] },
    });
    expect(await admin.ask(SET, { input })).toEqual({ setAutoTopUp: { code: 'NOT_FOUND' } });
  });

  it('hears of the calls of the generation room', async () => {
    const accountId = await admin.account(60);
    await admin.ask(SET, { input: { ...input, accountId, threshold: 60 } });
    const events = () =>
      server.rows('SELECT threshold FROM low_balance_event WHERE account_id = $1', [accountId.slice(4)]);
    expect(await events()).toEqual([]);
    expect((await admin.generateImage({ accountId })).__typename).toBe('Generation');
    await server.core.topUps.idle();
    expect(await events()).toEqual([{ threshold: 60 }]);
  });
});

describe('revokeCredits', () => {
  const REVOKE = `mutation ($input: RevokeCreditsInput!) { revokeCredits(input: $input) {
    ... on Revocation { credits revoked pending grant { id remaining } } ... on Error { code } ... on InvalidInputError { fields { path } } } }`;

  it('takes back what is left of a grant, once under a key', async () => {
    const accountId = await admin.account(30);
    const { account } = await admin.ask<{ account: { grants: { edges: { node: { id: string } }[] } } }>(
      'query ($id: ID!) { account(id: $id) { grants { edges { node { id } } } } }',
      { id: accountId },
    );
    const grantId = account.grants.edges[0]?.node.id ?? '';
    const input = { idempotencyKey: unique('revoke'), grantId, credits: 12, reason: 'Given by mistake' };
    const expected = {
      revokeCredits: { credits: 12, revoked: 12, pending: 0, grant: { id: grantId, remaining: 18 } },
    };
    expect(await admin.ask(REVOKE, { input })).toEqual(expected);
    expect(await admin.ask(REVOKE, { input })).toEqual(expected);
    expect(await admin.balance(accountId)).toMatchObject({ available: 18 });
    expect(await admin.ask(REVOKE, { input: { ...input, credits: 13 } })).toEqual({
      revokeCredits: { code: 'IDEMPOTENCY_CONFLICT' },
    });
    expect(await admin.ask(REVOKE, { input: { ...input, grantId: 'grt_none' } })).toEqual({
      revokeCredits: { code: 'NOT_FOUND' },
    });
    expect(await admin.ask(REVOKE, { input: { ...input, credits: 0, reason: '' } })).toMatchObject({
      revokeCredits: { fields: [{ path: 'reason' }, { path: 'credits' }] },
    });
    const app = server.as((await admin.keyWith('accounts:write')).key);
    expect(await codeOf(app, REVOKE, { input })).toBe('FORBIDDEN');
    await server.expectSound();
  });
});
