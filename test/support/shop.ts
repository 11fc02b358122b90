/** Buying at the sandbox's checkout, as an integrator's page leads there. */
import { expect } from 'vitest';
import { type TestClient, unique } from './client.ts';
import type { TestServer } from './server.ts';

/** Pays for a pack or a plan, and waits until its credits are there. */
export async function buy(
  server: TestServer,
  accountId: string,
  what: { readonly pack: string } | { readonly plan: string },
  /** Opens the checkout. */
  buyer: TestClient = server.admin,
): Promise<void> {
  const before = (await server.admin.balance(accountId)).available;
  const { createCheckout } = await buyer.ask<{ createCheckout: { url: string } }>(
    'mutation ($input: CreateCheckoutInput!) { createCheckout(input: $input) { ... on Checkout { url } } }',
    {
      input: {
        idempotencyKey: unique('buys'),
        accountId,
        ...what,
        successUrl: 'https://shop.example/done',
        cancelUrl: 'https://shop.example/back',
      },
    },
  );
  await fetch(createCheckout.url, { method: 'POST', body: 'action=pay', redirect: 'manual' });
  await expect.poll(async () => (await server.admin.balance(accountId)).available).toBeGreaterThan(before);
}
