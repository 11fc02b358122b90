/**
 * Random histories of calls, made by the ledger's own functions: accounts that change tier, country and plan, several
 * providers, failures that are billed, sendings-on, cache hits, late corrections, credits that expire or are taken back, calls
 * that are imported and bills that say otherwise, over days on which clocks change.
 */
import fc from 'fast-check';
import { FakeClock } from '../../server/clock.ts';
import type { Database, Sql } from '../../server/database/index.ts';
import { newId } from '../../server/ids.ts';
import { type AttemptRecord, type Ledger, openLedger } from '../../server/ledger/index.ts';
import { attempt, insertAccount, reserveItem, settleItem } from '../support/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A little before clocks change, or a month ends. */
export const STARTS = [
  '2026-11-01T03:10:00Z', // New York goes back this night
  '2027-03-28T00:10:00Z', // Berlin goes on in this one
  '2026-09-06T02:30:00Z', // Santiago skips its midnight
  '2026-12-31T22:40:00Z',
  '2011-12-29T09:00:00Z', // Apia is about to skip a whole day
  '2026-11-20T12:00:00Z',
];
export const ZONES = [
  'UTC',
  'America/New_York',
  'Europe/Berlin',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Pacific/Chatham',
  'Pacific/Apia',
  'America/Santiago',
];
export const PROVIDERS = ['alpha', 'beta', 'gamma'];
export const OPERATIONS = ['GENERATE_IMAGE', 'GENERATE_VIDEO', 'UPSCALE_IMAGE'] as const;
export const TIERS = ['FREE', 'PAYG', 'PRO'] as const;
export const COUNTRIES = ['DE', 'US', 'it\'s "odd"', null];
export const PLANS = ['tokens-pro', 'dtf-basic', null];
const COSTS = [0n, 1n, 3_000n, 40_000n, 333_333n, 9_007_199_254_740_993n];
const STEPS = [0, 1, 999, 5 * MINUTE, 14 * MINUTE, 15 * MINUTE, HOUR, 7 * HOUR, DAY, 3 * DAY, 20 * DAY];
const ENDS = ['succeeds', 'succeeds', 'succeeds', 'fails', 'billed', 'hit', 'late', 'rerouted'] as const;

const pick = <Item>(items: readonly Item[]) => fc.constantFrom(...items);
const call = fc.record({
  does: fc.constant('call' as const),
  account: fc.nat(2),
  provider: pick(PROVIDERS),
  operation: pick(OPERATIONS),
  credits: fc.integer({ min: 0, max: 12 }),
  cost: pick(COSTS),
  durationMs: fc.integer({ min: 0, max: 60_000 }),
  ends: pick(ENDS),
  takesMs: pick([0, 1, MINUTE, HOUR]),
});
const grant = fc.record({
  does: fc.constant('grant' as const),
  account: fc.nat(2),
  credits: fc.integer({ min: 1, max: 40 }),
  revenue: pick([0n, 1n, 999_999n, 1_000_003n]),
  lastsMs: pick([null, HOUR, 2 * DAY]),
});
const takeBack = fc.record({
  does: fc.constant('takeBack' as const),
  account: fc.nat(2),
  credits: fc.nat(50),
});
const change = fc.record({
  does: fc.constant('change' as const),
  account: fc.nat(2),
  tier: pick(TIERS),
  country: pick(COUNTRIES),
  plan: pick(PLANS),
});
const advance = fc.record({ does: fc.constant('advance' as const), ms: pick(STEPS) });
const imported = fc.record({
  does: fc.constant('import' as const),
  account: fc.nat(2),
  provider: pick(PROVIDERS),
  operation: pick(OPERATIONS),
  outcome: pick(['SUCCEEDED', 'FAILED_BILLED'] as const),
  calls: fc.nat(1),
  cost: pick(COSTS),
  credits: fc.nat(12),
  revenue: pick([0n, 1n, 20_000n]),
  agoMs: pick(STEPS),
});
const bill = fc.record({
  does: fc.constant('bill' as const),
  account: fc.constant(0),
  provider: pick(PROVIDERS),
  operation: pick(OPERATIONS),
  billed: pick(COSTS),
  agoMs: pick(STEPS),
});
const commands = fc.oneof(
  { weight: 6, arbitrary: call },
  { weight: 2, arbitrary: grant },
  { weight: 1, arbitrary: takeBack },
  { weight: 2, arbitrary: change },
  { weight: 4, arbitrary: advance },
  { weight: 2, arbitrary: imported },
  { weight: 1, arbitrary: bill },
);

/** What happens, from an instant on. */
export const history = fc.record({
  start: pick(STARTS),
  offsetMs: fc.integer({ min: 0, max: 2 * DAY }),
  commands: fc.array(commands, { minLength: 5, maxLength: 30 }),
});
export type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never;

/** What has happened. */
export interface Told {
  readonly database: Database;
  readonly accounts: readonly string[];
  readonly from: number;
  readonly to: number;
}

