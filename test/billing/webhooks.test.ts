/** Who is believed, and what is understood. Over HTTP, as Stripe and everybody else would send it. */
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type LoopbackStripe, type StripeServer, startStripe } from '../support/vendors/stripe.ts';
import { checkout, till } from './stage.ts';

const OLD = 'whsec_old_secret_of_the_tests';
const NEW = 'whsec_new_secret_of_the_tests';

let server: TestServer;
let stripes: StripeServer;
let stripe: LoopbackStripe;

beforeAll(async () => {
  stripes = await startStripe();
  stripe = stripes.open({ now: () => new Date() });
  server = await startTestServer({
    env: {
      STRIPE_SECRET_KEY: stripe.secretKey,
      STRIPE_API_BASE: stripes.url,
      STRIPE_WEBHOOK_SECRET: `${OLD},${NEW}`,
      LOG_LEVEL: 'debug',
    },
  });
});
afterAll(async () => {
  await server.expectSound();
  await server.close();
  await stripes.close();
});

/** What follows from the event is booked, or nothing does. */
const TAKEN = { status: 200, received: true, kept: undefined };
const now = () => Math.floor(Date.now() / 1000);
const header = (payload: string, secret = NEW, timestamp = now()) =>
  Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });

async function post(body: string, signature?: string) {
  const response = await fetch(`${server.url}/webhooks/stripe`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(signature === undefined ? {} : { 'stripe-signature': signature }),
    },
    body,
  });
  const answer = (await response.json()) as {
    received?: boolean;
    kept?: string;
    errors?: { message: string; extensions: { code: string } }[];
  };
  return { status: response.status, kept: undefined, ...answer, message: answer.errors?.[0]?.message };
}

const CHECKOUT = `mutation($input: CreateCheckoutInput!) { createCheckout(input: $input) { __typename ... on Checkout { url } ... on Error { code message } } }`;

/** A pack is paid, and nobody has been told yet. */
async function paid(accountId: string, key: string) {
  const { createCheckout } = await server.admin.ask<{ createCheckout: { url: string } }>(CHECKOUT, {
    input: {
      idempotencyKey: key,
      accountId,
      pack: '100',
      successUrl: 'https://shop.test/',
      cancelUrl: 'https://shop.test/',
    },
  });
  const session = createCheckout.url.split('/').at(-1) ?? '';
  await stripe.act((scene) => checkout.pay(scene, session));
  const events = await stripe.events();
  return { events, body: events.find(({ type }) => type === 'checkout.session.completed')?.body ?? '' };
}

/** What a forger would want to change. */
const everything = () =>
  server.rows(`SELECT (SELECT count(*) FROM payment) AS payments, (SELECT count(*) FROM "grant") AS grants,
    (SELECT count(*) FROM stripe_event) AS events, (SELECT count(*) FROM book_line) AS lines`);

