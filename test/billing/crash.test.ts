/**
 * `kill -9` between the receipt of an event and its effect: Stripe sends it again, nothing is doubled and nothing lost.
 */
import { rmSync } from 'node:fs';
import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { runAudit } from '../../server/audit/index.ts';
import { describeOnPostgres, openTestDatabase } from '../support/databases.ts';
import { rounds } from '../support/rounds.ts';
import {
  expectSoundFolder,
  prepareFolder,
  type SpawnedServer,
  spawnReady,
  temporaryFolder,
  until,
} from '../support/server.ts';
import { type LoopbackStripe, startStripe } from '../support/vendors/stripe.ts';
import { expectClean } from '../support/world.ts';
import { checkout } from './stage.ts';

const SECRET = 'whsec_of_the_crash_tests_0123456789';
const CHECKOUT = `mutation($input: CreateCheckoutInput!) { createCheckout(input: $input) { __typename ... on Checkout { url } ... on Error { code message } } }`;

/** Sends an event as Stripe does. Null: nobody answered. */
async function send(server: SpawnedServer, body: string): Promise<number | null> {
  const signature = Stripe.webhooks.generateTestHeaderString({ payload: body, secret: SECRET });
  const url = await server.ready;
  return fetch(`${url}/webhooks/stripe`, {
    method: 'POST',
    headers: { 'stripe-signature': signature },
    body,
  }).then(
    ({ status }) => status,
    () => null,
  );
}

async function buy(
  server: SpawnedServer,
  stripe: LoopbackStripe,
  accountId: string,
  key: string,
): Promise<string[]> {
  const { createCheckout } = await server.admin.ask<{ createCheckout: { url: string } }>(CHECKOUT, {
    input: {
      idempotencyKey: key,
      accountId,
      pack: '100',
      successUrl: 'https://shop.test/',
      cancelUrl: 'https://shop.test/',
    },
  });
  await stripe.act((scene) => checkout.pay(scene, createCheckout.url.split('/').at(-1) ?? ''));
  return (await stripe.events()).map(({ body }) => body);
}

const settings = (stripe: LoopbackStripe, url: string) => ({
  STRIPE_SECRET_KEY: stripe.secretKey,
  STRIPE_API_BASE: url,
  STRIPE_WEBHOOK_SECRET: SECRET,
});

describe('a server on the embedded database that is killed while it looks at an event', () => {
  test('has booked the payment once when Stripe has sent the event again', async () => {
    const folder = await prepareFolder();
    await using stripes = await startStripe();
    const stripe = stripes.open({ now: () => new Date() });
    const env = settings(stripe, stripes.url);
    let server = await spawnReady({ folder, env });
    try {
      const accountId = await server.admin.account(0);
      const events = await buy(server, stripe, accountId, 'killed');
      const asked = () => stripe.requests.filter((line) => /GET \/v1\/payment_intents/.test(line)).length;
      stripe.fail(/GET \/v1\/payment_intents/, { fault: 'hang' });
      const answer = send(server, events.at(-1) ?? '');
      await until('the event is being looked at', () => asked() === 1);
      await server.kill('SIGKILL');
      expect(await answer).toBeNull();
      server = await spawnReady({ folder, env });
      expect((await server.admin.balance(accountId)).posted).toBe(0);
      // Stripe's retries, and its own impatience.
      for (const body of [...events, ...events]) expect(await send(server, body)).toBe(200);
      expect((await server.admin.balance(accountId)).posted).toBe(100);
      await server.kill('SIGTERM');
      await expectSoundFolder(folder);
    } finally {
      await server.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);
});

const KILLS = rounds(1, 30);

describeOnPostgres('servers on one database that are killed at any moment while events come in', (kind) => {
  test('have booked each payment once in the end, and asked Stripe for no checkout twice', async () => {
    const shared = await openTestDatabase(kind);
    const folder = temporaryFolder();
    await using stripes = await startStripe();
    const stripe = stripes.open({ now: () => new Date() });
    const env = { ...settings(stripe, stripes.url), DATABASE_URL: shared.url ?? '' };
    let server = await spawnReady({ folder, env });
    try {
      const accountId = await server.admin.account(0);
      const all: string[] = [];
      for (let round = 0; round < KILLS; round += 1) {
        all.push(
          ...(await buy(server, stripe, accountId, `round-${round}`)),
          ...(await buy(server, stripe, accountId, `more-${round}`)),
        );
        const answers = [...all, ...all].map((body) => send(server, body));
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 120));
        await server.kill('SIGKILL');
        await Promise.all(answers);
        server = await spawnReady({ folder, env });
      }
      for (const body of all) expect(await send(server, body)).toBe(200);
      expect((await server.admin.balance(accountId)).posted).toBe(200 * KILLS);
      const [row] = await shared.database.query<{ payments: bigint; done: bigint }>(
        "SELECT (SELECT count(*) FROM payment) AS payments, (SELECT count(*) FROM stripe_event WHERE state = 'DONE') AS done",
      );
      expect(row).toEqual({ payments: BigInt(2 * KILLS), done: BigInt(all.length) });

      // A checkout of which nobody heard: Stripe has made it, and the server died.
      const input = {
        idempotencyKey: 'unheard',
        accountId,
        pack: '500',
        successUrl: 'https://shop.test/',
        cancelUrl: 'https://shop.test/',
      };
      stripe.fail(/POST \/v1\/checkout\/sessions/, { fault: 'hang' });
      const unheard = server.admin.send(CHECKOUT, { input }).catch(() => null);
      const posts = () => stripe.requests.filter((line) => line === 'POST /v1/checkout/sessions').length;
      const before = posts();
      await until('Stripe has been asked', () => posts() > before);
      await server.kill('SIGKILL');
      await unheard;
      server = await spawnReady({ folder, env });
      const answers = [
        await server.admin.ask(CHECKOUT, { input }),
        await server.admin.ask(CHECKOUT, { input }),
      ];
      expect(answers[0]).toMatchObject({ createCheckout: { __typename: 'Checkout' } });
      expect(answers[1]).toEqual(answers[0]);
      const sessions = await stripe.act((scene) => scene.shelf.all('checkout.session'));
      expect(sessions.filter(({ amount_total: total }) => total === 500)).toHaveLength(1);
      expectClean(await runAudit(shared.database));
    } finally {
      await server.kill('SIGKILL');
      await shared.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 600_000);
});
