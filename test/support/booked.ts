/** A payment for a pack, half of it refunded, and one for a plan, as billing books what Stripe says. */
import { book } from '../../server/billing/book.ts';
import type { IntentRead } from '../../server/billing/gateway.ts';
import type { PaymentRead } from '../../server/billing/read.ts';
import { claimRequest } from '../../server/billing/statements/index.ts';
import { newId } from '../../server/ids.ts';
import type { World } from './world.ts';

/** Books both for an account that has no plan yet. Gives the id of the pack's payment. */
export async function bookPayments(world: World, accountId: string): Promise<string> {
  const { database, clock } = world;
  const now = clock.now();
  const versionId = newId();
  const dated = {
    versionId,
    priceListId: 'test',
    name: 'Ten',
    priceMicros: 1_000_000n,
    credits: 10,
    effectiveFrom: now,
  };
  const pack = { ...dated, packId: 'test-ten' };
  const plan = {
    ...dated,
    planId: 'test-plan',
    tier: 'PRO',
    note: null,
    interval: 'MONTH',
    rollover: true,
    included: [],
  } as const;
  await database.query(`INSERT INTO pack (id, price_list_id, name) VALUES ('test-ten', 'test', 'Ten')`);
  await database.query(
    `INSERT INTO pack_version (id, pack_id, price_micros, credits, effective_from, created_at) VALUES ($1, 'test-ten', 1000000, 10, $2, $2)`,
    [versionId, now],
  );
  await database.query(
    `INSERT INTO plan (id, price_list_id, name, tier) VALUES ('test-plan', 'test', 'Ten', 'PRO')`,
  );
  await database.query(
    `INSERT INTO plan_version (id, plan_id, interval, price_micros, credits, rollover, effective_from, created_at)
    VALUES ($1, 'test-plan', 'MONTH', 1000000, 10, true, $2, $2)`,
    [versionId, now],
  );
  const intent = (id: string): IntentRead => ({
    id,
    status: 'succeeded',
    succeeded: true,
    currency: 'usd',
    receivedMicros: 1_000_000n,
    tags: {},
    charge: { id: `ch_${id}`, at: now, amountMicros: 1_000_000n, balance: null },
  });
  const payment = {
    accountId,
    paymentIntentId: 'pi_pack',
    invoiceId: null,
    subscriptionId: null,
    plan: null,
    pack: null,
    amountMicros: 1_000_000n,
    taxMicros: 0n,
    paidAt: now,
    parts: [{ credits: 10, revenueMicros: 1_000_000n, dueAt: now, expiresAt: null }],
    money: [],
  };
  const refund = {
    id: 're_1',
    at: now,
    amountMicros: 500_000n,
    status: 'succeeded',
    reason: null,
    tags: {},
    balance: null,
    returned: null,
  };
  const bought: PaymentRead = {
    ...payment,
    kind: 'PACK',
    pack,
    money: [{ intent: intent('pi_pack'), refunds: [refund], disputes: [] }],
  };
  const subscribed: PaymentRead = {
    ...payment,
    kind: 'PLAN',
    paymentIntentId: 'pi_plan',
    invoiceId: 'in_1',
    subscriptionId: 'sub_1',
    plan,
    money: [{ intent: intent('pi_plan'), refunds: [], disputes: [] }],
  };
  const subscription = {
    accountId,
    plan,
    read: {
      id: 'sub_1',
      status: 'active',
      tags: {},
      itemId: 'si_1',
      priceId: 'price_1',
      priceMicros: 1_000_000n,
      startedAt: now,
      currentPeriodEnd: now,
      cancelAtPeriodEnd: false,
      endedAt: null,
      latestInvoiceId: 'in_1',
    },
  };
  return database.transaction(async (sql) => {
    const booking = { sql, now, observation: 1n, barDisputed: true };
    await book(booking, { found: true, payment: bought, subscription: null, problem: null });
    await book(booking, { found: true, payment: subscribed, subscription, problem: null });
    const request = {
      id: newId(),
      namespace: 'api',
      key: 'checkout',
      hash: 'same',
      kind: 'CHECKOUT',
      accountId,
      input: {},
    } as const;
    await claimRequest(sql, now, request);
    const [row] = await sql.query<{ id: string }>(
      `SELECT id FROM payment WHERE payment_intent_id = 'pi_pack'`,
    );
    if (!row) throw new Error('The payment was not booked.');
    return row.id;
  });
}
