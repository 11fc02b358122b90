/**
 * Random sequences of everything that can happen to the ledger, against a model that says what must come of each.
 *
 * Each sequence runs in a transaction that is rolled back, so that it begins with an empty ledger and costs no more
 * than its statements. A failure prints its seed and path; `FC_SEED=… FC_PATH=… npx vitest run test/ledger` runs that
 * sequence again.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { INVARIANTS } from '../../server/audit/statements.ts';
import { FakeClock } from '../../server/clock.ts';
import type { Database, Sql } from '../../server/database/index.ts';
import { newId } from '../../server/ids.ts';
import {
  type BudgetScope,
  type GrantItem,
  type Ledger,
  openLedger,
  type RerouteItem,
  type ReserveItem,
  type SettleItem,
  type Tier,
} from '../../server/ledger/index.ts';
import type { TestDatabase } from '../support/databases.ts';
import { histories } from '../support/rounds.ts';
import { attempt, insertAccount, reserveItem } from '../support/world.ts';
import { type Account, type Budget, cost, Model, posted, reserved } from './model.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Instants a little before something happens to clocks or windows. */
const STARTS = [
  '2026-11-01T03:10:00Z', // New York goes back this night
  '2027-03-14T04:50:00Z', // and on in this one
  '2026-09-06T02:30:00Z', // Santiago skips its midnight
  '2026-12-31T22:40:00Z', // a month, a year and most days end
  '2011-12-29T09:00:00Z', // Apia is about to skip a whole day
  '2026-11-20T12:00:00Z',
];
const ZONES = [
  'UTC',
  'America/New_York',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'America/Santiago',
  'Australia/Lord_Howe',
];
const TIERS: readonly Tier[] = ['FREE', 'PAYG', 'PRO'];
const PROVIDERS = ['alpha', 'beta'];
const OPERATIONS = ['GENERATE_IMAGE', 'UPSCALE_IMAGE'] as const;
const CEILINGS = [0n, 1n, 10_000n, 40_000n, 333_333n];
const LIMITS = [0n, 10_000n, 80_000n, 400_000n, 10_000_000n];
const REVENUES = [0n, 0n, 1n, 999_999n, 1_000_003n];
const STEPS = [
  1,
  1_000,
  7 * MINUTE,
  31 * MINUTE,
  HOUR,
  5 * HOUR,
  12 * HOUR,
  DAY,
  25 * HOUR,
  3 * DAY,
  31 * DAY,
];
const STEPS_BACK = [1, 1_000, 10 * MINUTE, 2 * HOUR];
const SCOPES: readonly BudgetScope[] = ['GLOBAL', 'PROVIDER', 'OPERATION', 'TIER', 'ACCOUNT'];
const PERIODS = ['HOUR', 'DAY', 'MONTH'] as const;
const ACTIONS = ['WARN', 'BLOCK', 'SHUTDOWN'] as const;
const SOURCES = ['PLAN', 'PURCHASE', 'PRIZE', 'ADMIN'] as const;
const ENDS = ['POST', 'POST', 'VOID', 'EXPIRE'] as const;
const OUTCOMES = ['SUCCEEDED', 'FAILED_BILLED', 'UNKNOWN'] as const;
const FAILURES = ['FAILED_UNBILLED', 'FAILED_BILLED', 'UNKNOWN'] as const;

const pick = <Item>(items: readonly Item[]) => fc.constantFrom(...items);
/** Which account: mostly one of three, now and then one that does not exist. */
const who = fc.oneof({ weight: 30, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.constant(-1) });
/** A key of its own (null), or one of a few that all share. */
const key = fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(3) });

