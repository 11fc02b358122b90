/** A stage for tests of billing: an account, a Stripe of its own over HTTP, and rooms that hear its events. */
import Stripe from 'stripe';
import { expect } from 'vitest';
import { runAudit } from '../../server/audit/index.ts';
import type { Billing, EventOutcome } from '../../server/billing/index.ts';
import { checkout, type Scene, subscriptions, till } from '../../server/billing/sandbox/index.ts';
import { createStripeGateway } from '../../server/billing/stripe.ts';
import { createCatalog, seedCatalog } from '../../server/catalog/index.ts';
import { FakeClock } from '../../server/clock.ts';
import type { Database } from '../../server/database/index.ts';
import { type Ledger, openLedger } from '../../server/ledger/index.ts';
import { createLog, type Log } from '../../server/log.ts';
import { createPlans, type Plans, seedPlans } from '../../server/plans/index.ts';
import { useSetting } from '../../server/settings/index.ts';
import { type DatabaseKind, openTestDatabase } from '../support/databases.ts';
import { type LoopbackStripe, type StripeServer, startStripe } from '../support/vendors/stripe.ts';
import {
  type AccountOptions,
  expectClean,
  insertAccount,
  reserveItem,
  settleItem,
} from '../support/world.ts';
import { openRoom, SECRET } from './room.ts';

export const NOON = '2026-11-20T12:00:00Z';
export const DAY = 86_400_000;

/** A database with all that billing needs beside it. */
export interface Stage extends AsyncDisposable {
  readonly database: Database;
  /** By which other processes reach the database; undefined on PGlite, which has one process. */
  readonly url: string | undefined;
  readonly clock: FakeClock;
  readonly ledger: Ledger;
  readonly plans: Plans;
  readonly server: StripeServer;
  readonly log: Log;
  /** What was logged. */
  readonly lines: Record<string, unknown>[];
  /** A buyer with a Stripe of its own. */
  buyer(options?: BuyerOptions): Promise<Buyer>;
  rows<Row = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
  expectSound(): Promise<void>;
  close(): Promise<void>;
}

export interface BuyerOptions extends AccountOptions {
  readonly barDisputed?: boolean;
  readonly webhookSecrets?: readonly string[];
  /** How long Stripe is waited for. */
  readonly timeoutMs?: number;
}

/** An account that buys. */
export interface Buyer {
  readonly accountId: string;
  readonly stripe: LoopbackStripe;
  readonly billing: Billing;
  /** Opens a checkout, and gives Stripe's id of it. */
  open(
    what: { pack: string } | { plan: string; interval?: 'MONTH' | 'YEAR' },
    saveCard?: boolean,
  ): Promise<string>;
  /** Opens a checkout and pays it. */
  buy(
    what: { pack: string } | { plan: string; interval?: 'MONTH' | 'YEAR' },
    options?: till.PayOptions,
  ): Promise<void>;
  /** Delivers what has come up since, in order. */
  hear(): Promise<EventOutcome[]>;
  /** Delivers one body, signed. */
  deliver(body: string): Promise<EventOutcome>;
  act<Result>(work: (scene: Scene) => Promise<Result>): Promise<Result>;
  balance(): Promise<number>;
  /** Burns credits. */
  use(credits: number): Promise<void>;
  account(): Promise<{ tier: string; plan_id: string | null; barred_reason: string | null }>;
}

/** Opens a stage. */
export async function openStage(kind: DatabaseKind): Promise<Stage> {
  const opened = await openTestDatabase(kind);
  const { database } = opened;
  const clock = new FakeClock(NOON);
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ level: 'debug', to: { write: (line) => lines.push(JSON.parse(line)) } });
  await database.query('DELETE FROM budget');
  await seedCatalog(database, clock);
  await seedPlans(database, clock);
  await useSetting(database, 'price-list', 'tokens');
  const ledger = await openLedger({ database, clock });
  const catalog = await createCatalog({
    database,
    clock,
    priceList: 'tokens',
    marginFloor: 0.2,
    isServed: () => true,
    onRefreshError: () => {},
  });
  const plans = createPlans({ database, clock, catalog, priceList: 'tokens' });
  const server = await startStripe();
  const stage: Stage = {
    database,
    url: opened.url,
    clock,
    ledger,
    plans,
    server,
    log,
    lines,
    buyer: (options = {}) => makeBuyer(stage, options),
    rows: (text, parameters) => database.query(text, parameters),
    expectSound: async () => expectClean(await runAudit(database)),
    async close() {
      catalog.close();
      await server.close();
      await opened.close();
    },
    [Symbol.asyncDispose]: () => stage.close(),
  };
  return stage;
}

