/** A world for tests in one line: a database, a ledger, a clock that stands still, and accounts with credits. */

import { type AuditLine, runAudit } from '../../server/audit/index.ts';
import { FakeClock } from '../../server/clock.ts';
import type { Database } from '../../server/database/index.ts';
import { newId } from '../../server/ids.ts';
import {
  type AttemptRecord,
  type Balance,
  type BudgetScope,
  type GrantItem,
  type GrantOutcome,
  type Ledger,
  type LedgerObserver,
  openLedger,
  type ReserveItem,
  type ReserveOutcome,
  type SettleItem,
  type SettleOutcome,
  type Tier,
} from '../../server/ledger/index.ts';
import { type DatabaseKind, openTestDatabase } from './databases.ts';
import { emptied } from './emptied.ts';

export const NOON = '2026-11-20T12:00:00Z';

/** Of the sandbox's dearest picture, so that few calls fill a budget: 40,000 micros are four cents. */
export const CEILING_MICROS = 40_000n;

/** What a world fills. */
const TABLES = [
  'account "grant" entry reservation generation attempt output removal budget budget_window model_summary segment_summary',
  'account_summary imported_call cost_adjustment idempotency_record audit_log price_list setting wheel_spin wheel_day',
  'referral revocation',
].flatMap((names) => names.split(' '));

export interface AccountOptions {
  /** Granted at once, without expiry, unless 0. */
  readonly credits?: number;
  /** What one of them earns. */
  readonly unitRevenueMicros?: bigint;
  /** PAYG unless told otherwise, so that no free credits come by themselves. */
  readonly tier?: Tier;
  readonly timeZone?: string;
  readonly country?: string | null;
}

export type ReserveOptions = Partial<Omit<ReserveItem, 'accountId'>>;

export interface SettleOptions {
  readonly credits?: number;
  readonly costMicros?: bigint;
  readonly outcome?: AttemptRecord['outcome'];
  readonly attempts?: readonly AttemptRecord[];
  readonly outputs?: SettleItem['outputs'];
  readonly status?: SettleItem['status'];
}

export interface BudgetOptions {
  readonly scope?: BudgetScope;
  readonly subject?: string;
  readonly period?: 'HOUR' | 'DAY' | 'MONTH';
  readonly limitMicros: bigint;
  readonly action?: 'WARN' | 'BLOCK' | 'SHUTDOWN';
}

/** Inserts an account, as the accounts' room does. */
export async function insertAccount(
  database: Pick<Database, 'query'>,
  now: Date,
  options: AccountOptions = {},
) {
  const id = newId();
  await database.query(
    `INSERT INTO account (id, external_id, tier, country, time_zone, created_at, updated_at)
    VALUES ($1, $2, $3::tier, $4, $5, $6, $6)`,
    [id, `user-${id}`, options.tier ?? 'PAYG', options.country ?? null, options.timeZone ?? 'UTC', now],
  );
  return id;
}

/** Something to reserve, all defaults filled in. */
export function reserveItem(accountId: string, now: Date, options: ReserveOptions = {}): ReserveItem {
  const id = options.id ?? newId();
  return {
    id,
    accountId,
    credits: 2,
    ceilingMicros: CEILING_MICROS,
    namespace: 'api',
    key: `key-${id}`,
    inputHash: 'same-input',
    provider: 'sandbox',
    operation: 'GENERATE_IMAGE',
    model: 'sandbox/image',
    prompt: 'a fox',
    request: { prompt: 'a fox' },
    modelCostId: newId(),
    modelPriceId: newId(),
    quoteId: null,
    cacheKey: null,
    cacheSince: null,
    servedById: null,
    sent: () => true,
    expiresAt: new Date(now.getTime() + 120_000),
    ...options,
  };
}

/** One call to a provider, booked. */
export function attempt(now: Date, options: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    number: 1,
    provider: 'sandbox',
    model: 'sandbox/image',
    outcome: 'SUCCEEDED',
    costMicros: 30_000n,
    costSource: 'catalog',
    modelCostId: null,
    durationMs: 1_200,
    jobId: null,
    error: null,
    startedAt: now,
    final: true,
    ...options,
  };
}