/** Lets it happen within a transaction, which the rooms see as their database. */
export async function happen(sql: Sql, opened: Database, given: History): Promise<Told> {
  // A transaction has one connection: what is asked of it at once goes one after the other.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn: Sql = {
    query<Row>(text: string, parameters?: readonly unknown[]) {
      const next = last.then(() => sql.query<Row>(text, parameters));
      last = next.catch(() => {});
      return next;
    },
  };
  const database: Database = { ...opened, ...inTurn, apart: inTurn, transaction: (work) => work(sql) };
  const clock = new FakeClock(given.start);
  clock.advance(given.offsetMs);
  const from = clock.now().getTime();
  const ledger = await openLedger({ database, clock });
  const accounts: string[] = [];
  const give = (accountId: string, credits: number, revenueMicros: bigint, lastsMs: number | null) =>
    ledger.grant({
      accountId,
      namespace: 'api',
      key: newId(),
      inputHash: 'same-input',
      source: 'PURCHASE',
      credits,
      revenueMicros,
      expiresAt: lastsMs === null ? null : new Date(clock.now().getTime() + lastsMs),
      reason: 'For a test',
      actor: 'key:test',
    });
  for (const country of ['DE', 'US', null]) {
    const id = await insertAccount(database, clock.now(), { country, tier: 'PAYG' });
    await give(id, 1_000, 9_999_999n, null);
    accounts.push(id);
  }
  for (const command of given.commands) {
    const accountId = command.does === 'advance' ? '' : (accounts[command.account] ?? '');
    if (command.does === 'advance') clock.advance(command.ms);
    else if (command.does === 'grant') {
      await give(accountId, command.credits, command.revenue, command.lastsMs);
    } else if (command.does === 'takeBack') {
      await sql.query(
        `SELECT 1 FROM (SELECT id FROM "grant" WHERE account_id = $1 ORDER BY id DESC LIMIT 1) g
          CROSS JOIN LATERAL ledger_take_back($2, g.id, $3, 'For a test')`,
        [accountId, clock.now(), command.credits],
      );
    } else if (command.does === 'change') {
      await sql.query('UPDATE account SET tier = $2::tier, country = $3, plan_id = $4 WHERE id = $1', [
        accountId,
        command.tier,
        command.country,
        command.plan,
      ]);
    } else if (command.does === 'import') {
      await importOne(sql, clock, accountId, command);
    } else if (command.does === 'bill') {
      const { provider, operation, billed, agoMs } = command;
      const day = Math.floor((clock.now().getTime() - agoMs) / DAY) * DAY;
      await sql.query(
        `SELECT adjustment_book($1, 'key:test', 'A bill', $2, $3, ARRAY[$4::uuid], ARRAY[$5::timestamptz], ARRAY[$6], ARRAY[$7::operation], ARRAY[$8::bigint])`,
        [
          clock.now(),
          newId(),
          provider,
          newId(),
          new Date(day),
          modelOf(provider, operation),
          operation,
          billed,
        ],
      );
    } else await callOnce(ledger, clock, accountId, command);
  }
  return { database, accounts, from, to: clock.now().getTime() };
}

type Command<Does extends string> = Extract<History['commands'][number], { does: Does }>;
type Call = Command<'call'>;

const modelOf = (provider: string, operation: string) => `${provider}/${operation.toLowerCase()}`;

/** A row of a file, as an import books it. */
async function importOne(
  sql: Sql,
  clock: FakeClock,
  accountId: string,
  { provider, operation, outcome, calls, cost, credits, revenue, agoMs }: Command<'import'>,
): Promise<void> {
  await sql.query('SELECT import_open()');
  // A transaction that goes on would bring in the row before once more.
  await sql.query('DELETE FROM import_row');
  await sql.query(
    `INSERT INTO import_row (line, external_id, provider, model, operation, account, tier, country, plan, outcome, calls, cost_micros,
        credits, revenue_micros, duration_ms, created_at)
      SELECT 1, $1, $2, $3, $4::operation, external_id, tier, country, plan_id, $5::attempt_outcome, $6, $7, $8, $9, 1200, $10
      FROM account WHERE id = $11`,
    [
      newId(),
      provider,
      modelOf(provider, operation),
      operation,
      outcome,
      calls,
      cost,
      credits,
      revenue,
      new Date(clock.now().getTime() - agoMs),
      accountId,
    ],
  );
  await sql.query('SELECT import_batch($1, false)', [clock.now()]);
}

async function callOnce(ledger: Ledger, clock: FakeClock, accountId: string, given: Call): Promise<void> {
  const { provider, operation, credits } = given;
  const model = modelOf(provider, operation);
  const item = reserveItem(accountId, clock.now(), {
    provider,
    model,
    operation,
    credits,
    ceilingMicros: given.cost,
    expiresAt: new Date(clock.now().getTime() + 40 * DAY),
  });
  const reserved = await ledger.reserve(item);
  if (reserved.status !== 'reserved') return;
  clock.advance(given.takesMs);
  const told = (more: Partial<AttemptRecord> = {}) =>
    attempt(clock.now(), { provider, model, costMicros: given.cost, durationMs: given.durationMs, ...more });
  const end = (action: 'POST' | 'VOID', attempts: readonly AttemptRecord[]) =>
    ledger.settle(settleItem(item.id, action, clock.now(), { credits, attempts }));
  switch (given.ends) {
    case 'succeeds':
      await end('POST', [told()]);
      return;
    case 'hit':
      await end('POST', [told({ costMicros: 0n, costSource: 'cache' })]);
      return;
    case 'fails':
      await end('VOID', [told({ outcome: 'FAILED_UNBILLED', costMicros: 0n })]);
      return;
    case 'billed':
      await end('VOID', [told({ outcome: 'FAILED_BILLED' })]);
      return;
    case 'late':
      // The customer has had the credits back when the vendor's answer comes: the attempt is corrected where it was booked.
      await end('VOID', [told({ outcome: 'UNKNOWN' })]);
      clock.advance(HOUR);
      await end('POST', [told({ costMicros: given.cost / 2n })]);
      return;
    case 'rerouted': {
      await ledger.reroute({
        generationId: item.id,
        failed: told({ outcome: 'FAILED_BILLED', final: false }),
        provider: 'beta',
        model: 'beta/other',
        modelCostId: newId(),
        ceilingMicros: given.cost,
        expiresAt: new Date(clock.now().getTime() + HOUR),
      });
      clock.advance(MINUTE);
      await end('POST', [told({ number: 2, provider: 'beta', model: 'beta/other' })]);
    }
  }
}