async function makeBuyer(stage: Stage, options: BuyerOptions): Promise<Buyer> {
  const { database, clock, ledger, plans, server, log } = stage;
  const accountId = await insertAccount(database, clock.now(), { tier: 'FREE', ...options });
  const stripe = server.open(clock);
  const billing = openRoom({
    database,
    clock,
    log,
    plans,
    secretKey: stripe.secretKey,
    apiBase: server.url,
    ...options,
  });
  let opened = 0;
  const buyer: Buyer = {
    accountId,
    stripe,
    billing,
    async open(what, saveCard = false) {
      opened += 1;
      const answer = await billing.createCheckout({
        namespace: 'api',
        key: `checkout-${accountId}-${opened}`,
        accountId,
        plan: 'plan' in what ? what.plan : null,
        interval: 'plan' in what ? (what.interval ?? 'MONTH') : 'MONTH',
        pack: 'pack' in what ? what.pack : null,
        successUrl: 'https://shop.test/thanks',
        cancelUrl: 'https://shop.test/cart',
        savePaymentMethod: saveCard,
      });
      if (answer.status !== 'opened') throw new Error(`No checkout: ${JSON.stringify(answer)}`);
      return answer.checkout.url.split('/').at(-1) ?? '';
    },
    async buy(what, pay = {}) {
      const session = await buyer.open(what);
      await stripe.act((scene) => checkout.pay(scene, session, pay));
    },
    async hear() {
      const outcomes: EventOutcome[] = [];
      for (const { body } of await stripe.events()) outcomes.push(await buyer.deliver(body));
      return outcomes;
    },
    deliver: (body) => billing.webhook(Buffer.from(body), sign(body, clock.now())),
    act: (work) => stripe.act(work),
    balance: async () => (await ledger.balance(accountId))?.posted ?? -1,
    async use(credits) {
      const item = reserveItem(accountId, clock.now(), { credits });
      const reserved = await ledger.reserve(item);
      expect(reserved.status).toBe('reserved');
      await ledger.settle(settleItem(item.id, 'POST', clock.now(), { credits }));
    },
    async account() {
      const [row] = await stage.rows<{ tier: string; plan_id: string | null; barred_reason: string | null }>(
        'SELECT tier, plan_id, barred_reason FROM account WHERE id = $1',
        [accountId],
      );
      if (!row) throw new Error('The account is gone.');
      return row;
    },
  };
  return buyer;
}

/** Stripe's own signature of a body. */
export function sign(body: string, now: Date, secret = SECRET): string {
  return Stripe.webhooks.generateTestHeaderString({
    payload: body,
    secret,
    timestamp: Math.floor(now.getTime() / 1000),
  });
}

/** The price of a plan at a Stripe, as billing makes it. */
export async function priceAt(
  stage: Stage,
  buyer: Buyer,
  plan: string,
  interval: 'MONTH' | 'YEAR' = 'MONTH',
) {
  const offer = await stage.plans.offer(plan, interval, stage.clock.now());
  if (!offer) throw new Error(`There is no plan ${plan}.`);
  const gateway = createStripeGateway({
    secretKey: buyer.stripe.secretKey,
    apiBase: stage.server.url,
    log: stage.log,
  });
  const id = await gateway.priceOf({
    planVersionId: offer.versionId,
    name: offer.name,
    interval,
    cents: Number(offer.priceMicros / 10_000n),
  });
  return { id, offer };
}

export { checkout, SECRET, subscriptions, till };