/** The end of a reservation, all defaults filled in. */
export function settleItem(
  generationId: string,
  action: SettleItem['action'],
  now: Date,
  options: SettleOptions = {},
): SettleItem {
  const posted = action === 'POST';
  const outcome = options.outcome ?? (posted ? 'SUCCEEDED' : 'FAILED_UNBILLED');
  const costMicros = options.costMicros ?? (posted ? 30_000n : 0n);
  return {
    generationId,
    action,
    credits: posted ? (options.credits ?? 2) : 0,
    status: options.status ?? (posted ? 'SUCCEEDED' : 'FAILED'),
    failure: posted
      ? null
      : {
          code: 'PROVIDER_UNAVAILABLE',
          message: 'It did not work.',
          retryable: true,
          retryAfterSeconds: null,
        },
    attempts: options.attempts ?? [attempt(now, { outcome, costMicros })],
    outputs: options.outputs ?? [],
  };
}

/** Fails with the lines of the audit that do not hold. */
export function expectClean(lines: readonly AuditLine[]): void {
  const broken = lines.filter((line) => !line.ok);
  if (broken.length === 0) return;
  throw new Error(
    `The audit found:\n${broken.map((line) => `${line.invariant}\n  ${line.findings.join('\n  ')}`).join('\n')}`,
  );
}