describe('an event', () => {
  it('that is not signed rightly changes nothing, is answered 400 with the reason, and is logged without a secret', async () => {
    const accountId = await server.admin.account(0);
    const { body } = await paid(accountId, 'forged');
    const before = await everything();
    const cases: [string, string | undefined, RegExp][] = [
      [body, undefined, /stripe-signature is missing/],
      [body, '', /stripe-signature is missing/],
      [body, 'nonsense', /signature is not that of any webhook secret/],
      [body, `t=${now()},v1=${'0'.repeat(64)}`, /signature is not that of any/],
      [body, header(body, 'whsec_a_guess'), /signature is not that of any/],
      [body.replace('"paid"', '"unpaid"'), header(body), /signature is not that of any/],
      [`${body} `, header(body), /signature is not that of any/],
      [body, header(body, NEW, now() - 301), /older than 300 s/],
      [body, header(body, OLD, now() - 3_000), /older than 300 s/],
      ['not json', header('not json'), /no JSON/],
    ];
    for (const [payload, signature, message] of cases) {
      const answer = await post(payload, signature);
      expect([answer.status, answer.errors?.[0]?.extensions.code], String(message)).toEqual([
        400,
        'BAD_REPORT',
      ]);
      expect(answer.message).toMatch(message);
    }
    expect(await everything()).toEqual(before);
    expect((await server.admin.balance(accountId)).posted).toBe(0);
    const logged = server.log.filter(({ message }) => /not believed/.test(String(message)));
    expect(logged.length).toBeGreaterThanOrEqual(9);
    const text = JSON.stringify(server.log);
    for (const secret of [OLD, NEW, stripe.secretKey, 'cs_test_', accountId.slice(4)]) {
      expect(JSON.stringify(logged)).not.toContain(secret);
    }
    for (const secret of [OLD, NEW, stripe.secretKey]) expect(text).not.toContain(secret);
  });

  it('is believed with either secret while one is being replaced, and is done once however often it comes', async () => {
    const accountId = await server.admin.account(0);
    const { body } = await paid(accountId, 'rotation');
    for (const secret of [OLD, NEW, OLD]) expect(await post(body, header(body, secret))).toMatchObject(TAKEN);
    // Stripe signs with both while one is being replaced.
    const both = `${header(body, 'whsec_unknown')},${header(body, OLD).split(',')[1]}`;
    expect((await post(body, both)).status).toBe(200);
    expect((await server.admin.balance(accountId)).posted).toBe(100);
  });

  it('that Stripe cannot be asked about is not taken: 503, nothing written, and the next time it is', async () => {
    const accountId = await server.admin.account(0);
    const { body } = await paid(accountId, 'away');
    const before = await everything();
    stripe.fail(
      /GET \/v1\/payment_intents/,
      {
        fault: 'answer',
        status: 500,
        body: { error: { type: 'api_error', message: 'sk_live_0123456789abcdef went wrong' } },
      },
      {
        fault: 'answer',
        status: 429,
        body: { error: { type: 'rate_limit_error', message: 'Slow down.' } },
        headers: { 'retry-after': '7' },
      },
      // Stripe's SDK takes a body without an error for a success.
      { fault: 'answer', status: 404, body: { message: 'not found' } },
      { fault: 'answer', status: 502, body: '<html>Bad gateway</html>' },
    );
    for (let times = 0; times < 4; times += 1) {
      const answer = await post(body, header(body));
      expect(answer.status).toBe(503);
      expect(answer.message).not.toMatch(/sk_live/);
    }
    // A broken connection the SDK tries once more by itself.
    stripe.fail(/GET \/v1\/payment_intents/, { fault: 'reset' }, { fault: 'reset' });
    expect((await post(body, header(body))).status).toBe(503);
    expect(await everything()).toEqual(before);
    expect((await post(body, header(body))).status).toBe(200);
    expect((await server.admin.balance(accountId)).posted).toBe(100);
    expect(JSON.stringify(server.log)).not.toMatch(/sk_live_0123456789abcdef/);
  });

  it('is refused in other ways as the other webhooks are', async () => {
    const answer = await fetch(`${server.url}/webhooks/stripe`);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await post('x'.repeat(1_100_000), 'x')).status).toBe(413);
  });
});

