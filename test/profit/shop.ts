/** A business for tests: the shipped catalogue and plans, subscriptions and payments as the billing part keeps them. */
import { type Catalog, createCatalog, seedCatalog } from '../../server/catalog/index.ts';
import { newId } from '../../server/ids.ts';
import { createPlans, seedPlans } from '../../server/plans/index.ts';
import { type Business, createBusiness } from '../../server/profit/index.ts';
import type { DatabaseKind } from '../support/databases.ts';
import { emptied } from '../support/emptied.ts';
import { NOON, openWorld, type World } from '../support/world.ts';

export interface SubscriptionOptions {
  readonly plan: string;
  readonly interval?: 'MONTH' | 'YEAR';
  readonly priceMicros: bigint;
  readonly status?: string;
  readonly startedAt: string;
  readonly endedAt?: string | null;
  readonly leaving?: boolean;
  /** False: it was never paid for. */
  readonly paid?: boolean;
}

export interface Shop {
  readonly world: World;
  readonly catalog: Catalog;
  readonly business: Business;
  /** A subscription, with its first payment. Gives its account. */
  subscribe(options: SubscriptionOptions, accountId?: string): Promise<string>;
  /** Money that came for a pack. */
  pay(accountId: string, amountMicros: bigint, at: string): Promise<void>;
  /** A line of the cash book. */
  book(accountId: string, kind: string, amountMicros: bigint, at: string): Promise<void>;
  /** Empties all but what is sold, and sets the clock back. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a shop with a price list. */
export async function openShop(kind: DatabaseKind, priceList: 'tokens' | 'dtf' = 'tokens'): Promise<Shop> {
  const world = await openWorld({ kind });
  const { database, clock } = world;
  await seedCatalog(database, clock);
  await seedPlans(database, clock);
  const catalog = await createCatalog({
    database,
    clock,
    priceList,
    marginFloor: 0.2,
    isServed: () => true,
  });
  const plans = createPlans({ database, clock, catalog, priceList });
  const business = createBusiness({
    database,
    clock,
    timeZone: 'UTC',
    catalog,
    plans,
    priceList,
    marginFloor: 0.2,
  });
  const payment = (accountId: string, amountMicros: bigint, at: string, more: object) =>
    database.query(
      `INSERT INTO payment (id, account_id, kind, amount_micros, tax_micros, currency, plan_id, pack_id, subscription_id, credits, grant_id,
        payment_intent_id, invoice_id, paid_at, observation, created_at)
      SELECT $1::uuid, $2::uuid, kind, $3, 0, 'USD', plan_id, pack_id, subscription_id, 100, $1::uuid, intent, invoice, $4, 1, $4
      FROM jsonb_to_record($5::jsonb) AS m(kind payment_kind, plan_id text, pack_id text, subscription_id text, intent text, invoice text)`,
      [newId(), accountId, amountMicros.toString(), at, JSON.stringify(more)],
    );
  const shop: Shop = {
    world,
    catalog,
    business,
    async subscribe(options, accountId) {
      const account = accountId ?? (await world.account());
      const id = `sub_${newId()}`;
      await database.query(
        `INSERT INTO subscription (id, account_id, plan_id, plan_version_id, interval, status, price_micros, started_at, current_period_end,
          cancel_at_period_end, ended_at, observed_at, observation)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $8, 1)`,
        [
          id,
          account,
          options.plan,
          newId(),
          options.interval ?? 'MONTH',
          options.status ?? 'active',
          options.priceMicros.toString(),
          options.startedAt,
          options.leaving ?? false,
          options.endedAt ?? null,
        ],
      );
      if (options.paid ?? true) {
        await payment(account, options.priceMicros, options.startedAt, {
          kind: 'PLAN',
          plan_id: options.plan,
          subscription_id: id,
          invoice: `in_${newId()}`,
        });
      }
      return account;
    },
    async pay(accountId, amountMicros, at) {
      await payment(accountId, amountMicros, at, {
        kind: 'PACK',
        pack_id: 'tokens-100',
        intent: `pi_${newId()}`,
      });
      await shop.book(accountId, 'PAYMENT', amountMicros, at);
    },
    async book(accountId, kindOfLine, amountMicros, at) {
      await database.query(
        `INSERT INTO book_line (id, at, kind, amount_micros, account_id, payment_id, source, booked_at)
        VALUES ($1, $2, $3::book_kind, $4, $5, $1, $6, $2)`,
        [newId(), at, kindOfLine, amountMicros.toString(), accountId, newId()],
      );
    },
    async reset() {
      world.clock.set(NOON);
      await database.script(
        emptied([
          'account',
          '"grant"',
          'entry',
          'reservation',
          'generation',
          'attempt',
          'model_summary',
          'segment_summary',
          'account_summary',
          'idempotency_record',
          'audit_log',
          'subscription',
          'payment',
          'payment_part',
          'book_line',
          'imported_call',
        ]),
      );
    },
    async close() {
      catalog.close();
      await world.close();
    },
  };
  return shop;
}
