/** Buying as a newcomer does it: GraphQL opens a page, the page is pressed, the credits are there. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unique } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type LoopbackStripe, type StripeServer, startStripe } from '../support/vendors/stripe.ts';

const CHECKOUT = `mutation($input: CreateCheckoutInput!) { createCheckout(input: $input) {
  __typename ... on Checkout { id url expiresAt } ... on InvalidInputError { fields { path message } }
  ... on ProviderUnavailableError { retryAfterSeconds } ... on Error { code message } } }`;
const BUYER = `query($id: ID!) { account(id: $id) { tier balance { posted }
  subscription { plan interval status price { amount } cancelAtPeriodEnd }
  payments { edges { node { id kind pack plan credits amount { amount } refunded { amount } creditsTaken lost { amount } } } } } }`;

interface Answered {
  readonly __typename: string;
  readonly id?: string;
  readonly url?: string;
  readonly code?: string;
  readonly message?: string;
  readonly fields?: readonly { path: string; message: string }[];
  readonly retryAfterSeconds?: number | null;
}
interface BuyerRead {
  readonly tier: string;
  readonly balance: { posted: number };
  readonly subscription: Record<string, unknown> | null;
  readonly payments: { edges: { node: Record<string, unknown> & { id: string } }[] };
}

const urls = { successUrl: 'http://shop.test/thanks?a=1', cancelUrl: 'http://shop.test/cart' };

function deskOf(server: TestServer, accountId: string) {
  const open = async (input: Record<string, unknown>): Promise<Answered> =>
    (
      await server.admin.ask<{ createCheckout: Answered }>(CHECKOUT, {
        input: { idempotencyKey: unique('desk'), accountId, ...urls, ...input },
      })
    ).createCheckout;
  const press = async (url: string, form: string) => {
    const response = await fetch(url, { method: 'POST', body: form, redirect: 'manual' });
    return { status: response.status, to: response.headers.get('location'), html: await response.text() };
  };
  const read = async () => (await server.admin.ask<{ account: BuyerRead }>(BUYER, { id: accountId })).account;
  return { open, press, read };
}

describeOnEachDatabase('the sandbox’s checkout', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ kind });
  });
  afterAll(async () => {
    await server.expectSound();
    await server.close();
  });

  it('sells a pack: the page is pressed, the buyer goes on, and the credits are there', async () => {
    const accountId = await server.admin.account(0);
    const { open, press, read } = deskOf(server, accountId);
    const { __typename, url = '' } = await open({ pack: '100' });
    expect([__typename, url.startsWith(`${server.url}/sandbox/checkout/cs_test_`)]).toEqual([
      'Checkout',
      true,
    ]);
    const page = await fetch(url);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self' http:\/\/shop.test;/,
    );
    const html = await page.text();
    expect(html).toMatch(
      /<html lang="en">[\s\S]*<h1>100 credits<\/h1>[\s\S]*No money moves[\s\S]*1\.00 USD[\s\S]*>Pay<\/button>/,
    );
    expect(html).not.toMatch(/<script|https?:\/\/(?!shop)/);

    const declined = await press(url, 'action=decline');
    expect([declined.status, /role="alert">The card was declined/.test(declined.html)]).toEqual([200, true]);
    expect((await read()).balance.posted).toBe(0);
    expect(await press(url, 'action=pay')).toMatchObject({ status: 303, to: urls.successUrl });
    // Pressed twice, as people do.
    expect(await press(url, 'action=pay')).toMatchObject({ status: 303 });
    const account = await read();
    expect([
      account.balance.posted,
      account.payments.edges.map(({ node }) => [node.kind, node.pack, node.credits, node.amount]),
    ]).toEqual([100, [['PACK', 'tokens-100', 100, { amount: '1.00' }]]]);
    expect(await (await fetch(url)).text()).toMatch(/This has been paid/);
  });

  it('waits for money that takes days, and lets a page go', async () => {
    const { open, press, read } = deskOf(server, await server.admin.account(0));
    const later = (await open({ pack: '100' })).url ?? '';
    expect((await press(later, 'action=later')).html).toMatch(/on its way/);
    expect((await read()).balance.posted).toBe(0);
    expect(await press(later, 'action=later-paid')).toMatchObject({ status: 303, to: urls.successUrl });
    expect((await read()).balance.posted).toBe(100);
    const never = (await open({ pack: '100' })).url ?? '';
    await press(never, 'action=later');
    expect(await press(never, 'action=later-failed')).toMatchObject({ to: urls.cancelUrl });
    const left = (await open({ pack: '100' })).url ?? '';
    expect(await press(left, 'action=cancel')).toMatchObject({ status: 303, to: urls.cancelUrl });
    expect(await (await fetch(left)).text()).toMatch(/This page is over/);
    expect((await read()).balance.posted).toBe(100);
  });

  it('takes a form for what it says, whatever its fields are called', async () => {
    const { open, press } = deskOf(server, await server.admin.account(0));
    const { url = '' } = await open({ pack: '100' });
    for (const name of ['constructor[prototype][strange]', '__proto__[strange]', 'toString[strange]']) {
      expect(await press(url, `${new URLSearchParams([[name, 'everywhere']])}`)).toMatchObject({
        status: 200,
      });
    }
    expect([Reflect.get({}, 'strange'), Reflect.get(Object.prototype.toString, 'strange')]).toEqual([
      undefined,
      undefined,
    ]);
    expect(await press(url, 'action=pay')).toMatchObject({ status: 303 });
  });

  it('sells a plan, whose portal ends it and renews it', async () => {
    const accountId = await server.admin.account(0);
    const { open, press, read } = deskOf(server, accountId);
    const { url = '' } = await open({ plan: 'Creator' });
    expect(await press(url, 'action=pay')).toMatchObject({ status: 303 });
    expect(await read()).toMatchObject({
      tier: 'CREATOR',
      balance: { posted: 910 },
      subscription: {
        plan: 'tokens-creator',
        interval: 'MONTH',
        status: 'active',
        price: { amount: '9.00' },
        cancelAtPeriodEnd: false,
      },
    });
    expect(await open({ plan: 'pro' })).toMatchObject({ code: 'INVALID_INPUT', fields: [{ path: 'plan' }] });

    const { createBillingPortal } = await server.admin.ask<{ createBillingPortal: { url: string } }>(
      `mutation($input: CreateBillingPortalInput!) { createBillingPortal(input: $input) { ... on BillingPortal { url } ... on Error { message } } }`,
      { input: { accountId, returnUrl: 'http://shop.test/' } },
    );
    const portal = createBillingPortal.url;
    const subscription = /name="subscription" value="(sub_\w+)"/.exec(
      await (await fetch(portal)).text(),
    )?.[1];
    expect((await press(portal, `subscription=${subscription}&action=cancel`)).html).toMatch(
      /ends with its period/,
    );
    expect((await read()).subscription?.cancelAtPeriodEnd).toBe(true);
    await press(portal, `subscription=${subscription}&action=resume`);
    await press(portal, `subscription=${subscription}&action=renew`);
    expect((await read()).balance.posted).toBe(1_820);
    // Somebody else's subscription is not this page's.
    await press(portal, 'subscription=sub_other&action=cancel');

    const end = (when: string, key: string) =>
      server.admin.ask<{ cancelSubscription: Record<string, unknown> }>(
        `mutation($input: CancelSubscriptionInput!) { cancelSubscription(input: $input) { __typename ... on AccountSubscription { status cancelAtPeriodEnd } ... on Error { code } } }`,
        { input: { idempotencyKey: `${key}-${kind}`, accountId, when } },
      );
    expect((await end('PERIOD_END', 'end')).cancelSubscription).toEqual({
      __typename: 'AccountSubscription',
      status: 'active',
      cancelAtPeriodEnd: true,
    });
    expect((await end('NEVER', 'not')).cancelSubscription).toMatchObject({ cancelAtPeriodEnd: false });
    expect((await end('NOW', 'now')).cancelSubscription).toMatchObject({ status: 'canceled' });
    expect((await end('NOW', 'now')).cancelSubscription).toMatchObject({ status: 'canceled' });
    expect((await end('NOW', 'again')).cancelSubscription).toEqual({
      __typename: 'NotFoundError',
      code: 'NOT_FOUND',
    });
    expect((await read()).tier).toBe('PAYG');
  });

  it('gives money back when an operator says so, and the books of the day add up', async () => {
    const accountId = await server.admin.account(0);
    const { open, press, read } = deskOf(server, accountId);
    await press((await open({ pack: '500' })).url ?? '', 'action=pay');
    const paymentId = (await read()).payments.edges[0]?.node.id ?? '';
    const { refundPayment } = await server.admin.ask<{ refundPayment: unknown }>(
      `mutation($input: RefundPaymentInput!) { refundPayment(input: $input) { __typename ... on Payment { refunded { amount } creditsTaken lost { amount } } ... on Error { code message } } }`,
      { input: { idempotencyKey: `refund-${kind}`, paymentId, amount: '2.50', reason: 'They asked' } },
    );
    expect(refundPayment).toEqual({
      __typename: 'Payment',
      refunded: { amount: '2.50' },
      creditsTaken: 250,
      lost: { amount: '0.00' },
    });
    expect((await read()).balance.posted).toBe(250);
    const today = new Date().toISOString().slice(0, 10);
    const { books, payments } = await server.admin.ask<{
      books: Record<string, { amount: string } & string>[];
      payments: { edges: { node: { id: string } }[] };
    }>(
      `{ books(range: { from: "${today}T00:00:00Z", to: "${today}T23:59:59Z" }) { day cash { amount } refunds { amount } sold { amount } clawedBack { amount } deferred { amount } earned { amount } breakage { amount } }
         payments(first: 100) { edges { node { id } } } }`,
    );
    expect(payments.edges.map(({ node }) => node.id)).toContain(paymentId);
    const [day] = books;
    const cents = (name: string) => Math.round(Number(day?.[name]?.amount) * 100);
    expect(day?.day).toBe(today);
    expect(cents('deferred')).toBe(cents('sold') - cents('earned') - cents('breakage') - cents('clawedBack'));
    expect(cents('refunds')).toBe(250);
  });

  it('is there for an account’s own token, refuses what cannot be, and keeps its pages for other processes', async () => {
    const accountId = await server.admin.account(0);
    const { open } = deskOf(server, accountId);
    const { issueAccountToken } = await server.admin.ask<{ issueAccountToken: { token: string } }>(
      'mutation($id: ID!) { issueAccountToken(accountId: $id) { token } }',
      { id: accountId },
    );
    const own = server.as(issueAccountToken.token);
    const mine = await own.ask<{ createCheckout: Answered }>(CHECKOUT, {
      input: { idempotencyKey: 'own', pack: '100', ...urls },
    });
    expect(mine.createCheckout.__typename).toBe('Checkout');
    const other = await server.admin.account(0);
    const theirs = await own.ask<{ createCheckout: Answered }>(CHECKOUT, {
      input: { idempotencyKey: 'own', accountId: other, pack: '100', ...urls },
    });
    expect(theirs.createCheckout.code).toBe('NOT_FOUND');
    expect((await own.send('{ payments { edges { node { id } } } }')).code).toBe('FORBIDDEN');
    expect(
      (
        await own.send(
          `{ books(range: { from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" }) { day } }`,
        )
      ).code,
    ).toBe('FORBIDDEN');

    for (const [input, path] of [
      [{}, 'pack'],
      [{ pack: '100', plan: 'pro' }, 'pack'],
      [{ pack: 'nothing' }, 'pack'],
      [{ plan: 'nothing' }, 'plan'],
      [{ pack: '100', successUrl: 'javascript:alert(1)' }, 'successUrl'],
      [{ pack: '100', cancelUrl: 'shop' }, 'cancelUrl'],
    ] as const) {
      const answer = await open(input);
      expect([answer.code, answer.fields?.[0]?.path], JSON.stringify(input)).toEqual(['INVALID_INPUT', path]);
    }
    // What was refused leaves no trace of its key; what was made gives the same page again.
    const first = await open({ idempotencyKey: `same-${kind}`, pack: 'nothing' });
    const second = await open({ idempotencyKey: `same-${kind}`, pack: '100' });
    const third = await open({ idempotencyKey: `same-${kind}`, pack: '100' });
    expect([first.code, second.__typename, third]).toEqual(['INVALID_INPUT', 'Checkout', second]);
    expect((await open({ idempotencyKey: `same-${kind}`, pack: '500' })).code).toBe('IDEMPOTENCY_CONFLICT');

    const another = await server.another();
    const shown = await another.billing.sandbox?.show(new URL(second.url ?? '').pathname);
    expect(shown).toMatchObject({ page: { status: 200 } });
    expect((await fetch(`${server.url}/sandbox/checkout/cs_test_nobody`)).status).toBe(404);
    expect((await fetch(`${server.url}/sandbox/portal/bps_nobody`)).status).toBe(404);
    const strange = await fetch(second.url ?? '', {
      method: 'POST',
      body: 'action=pay',
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    expect(strange.status).toBe(403);
    const deleted = await fetch(second.url ?? '', { method: 'DELETE' });
    expect(deleted.status).toBe(405);
  });
});

describe('beside a key', () => {
  let stripes: StripeServer;
  let stripe: LoopbackStripe;
  let server: TestServer;
  beforeAll(async () => {
    stripes = await startStripe();
    stripe = stripes.open({ now: () => new Date() });
    server = await startTestServer({
      env: {
        STRIPE_SECRET_KEY: stripe.secretKey,
        STRIPE_API_BASE: stripes.url,
        STRIPE_WEBHOOK_SECRET: 'whsec_x',
      },
    });
  });
  afterAll(async () => {
    await server.close();
    await stripes.close();
  });

  it('the sandbox is not there at all', async () => {
    expect(server.core.billing.sandbox).toBeNull();
    expect((await fetch(`${server.url}/sandbox/checkout/cs_test_1`)).status).toBe(404);
    expect(
      (await fetch(`${server.url}/sandbox/checkout/cs_test_1`, { method: 'POST', body: 'action=pay' }))
        .status,
    ).toBe(404);
    expect(await server.rows('SELECT 1 FROM sandbox_stripe_object')).toEqual([]);
  });

  it('Stripe’s failures are outcomes without its secrets, and the same key goes on once it answers', async () => {
    const { open } = deskOf(server, await server.admin.account(0));
    const input = { idempotencyKey: 'goes-on', pack: '100' };
    const error = (type: string, message: string) => ({ error: { type, message } });
    const secret = 'sk_live_51HsecretSecretSecret';
    stripe.fail(
      /POST \/v1\/checkout\/sessions/,
      { fault: 'answer', status: 503, body: error('api_error', secret) },
      {
        fault: 'answer',
        status: 401,
        body: error('invalid_request_error', `Invalid API Key provided: ${secret}`),
      },
      {
        fault: 'answer',
        status: 429,
        body: error('rate_limit_error', 'slow'),
        headers: { 'retry-after': '9' },
      },
      { fault: 'answer', status: 200, body: { id: 'cs_1', object: 'checkout.session' } },
    );
    for (const retryAfterSeconds of [null, null, 9, null]) {
      const answer = await open(input);
      expect(answer).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', retryAfterSeconds });
      expect(JSON.stringify(answer)).not.toContain(secret);
    }
    const opened = await open(input);
    expect(opened.__typename).toBe('Checkout');
    expect(await open(input)).toEqual(opened);
    // What Stripe refuses for good is the caller's to change, and the key is free again.
    stripe.fail(/POST \/v1\/checkout\/sessions/, {
      fault: 'answer',
      status: 400,
      body: {
        error: {
          type: 'invalid_request_error',
          code: 'url_invalid',
          param: 'success_url',
          message: 'Not a valid URL',
        },
      },
    });
    const refused = await open({ idempotencyKey: 'refused', pack: '100' });
    expect(refused).toMatchObject({
      code: 'INVALID_INPUT',
      fields: [{ path: 'pack', message: 'Stripe refused this (url_invalid): success_url.' }],
    });
    expect((await open({ idempotencyKey: 'refused', pack: '500' })).__typename).toBe('Checkout');
    expect(JSON.stringify(server.log)).not.toContain(secret);
    expect(stripe.requests.join()).not.toMatch(/payment_method_types/);
  });

  it('a customer who was deleted at Stripe is made anew', async () => {
    const accountId = await server.admin.account(0);
    const { open } = deskOf(server, accountId);
    expect((await open({ pack: '100' })).__typename).toBe('Checkout');
    await server.rows(`UPDATE stripe_customer SET id = 'cus_gone' WHERE account_id = $1`, [
      accountId.slice(4),
    ]);
    expect((await open({ pack: '100' })).__typename).toBe('Checkout');
    expect(
      await server.rows('SELECT id FROM stripe_customer WHERE account_id = $1', [accountId.slice(4)]),
    ).not.toEqual([{ id: 'cus_gone' }]);
  });

  it('a customer whose making nobody heard of may have another address of mail at the next try', async () => {
    const accountId = await server.admin.account(0);
    const { open } = deskOf(server, accountId);
    stripe.fail(/POST \/v1\/customers/, { fault: 'reset' }, { fault: 'reset' });
    expect((await open({ pack: '100' })).code).toBe('PROVIDER_UNAVAILABLE');
    await server.rows(`UPDATE account SET email = 'moved@example.com' WHERE id = $1`, [accountId.slice(4)]);
    expect((await open({ pack: '100' })).__typename).toBe('Checkout');
  });
});