const grant = fc.record({
  does: fc.constant('grant' as const),
  account: fc.nat(2),
  credits: fc.integer({ min: 1, max: 30 }),
  revenue: pick(REVENUES),
  source: pick(SOURCES),
  lastsMs: fc.oneof(fc.constant(null), pick([HOUR, 26 * HOUR, 40 * DAY, -HOUR])),
  key,
  hash: fc.nat(1),
});
const takeBack = fc.record({
  does: fc.constant('takeBack' as const),
  account: fc.nat(2),
  /** Counted from the newest; nothing happens while the account has none. */
  which: fc.nat(3),
  credits: fc.integer({ min: 0, max: 30 }),
});
const reserve = fc.record({
  does: fc.constant('reserve' as const),
  items: fc.array(
    fc.record({
      account: who,
      credits: fc.integer({ min: 0, max: 12 }),
      ceiling: pick(CEILINGS),
      provider: pick(PROVIDERS),
      operation: pick(OPERATIONS),
      key,
      hash: fc.nat(1),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});
const settle = fc.record({
  does: fc.constant('settle' as const),
  items: fc.array(
    fc.record({
      /** Counted from the newest; the one after the oldest is not there. */
      which: fc.nat(7),
      action: pick(ENDS),
      /** Of which attempt it tells: it does not say, the present one, or the one before that. */
      tells: pick(['nothing', 'present', 'present', 'before'] as const),
      /** How much of the credits is posted, in thirds. */
      thirds: fc.nat(3),
      attempts: fc.array(
        fc.record({
          provider: pick(PROVIDERS),
          outcome: pick(OUTCOMES),
          /** How much of the ceiling it costs, in halves: three is beyond it. */
          halves: fc.nat(3),
          number: fc.integer({ min: 1, max: 3 }),
        }),
        { maxLength: 2 },
      ),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});
const reroute = fc.record({
  does: fc.constant('reroute' as const),
  which: fc.nat(7),
  /** Mostly what the present attempt is; else one that is over, or to come. */
  number: pick([0, 0, 0, 0, 0, -1, 1]),
  provider: pick(PROVIDERS),
  outcome: pick(FAILURES),
  /** How much of the ceiling the failed attempt costs, in halves; three is beyond it. Unbilled ones cost nothing. */
  halves: fc.nat(3),
  ceiling: pick(CEILINGS),
});
const commands = fc.oneof(
  { weight: 5, arbitrary: grant },
  { weight: 2, arbitrary: takeBack },
  { weight: 9, arbitrary: reserve },
  { weight: 8, arbitrary: settle },
  { weight: 6, arbitrary: reroute },
  { weight: 6, arbitrary: fc.record({ does: fc.constant('advance' as const), ms: pick(STEPS) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('goBack' as const), ms: pick(STEPS_BACK) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('setBudget' as const),
      scope: pick(SCOPES),
      subject: fc.nat(2),
      period: pick(PERIODS),
      limit: pick(LIMITS),
      action: pick(ACTIONS),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('changeBudget' as const),
      /** Counted from the oldest; nothing happens while there is none. */
      which: fc.nat(2),
      limit: pick(LIMITS),
      action: pick(ACTIONS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('setState' as const),
      state: pick(['NORMAL', 'SHUTDOWN'] as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('look' as const), account: who }) },
  { weight: 1, arbitrary: fc.constant({ does: 'sweep' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('setTier' as const), account: fc.nat(2), tier: pick(TIERS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('setZone' as const), account: fc.nat(2), zone: pick(ZONES) }),
  },
  { weight: 1, arbitrary: fc.constant({ does: 'restart' as const }) },
);
type Command = typeof commands extends fc.Arbitrary<infer Value> ? Value : never;

const sequence = fc.record({
  start: pick(STARTS),
  startOffsetMs: fc.integer({ min: 0, max: 2 * DAY }),
  freeCredits: pick([
    null,
    { credits: 10, period: 'DAY' },
    { credits: 10, period: 'DAY' },
    { credits: 2, period: 'MONTH' },
  ] as const),
  accounts: fc.tuple(...[0, 1, 2].map(() => fc.record({ tier: pick(TIERS), zone: pick(ZONES) }))),
  commands: fc.array(commands, { minLength: 4, maxLength: 18 }),
});
type Sequence = typeof sequence extends fc.Arbitrary<infer Value> ? Value : never;

/** Everything that the ledger holds, in one question. Only what one sequence wrote is there. */
const PREPARE_SNAPSHOT = `PREPARE property_snapshot AS SELECT jsonb_build_object(
  'accounts', (SELECT jsonb_agg(jsonb_build_array(id, posted, reserved, entry_sequence) ORDER BY id) FROM account),
  'grants', (SELECT coalesce(jsonb_agg(jsonb_build_array(g.account_id, coalesce(g.period, g.id::text), g.used, g.reserved, g.expired, g.revoked, g.revoke_pending, g.expires_at,
    coalesce((SELECT sum(revenue_micros) FROM reservation_grant WHERE grant_id = g.id), 0)) ORDER BY g.account_id, coalesce(g.period, g.id::text)), '[]') FROM "grant" g),
  'reservations', (SELECT coalesce(jsonb_agg(jsonb_build_array(r.id, r.status, r.credits_posted, r.cost_micros, g.revenue_micros, g.provider, r.ceiling_micros, g.attempt_number) ORDER BY r.id), '[]')
    FROM reservation r JOIN generation g USING (id)),
  'windows', (SELECT coalesce(jsonb_agg(jsonb_build_array(budget_id, starts_at, spent_micros, reserved_micros, excess_micros, admitted_limit_micros)
    ORDER BY budget_id, starts_at), '[]') FROM budget_window
    WHERE spent_micros <> 0 OR reserved_micros <> 0 OR excess_micros <> 0 OR admitted_limit_micros IS NOT NULL),
  'keys', (SELECT count(*) FROM idempotency_record),
  'lost', (SELECT coalesce(sum(lost_cost_micros), 0) FROM account_summary),
  'entries', (SELECT coalesce(jsonb_agg(jsonb_build_array(account_id, kind, posted_delta, reserved_delta, available_after, deferred_delta_micros) ORDER BY account_id, sequence), '[]') FROM entry),
  'state', (SELECT jsonb_build_array(state, reason, until, changed_by) FROM protection)
) AS snapshot`;

const instant = (ms: number | null) =>
  ms === null
    ? null
    : new Date(ms)
        .toISOString()
        .replace(/\.000Z$/, 'Z')
        .replace(/(\.\d*?)0*Z$/, '$1Z')
        .replace('Z', '+00:00');
const byText = (a: readonly unknown[], b: readonly unknown[]) =>
  `${a[0]} ${a[1]}` < `${b[0]} ${b[1]}` ? -1 : 1;

/** What the snapshot must be, by the model. */
function snapshotOf(model: Model): unknown {
  const accounts = [...model.accounts.values()];
  return {
    accounts: accounts
      .map((account) => [account.id, posted(account), reserved(account), account.entries.length])
      .sort(byText),
    grants: accounts
      .flatMap((account) =>
        account.grants.map((grant) => [
          account.id,
          grant.period ?? grant.id,
          grant.used,
          grant.reserved,
          grant.expired,
          grant.revoked,
          grant.revokePending,
          instant(grant.expiresAt),
          Number(grant.earned),
        ]),
      )
      .sort(byText),
    reservations: [...model.reservations]
      .map(([id, each]) => [
        id,
        each.status,
        each.posted,
        Number(cost(each)),
        Number(each.revenue),
        each.provider,
        Number(each.ceiling),
        each.number,
      ])
      .sort(byText),
    windows: model.windows
      .filter((each) => each.spent || each.reserved || each.excess || each.admitted !== null)
      .sort((a, b) => byText([a.budget.id, a.start], [b.budget.id, b.start]))
      .map((each) => [
        each.budget.id,
        instant(each.start),
        Number(each.spent),
        Number(each.reserved),
        Number(each.excess),
        each.admitted === null ? null : Number(each.admitted),
      ]),
    keys: model.keys.size,
    lost: Number(model.lostMicros()),
    entries: accounts
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .flatMap((account) =>
        account.entries.map((entry) => [
          account.id,
          entry.kind,
          entry.posted,
          entry.reserved,
          entry.available,
          Number(entry.deferred),
        ]),
      ),
    state: [model.state.state, model.state.reason, instant(model.state.until), model.state.by],
  };
}

/** The whole audit in one statement, planned once. */
const PREPARE_AUDIT = `PREPARE property_audit AS ${INVARIANTS.map(
  ({ sentence, query }) =>
    `SELECT '${sentence.replaceAll("'", "''")}' AS invariant, min(finding) AS finding FROM (${query}) AS line (ok, finding) WHERE ok IS NOT TRUE HAVING count(*) > 0`,
).join(' UNION ALL ')}`;

/** One sequence against one ledger and one model. */
class Run {
  readonly #sql: Sql;
  readonly #database: Database;
  readonly #clock: FakeClock;
  readonly #model = new Model();
  readonly #ids: string[] = [];
  readonly #unknown = newId();
  #ledger: Ledger;

  private constructor(sql: Sql, database: Database, clock: FakeClock, ledger: Ledger) {
    this.#sql = sql;
    this.#database = database;
    this.#clock = clock;
    this.#ledger = ledger;
  }

  static async of(sql: Sql, opened: Database, given: Sequence): Promise<void> {
    // The ledger sees the transaction as its database, and one within it as a part that can be undone.
    const query: Sql['query'] = (text, parameters) => sql.query(text, parameters);
    const database: Database = {
      ...opened,
      query,
      apart: { query },
      async transaction(work) {
        await sql.query('SAVEPOINT inner_transaction');
        try {
          const result = await work(sql);
          await sql.query('RELEASE SAVEPOINT inner_transaction');
          return result;
        } catch (error) {
          await sql.query('ROLLBACK TO SAVEPOINT inner_transaction');
          throw error;
        }
      },
    };
    const clock = new FakeClock(given.start);
    clock.advance(given.startOffsetMs);
    const run = new Run(sql, database, clock, await openLedger({ database, clock }));
    await run.#begin(given);
    for (const command of given.commands) {
      await run.#do(command);
      // The clock is not the ledger's: nothing happens while nobody looks.
      if (command.does !== 'advance' && command.does !== 'goBack') await run.#compare();
    }
    const broken = await sql.query<{ invariant: string; finding: string }>('EXECUTE property_audit');
    expect(broken).toEqual([]);
  }

  async #begin(given: Sequence): Promise<void> {
    this.#model.now = this.#clock.now().getTime();
    this.#model.freeCredits = given.freeCredits;
    if (given.freeCredits) {
      const { credits, period } = given.freeCredits;
      await this.#sql.query(
        `WITH list AS (INSERT INTO price_list (id, credit_micros, credit_max_micros, free_credits, free_period)
          VALUES ('test', 1, 1, $1, $2::budget_period))
        INSERT INTO setting (key, value) VALUES ('price-list', 'test')`,
        [credits, period],
      );
    }
    for (const { tier, zone } of given.accounts) {
      const country = tier === 'PRO' ? 'DE' : null;
      const id = await insertAccount(this.#database, this.#clock.now(), { tier, timeZone: zone, country });
      this.#model.addAccount(id, tier, zone, country);
      this.#ids.push(id);
    }
  }

  #account(index: number): string {
    return this.#ids[index] ?? this.#unknown;
  }

  #modelled(index: number): Account {
    const account = this.#model.accounts.get(this.#account(index));
    if (!account) throw new Error('The sequence names an account that is not there.');
    return account;
  }

  async #do(command: Command): Promise<void> {
    const model = this.#model;
    const now = this.#clock.now();
    switch (command.does) {
      case 'grant': {
        const item: GrantItem = {
          accountId: this.#account(command.account),
          namespace: 'api',
          key: command.key === null ? newId() : `key-${command.key}`,
          inputHash: `grant-${command.hash}-${command.account}`,
          source: command.source,
          credits: command.credits,
          revenueMicros: command.revenue,
          expiresAt: command.lastsMs === null ? null : new Date(now.getTime() + command.lastsMs),
          reason: 'For a test',
          actor: 'key:test',
        };
        const outcome = await this.#ledger.grant(item);
        const id = outcome.status === 'granted' ? outcome.grantId : '';
        expect(outcome).toEqual(model.grant(item, id));
        return;
      }
      case 'takeBack': {
        const account = this.#modelled(command.account);
        // Free credits have ids of the database's own making.
        const grants = account.grants.filter((each) => each.id !== null).reverse();
        const found = grants[command.which % Math.max(grants.length, 1)];
        if (!found) return;
        const [outcome] = await this.#sql.query<{ revoked: number; pending: number }>(
          `SELECT revoked, pending FROM ledger_take_back($1, $2, $3, 'For a test')`,
          [now, found.id, command.credits],
        );
        expect(outcome).toEqual(model.takeBack(account, found, command.credits));
        return;
      }
      case 'reserve': {
        const items: ReserveItem[] = command.items.map((item) =>
          reserveItem(this.#account(item.account), now, {
            credits: item.credits,
            ceilingMicros: item.ceiling,
            provider: item.provider,
            operation: item.operation,
            key: item.key === null ? newId() : `key-${item.key}`,
            inputHash: `reserve-${item.hash}`,
          }),
        );
        const outcomes = await Promise.all(items.map((item) => this.#ledger.reserve(item)));
        expect(outcomes).toEqual(model.reserveBatch(items));
        return;
      }
      case 'settle': {
        const reservations = [...model.reservations.values()].reverse();
        const items: SettleItem[] = command.items.map((item) => {
          const reservation = reservations[item.which % (reservations.length + 1)];
          const { credits = 0 } = reservation?.item ?? {};
          const { number = 1, ceiling = 0n } = reservation ?? {};
          // What earns is an attempt: one that was sent on is not posted without that of its success.
          const action = number > 1 && item.attempts.length === 0 ? 'VOID' : item.action;
          const posts = action === 'POST';
          // Attempts that others have followed stay as they are booked. A second attempt has a number of its own, so that
          // no batch corrects what it has just written.
          const numbers = item.attempts.map((each, index) => number - 1 + each.number + 3 * index);
          const before = item.tells === 'before' && number > 1;
          return {
            generationId: reservation?.item.id ?? newId(),
            ...(item.tells === 'present' || before ? { attemptNumber: before ? number - 1 : number } : {}),
            action,
            credits: posts ? Math.floor((credits * item.thirds) / 3) : 0,
            status: posts ? 'SUCCEEDED' : 'FAILED',
            failure: null,
            attempts: item.attempts.map((each, index) =>
              attempt(now, {
                number: numbers[index] ?? 1,
                provider: each.provider,
                model: `${each.provider}/image`,
                outcome: each.outcome,
                costMicros: (ceiling * BigInt(each.halves)) / 2n,
                final: index === item.attempts.length - 1,
              }),
            ),
            outputs: [],
          };
        });
        const outcomes = await Promise.all(items.map((item) => this.#ledger.settle(item)));
        // Two ends of one reservation do not travel together: the second goes with the next batch.
        const expected = new Map<SettleItem, unknown>();
        for (let rest = items; rest.length > 0; rest = rest.filter((item) => !expected.has(item))) {
          const batch = rest.filter(
            (item, index) => rest.findIndex((each) => each.generationId === item.generationId) === index,
          );
          for (const [index, outcome] of model.settleBatch(batch).entries()) {
            const item = batch[index];
            if (item) expected.set(item, outcome);
          }
        }
        expect(outcomes).toEqual(items.map((item) => expected.get(item)));
        return;
      }
      case 'reroute': {
        const reservations = [...model.reservations.values()].reverse();
        const reservation = reservations[command.which % (reservations.length + 1)];
        const { number = 1, ceiling = 0n, provider = 'alpha' } = reservation ?? {};
        const item: RerouteItem = {
          generationId: reservation?.item.id ?? newId(),
          failed: attempt(now, {
            number: Math.max(1, number + command.number),
            provider,
            model: `${provider}/image`,
            outcome: command.outcome,
            costMicros: command.outcome === 'FAILED_UNBILLED' ? 0n : (ceiling * BigInt(command.halves)) / 2n,
            final: false,
          }),
          provider: command.provider,
          model: `${command.provider}/image`,
          modelCostId: newId(),
          ceilingMicros: command.ceiling,
          expiresAt: new Date(now.getTime() + MINUTE),
        };
        expect(await this.#ledger.reroute(item)).toEqual(model.reroute(item));
        return;
      }
      case 'advance':
      case 'goBack':
        this.#clock.advance(command.does === 'advance' ? command.ms : -command.ms);
        model.now = this.#clock.now().getTime();
        return;
      case 'setBudget': {
        const subjects = {
          GLOBAL: '',
          PROVIDER: PROVIDERS[command.subject % PROVIDERS.length] ?? '',
          OPERATION: OPERATIONS[command.subject % OPERATIONS.length] ?? '',
          TIER: TIERS[command.subject] ?? '',
          ACCOUNT: this.#account(command.subject),
        };
        const { scope, period, limit, action } = command;
        await this.#setBudget({ scope, subject: subjects[scope], period, limit, action });
        return;
      }
      case 'changeBudget': {
        const { budgets } = model;
        const budget = budgets[command.which % Math.max(budgets.length, 1)];
        if (budget) await this.#setBudget({ ...budget, limit: command.limit, action: command.action });
        return;
      }
      case 'setState':
        await this.#sql.query(
          `SELECT protection_set_state($1, $2::protection_state, 'For a test', 'admin:test')`,
          [now, command.state],
        );
        model.setState(command.state, 'For a test');
        return;
      case 'look':
        expect(await this.#ledger.balance(this.#account(command.account))).toEqual(
          model.balance(this.#account(command.account)),
        );
        return;
      case 'sweep': {
        // Only those of which something expires are looked at; free credits wait for a look of their owner's.
        const due = [...model.accounts.values()].filter((account) =>
          account.grants.some(
            (grant) =>
              grant.expiresAt !== null &&
              grant.expiresAt <= model.now &&
              grant.credits > grant.used + grant.reserved + grant.expired + grant.revoked,
          ),
        );
        const swept = await this.#ledger.expireGrants();
        expect(swept).toBeGreaterThanOrEqual(due.length);
        const looked = await this.#sql.query<{ id: string }>('SELECT id FROM account WHERE updated_at = $1', [
          now,
        ]);
        for (const { id } of looked) {
          // An account that was swept though nothing of it had expired has still been brought up to date.
          const account = model.accounts.get(id);
          if (account && (due.includes(account) || swept > due.length)) model.refresh(account);
        }
        for (const account of due) model.refresh(account);
        return;
      }
      case 'setTier':
        await this.#sql.query('UPDATE account SET tier = $1::tier WHERE id = $2', [
          command.tier,
          this.#account(command.account),
        ]);
        this.#modelled(command.account).tier = command.tier;
        return;
      case 'setZone':
        await this.#sql.query('UPDATE account SET time_zone = $1 WHERE id = $2', [
          command.zone,
          this.#account(command.account),
        ]);
        this.#modelled(command.account).zone = command.zone;
        return;
      case 'restart':
        this.#ledger = await openLedger({ database: this.#database, clock: this.#clock });
        return;
    }
  }

  async #setBudget({ scope, subject, period, limit, action }: Omit<Budget, 'id'>): Promise<void> {
    const id = newId();
    await this.#sql.query(
      `SELECT protection_set_budget($1, $2, $3::budget_scope, $4, $5::budget_period, $6, $7::budget_action, 'key:test')`,
      [this.#clock.now(), id, scope, subject, period, limit.toString(), action],
    );
    this.#model.setBudget(id, { scope, subject, period, limit, action });
  }

  async #compare(): Promise<void> {
    const [row] = await this.#sql.query<{ snapshot: unknown }>('EXECUTE property_snapshot');
    expect(row?.snapshot).toEqual(snapshotOf(this.#model));
  }
}

class RolledBack extends Error {}

/** Runs random sequences, each in a transaction of its own that leaves nothing behind. */
export async function checkLedger(opened: TestDatabase): Promise<void> {
  const { database } = opened;
  const numRuns = histories(120, 5_000);
  const seed = process.env.FC_SEED ? Number(process.env.FC_SEED) : Date.now() & 0x7fffffff;
  const path = process.env.FC_PATH;
  console.info(`ledger properties on ${opened.kind}: ${numRuns} sequences, FC_SEED=${seed}`);
  await database.query('DELETE FROM budget');
  await database.query(PREPARE_AUDIT);
  await database.query(PREPARE_SNAPSHOT);
  // Planned for any values once and for all, not anew for each.
  await database.query(`SET plan_cache_mode = 'force_generic_plan'`);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(sequence, async (given) => {
      runs += 1;
      // What was rolled back stays in the way of every look-up until it is cleared away.
      if (runs % 100 === 0) await database.query('VACUUM');
      await database
        .transaction(async (sql) => {
          await Run.of(sql, database, given);
          throw new RolledBack();
        })
        .catch((error: unknown) => {
          if (!(error instanceof RolledBack)) throw error;
        });
    }),
    { numRuns, seed, ...(path ? { path, numRuns: 1 } : {}) },
  );
}