describe('an event of another shape', () => {
  const wrap = (type: string, object: unknown, more: Record<string, unknown> = {}) =>
    JSON.stringify({
      id: `evt_${Math.random().toString(36).slice(2)}`,
      object: 'event',
      api_version: '2022-11-15',
      created: now(),
      livemode: false,
      type,
      data: { object },
      ...more,
    });
  const send = (body: string) => post(body, header(body));

  it('of before basil is handled where it says the same without a doubt', async () => {
    const accountId = await server.admin.account(0);
    const { createCheckout } = await server.admin.ask<{ createCheckout: { url: string } }>(CHECKOUT, {
      input: {
        idempotencyKey: 'old-shapes',
        accountId,
        plan: 'creator',
        successUrl: 'https://shop.test/',
        cancelUrl: 'https://shop.test/',
      },
    });
    await stripe.act((scene) => checkout.pay(scene, createCheckout.url.split('/').at(-1) ?? ''));
    const events = await stripe.events();
    const object = (type: string) =>
      JSON.parse(events.find((event) => event.type === type)?.body ?? '{}').data.object;
    // The subscription's period stood on itself.
    const { items, ...subscription } = object('customer.subscription.created');
    const end = items.data[0].current_period_end;
    expect(
      await send(
        wrap('customer.subscription.updated', {
          ...subscription,
          current_period_end: end,
          current_period_start: now(),
        }),
      ),
    ).toMatchObject(TAKEN);
    expect((await server.admin.balance(accountId)).posted).toBe(910);
    // An invoice named its subscription, its charge and whether it was paid.
    const { parent, payments: _, ...invoice } = object('invoice.paid');
    const old = {
      ...invoice,
      subscription: parent.subscription_details.subscription,
      charge: 'ch_1',
      paid: true,
      payment_intent: 'pi_1',
    };
    expect(await send(wrap('invoice.payment_succeeded', old))).toMatchObject(TAKEN);
    // A charge of an invoice, with both ways to tell whose it is.
    const charge = object('charge.succeeded');
    expect(await send(wrap('charge.updated', { ...charge, invoice: invoice.id }))).toMatchObject({
      status: 200,
      received: true,
    });
    expect(
      await send(wrap('charge.updated', { ...charge, payment_intent: null, invoice: invoice.id })),
    ).toMatchObject(TAKEN);
    expect((await server.admin.balance(accountId)).posted).toBe(910);
    expect(await server.rows("SELECT 1 FROM payment WHERE plan_id = 'tokens-creator'")).toHaveLength(1);
  });

  it('that is not understood is kept whole with the reason, answered 200, and shown to operators', async () => {
    const before = await server.rows('SELECT count(*) AS payments FROM payment');
    const cases: [string, unknown, RegExp][] = [
      [
        'invoice.paid',
        { id: 'in_1', object: 'invoice', status: 'paid' },
        /shape that is not understood: parent/,
      ],
      [
        'invoice.paid',
        { id: 'in_1', object: 'invoice', parent: 7, paid: true, subscription: 'sub_1' },
        /not understood/,
      ],
      [
        'customer.subscription.updated',
        { id: 'sub_1', object: 'subscription', status: 'active', items: { data: [{ id: 'si_1' }] } },
        /current_period_end/,
      ],
      [
        'checkout.session.completed',
        { id: 'cs_1', object: 'checkout.session', mode: 'payment', payment_status: 'half' },
        /payment_status/,
      ],
      [
        'charge.refunded',
        { id: 'ch_1', object: 'charge', amount: 5, payment_intent: null },
        /cannot be told apart/,
      ],
      ['charge.dispute.closed', { id: 'du_1', object: 'dispute', charge: 'ch_1' }, /amount/],
      ['quasar.collapsed', {}, /kind quasar.collapsed are not known/],
      [
        'charge.refunded',
        { id: 'ch_x', object: 'charge', amount: 5, payment_intent: 'pi_of_nobody' },
        /resource_missing/,
      ],
    ];
    for (const [type, object, reason] of cases) {
      const answer = await send(wrap(type, object));
      expect([answer.status, answer.received], type).toEqual([200, true]);
      expect(answer.kept, type).toMatch(reason);
    }
    const thin = JSON.stringify({ id: 'evt_thin', object: 'v2.core.event', type: 'v2.core.account.created' });
    expect((await send(thin)).kept).toMatch(/no event that is understood: object/);
    expect(await server.rows('SELECT count(*) AS payments FROM payment')).toEqual(before);
    const { stripeEvents } = await server.admin.ask<{
      stripeEvents: {
        edges: { node: { id: string; type: string; state: string; reason: string; payload: unknown } }[];
      };
    }>('{ stripeEvents(state: KEPT, first: 50) { edges { node { id type state reason payload } } } }');
    expect(stripeEvents.edges).toHaveLength(cases.length + 1);
    for (const { node } of stripeEvents.edges) {
      expect([node.state, typeof node.payload]).toEqual(['KEPT', 'object']);
      expect(node.reason.length).toBeGreaterThan(10);
    }
  });

  it('of payments that this site never asked for is kept and grants nothing', async () => {
    const intent = await stripe.act(async (scene) =>
      till.succeed(
        scene,
        (
          await till.openPayment(scene, {
            amount: 5_000,
            currency: 'usd',
            customer: null,
            metadata: {},
            paymentMethod: null,
          })
        ).id,
      ),
    );
    await stripe.events();
    expect((await send(wrap('payment_intent.succeeded', intent))).kept).toMatch(/not asked for by this site/);
  });

  it('that was kept is taken once more when an operator says so', async () => {
    const accountId = await server.admin.account(0);
    const { body } = await paid(accountId, 'kept');
    const event = JSON.parse(body);
    // Its payment was not to be found when it first came.
    stripe.fail(/GET \/v1\/payment_intents/, {
      fault: 'answer',
      status: 404,
      body: {
        error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such payment_intent' },
      },
    });
    expect((await post(body, header(body))).kept).toMatch(/resource_missing/);
    expect((await server.admin.balance(accountId)).posted).toBe(0);
    const again = () =>
      server.admin.send(
        `mutation { processStripeEvent(id: "sev_${event.id}") { done reason event { state payload } } }`,
      );
    expect((await again()).data).toEqual({
      processStripeEvent: { done: true, reason: null, event: { state: 'DONE', payload: null } },
    });
    expect((await server.admin.balance(accountId)).posted).toBe(100);
    expect((await again()).code).toBe('NOT_FOUND');
  });

  it('of a kind from which nothing follows is done', async () => {
    for (const type of [
      'customer.created',
      'price.updated',
      'payout.paid',
      'invoice.created',
      'payment_method.attached',
    ]) {
      expect(await send(wrap(type, { id: 'x' }))).toMatchObject(TAKEN);
    }
  });
});