export interface World {
  readonly kind: DatabaseKind;
  readonly database: Database;
  /** By which other processes reach the database; undefined on PGlite. */
  readonly url: string | undefined;
  readonly ledger: Ledger;
  readonly clock: FakeClock;
  /** Makes an account, with credits when told so. Gives its id. */
  account(options?: AccountOptions): Promise<string>;
  /** Gives credits, under a key of its own unless told otherwise. */
  grant(accountId: string, credits: number, options?: Partial<GrantItem>): Promise<GrantOutcome>;
  /** Tries to reserve. */
  tryReserve(accountId: string, options?: ReserveOptions): Promise<ReserveOutcome>;
  /** Reserves, or fails with the outcome that came instead. Gives the generation's id. */
  reserve(accountId: string, options?: ReserveOptions): Promise<string>;
  post(generationId: string, options?: SettleOptions): Promise<SettleOutcome>;
  void(generationId: string, options?: SettleOptions): Promise<SettleOutcome>;
  expire(generationId: string, options?: SettleOptions): Promise<SettleOutcome>;
  /** The balance, or fails when there is no such account. */
  balance(accountId: string): Promise<Balance>;
  setBudget(options: BudgetOptions): Promise<string>;
  setState(state: 'NORMAL' | 'SHUTDOWN', reason?: string): Promise<void>;
  /** What the one row of protection says. */
  protection(): Promise<{
    state: string;
    reason: string | null;
    until: Date | null;
    changed_by: string;
    since: Date;
  }>;
  /** Which free credits accounts of the tier FREE get; none before this is called. */
  freeCredits(credits: number, period: 'DAY' | 'MONTH'): Promise<void>;
  /** Another ledger on the same database, as a second or a restarted process has. */
  anotherLedger(): Promise<Ledger>;
  rows<Row>(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
  audit(): Promise<AuditLine[]>;
  /** Fails with whatever the audit finds. */
  expectSound(): Promise<void>;
  /**
   * Empties every table that it knows, leaves protection as NORMAL and sets the clock back: a new world at a hundredth of the price.
   *
   * @param more tables that a suite has filled by itself.
   */
  reset(more?: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens a world. The budgets that a new installation has are taken away unless told otherwise. */
export async function openWorld(options: {
  kind: DatabaseKind;
  now?: string;
  defaultBudgets?: boolean;
  connections?: number;
  /** Whom the ledger tells of what it has committed. */
  observer?: LedgerObserver;
}): Promise<World> {
  const opened = await openTestDatabase(options.kind, options.connections);
  const { database } = opened;
  const clock = new FakeClock(options.now ?? NOON);
  if (!options.defaultBudgets) await database.query('DELETE FROM budget');
  const ledger = await openLedger({
    database,
    clock,
    ...(options.observer ? { observer: options.observer } : {}),
  });

  const world: World = {
    kind: options.kind,
    database,
    url: opened.url,
    ledger,
    clock,
    async account(given = {}) {
      const id = await insertAccount(database, clock.now(), given);
      if (given.credits) {
        const revenueMicros = (given.unitRevenueMicros ?? 10_000n) * BigInt(given.credits);
        await world.grant(id, given.credits, { revenueMicros });
      }
      return id;
    },
    grant: (accountId, credits, given = {}) =>
      ledger.grant({
        accountId,
        namespace: 'api',
        key: `grant-${newId()}`,
        inputHash: 'same-input',
        source: 'ADMIN',
        credits,
        revenueMicros: 0n,
        expiresAt: null,
        reason: 'For a test',
        actor: 'key:test',
        ...given,
      }),
    tryReserve: (accountId, given) => ledger.reserve(reserveItem(accountId, clock.now(), given)),
    async reserve(accountId, given) {
      const item = reserveItem(accountId, clock.now(), given);
      const outcome = await ledger.reserve(item);
      if (outcome.status !== 'reserved') throw new Error(`Not reserved: ${JSON.stringify(outcome)}`);
      return item.id;
    },
    post: (id, given) => ledger.settle(settleItem(id, 'POST', clock.now(), given)),
    void: (id, given) => ledger.settle(settleItem(id, 'VOID', clock.now(), given)),
    expire: (id, given) => ledger.settle(settleItem(id, 'EXPIRE', clock.now(), given)),
    async balance(accountId) {
      const balance = await ledger.balance(accountId);
      if (!balance) throw new Error(`There is no account ${accountId}.`);
      return balance;
    },
    async setBudget(given) {
      const [row] = await database.query<{ id: string }>(
        `SELECT protection_set_budget($1, $2, $3::budget_scope, $4, $5::budget_period, $6, $7::budget_action, 'key:test') AS id`,
        [
          clock.now(),
          newId(),
          given.scope ?? 'GLOBAL',
          given.subject ?? '',
          given.period ?? 'DAY',
          given.limitMicros.toString(),
          given.action ?? 'BLOCK',
        ],
      );
      if (!row) throw new Error('protection_set_budget answered nothing.');
      return row.id;
    },
    async setState(state, reason = 'For a test') {
      await database.query(`SELECT protection_set_state($1, $2::protection_state, $3, 'admin:test')`, [
        clock.now(),
        state,
        reason,
      ]);
    },
    async protection() {
      const [row] = await database.query<Awaited<ReturnType<World['protection']>>>(
        'SELECT state, reason, until, changed_by, since FROM protection',
      );
      if (!row) throw new Error('The row of protection is gone.');
      return row;
    },
    async freeCredits(credits, period) {
      await database.query(
        `INSERT INTO price_list (id, credit_micros, credit_max_micros, free_credits, free_period)
        VALUES ('test', 10000, 10000, $1, $2::budget_period)
        ON CONFLICT (id) DO UPDATE SET free_credits = excluded.free_credits, free_period = excluded.free_period`,
        [credits, period],
      );
      await database.query(
        `INSERT INTO setting (key, value) VALUES ('price-list', 'test') ON CONFLICT (key) DO UPDATE SET value = 'test'`,
      );
    },
    anotherLedger: () => openLedger({ database, clock }),
    rows: (text, parameters) => database.query(text, parameters),
    audit: () => runAudit(database),
    expectSound: async () => expectClean(await runAudit(database)),
    async reset(more = []) {
      clock.set(options.now ?? NOON);
      await database.script(
        `${emptied([...TABLES, ...more])};
        UPDATE protection SET state = 'NORMAL', reason = NULL, until = NULL, changed_by = 'system'`,
      );
    },
    close: () => opened.close(),
  };
  return world;
}
