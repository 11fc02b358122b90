/** The demo's month, told small: it is sound, it is the same for the same seed, and it tells what it is said to tell. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAudit } from '../../server/audit/index.ts';
import { createCatalog } from '../../server/catalog/index.ts';
import { FakeClock } from '../../server/clock.ts';
import { type DemoOptions, type DemoOutcome, fillDemo } from '../../server/demo/index.ts';
import { createLog } from '../../server/log.ts';
import { createPlans } from '../../server/plans/index.ts';
import { createBusiness } from '../../server/profit/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { temporaryFolder } from '../support/server.ts';
import { expectClean } from '../support/world.ts';

const NOW = new Date('2026-11-27T16:20:00Z');
const DAYS = 12;
const log = createLog({ level: 'silent' });

const optionsFor = ({ database }: TestDatabase): DemoOptions => ({
  database,
  log,
  priceList: 'tokens',
  marginFloor: 0.2,
  folder: temporaryFolder(),
  admin: { email: 'demo@example.com', password: 'a password of the demo' },
  now: NOW,
  days: DAYS,
  accounts: 40,
  callsPerDay: 85,
});

let opened: TestDatabase;
let outcome: DemoOutcome;
const rows = <Row>(text: string, parameters: readonly unknown[] = []) =>
  opened.database.query<Row>(text, parameters);
const one = async <Row>(text: string, parameters: readonly unknown[] = []): Promise<Row> => {
  const [row] = await rows<Row>(text, parameters);
  if (row === undefined) throw new Error(`Nothing came of ${text}`);
  return row;
};

beforeAll(async () => {
  opened = await openTestDatabase('pglite');
  outcome = await fillDemo(optionsFor(opened));
}, 120_000);
afterAll(() => opened.close());

describe("the demo's month", () => {
  test('passes the audit', async () => {
    expect(outcome).toMatchObject({ status: 'filled' });
    expectClean(await runAudit(opened.database));
  });

  test('has costs that are the sum of their attempts, in the generations and in the summaries', async () => {
    const sums = await one<Record<'attempts' | 'generations' | 'lines' | 'summaries', string>>(
      `SELECT (SELECT sum(cost_micros) FROM attempt)::text AS attempts,
        (SELECT sum(cost_micros) FROM generation)::text AS generations,
        (SELECT sum(cost_micros) FROM booked_line)::text AS lines,
        (SELECT sum(cost_micros) FROM segment_summary WHERE grain = 'DAY')::text AS summaries`,
    );
    expect(BigInt(sums.attempts)).toBeGreaterThan(0n);
    expect(sums.generations).toBe(sums.attempts);
    expect(sums.summaries).toBe(sums.lines);
  });

  test('has fewer calls on a day of the weekend than on a weekday, and grows', async () => {
    const { weekday, weekend } = await one<{ weekday: number; weekend: number }>(
      `SELECT avg(calls) FILTER (WHERE dow NOT IN (0, 6))::float AS weekday, avg(calls) FILTER (WHERE dow IN (0, 6))::float AS weekend
        FROM (SELECT extract(dow FROM created_at AT TIME ZONE 'UTC') AS dow, count(*) AS calls FROM generation
          GROUP BY date_trunc('day', created_at AT TIME ZONE 'UTC'), dow) d`,
    );
    expect(weekend).toBeLessThan(weekday * 0.7);
    const { before, told } = await one<{ before: number; told: number }>(
      `SELECT (SELECT count(*) FROM imported_call)::int AS before, (SELECT count(*) FROM generation)::int AS told`,
    );
    expect(before).toBeGreaterThan(0);
    expect(told).toBeGreaterThan(before);
  });

  test('has an outage that sends calls to other providers and gives credits back', async () => {
    const { elsewhere, refunded } = await one<{ elsewhere: number; refunded: number }>(
      `SELECT (SELECT count(*) FROM attempt WHERE number = 2 AND outcome = 'SUCCEEDED')::int AS elsewhere,
        (SELECT count(*) FROM reservation r JOIN attempt a ON a.generation_id = r.id
          WHERE r.status = 'VOIDED' AND a.provider = 'openai' AND a.error LIKE '503%')::int AS refunded`,
    );
    expect(elsewhere + refunded).toBeGreaterThan(0);
    expect(elsewhere).toBeGreaterThan(0);
  });

  test('has somebody on each plan that is sold, calls at all providers, and money that went back', async () => {
    const unsold = await rows(
      `SELECT id FROM plan p WHERE price_list_id = 'tokens' AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.plan_id = p.id)`,
    );
    expect(unsold).toEqual([]);
    const providers = await rows<{ provider: string }>('SELECT DISTINCT provider FROM attempt ORDER BY 1');
    expect(providers.map(({ provider }) => provider)).toEqual([
      'clippingmagic',
      'deep-image',
      'elevenlabs',
      'huggingface',
      'luma',
      'midjourney',
      'openai',
      'pika',
      'replicate',
      'runway',
      'vectorizer',
    ]);
    const kinds = await rows<{ kind: string }>('SELECT DISTINCT kind::text FROM book_line ORDER BY 1');
    expect(kinds.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['DISPUTE', 'FEE', 'PAYMENT', 'REFUND']),
    );
    const { spins, referrals } = await one<{ spins: number; referrals: number }>(
      `SELECT (SELECT count(*) FROM wheel_spin)::int AS spins, (SELECT count(*) FROM referral)::int AS referrals`,
    );
    expect(spins).toBeGreaterThan(0);
    expect(referrals).toBeGreaterThan(0);
  });

  test('has alerts of several rules and in every state, and budgets that are nearly used up', async () => {
    const alerts = await rows<{ kind: string; state: string }>('SELECT kind::text, state::text FROM alert');
    expect(new Set(alerts.map(({ kind }) => kind)).size).toBeGreaterThan(4);
    expect(new Set(alerts.map(({ state }) => state))).toEqual(new Set(['OPEN', 'ACKNOWLEDGED', 'RESOLVED']));
    const budgets = await rows<{ used: number }>(
      `SELECT (w.spent_micros * 100 / b.limit_micros)::int AS used FROM budget b JOIN budget_window w ON w.budget_id = b.id
        WHERE b.scope <> 'GLOBAL' AND w.ends_at > $1`,
      [NOW],
    );
    expect(budgets.filter(({ used }) => used >= 70 && used <= 100).length).toBeGreaterThan(1);
  });

  test('has a plan that loses money, which the recommendations find', async () => {
    const { database } = opened;
    const clock = new FakeClock(NOW.toISOString());
    const catalog = await createCatalog({
      database,
      clock,
      priceList: 'tokens',
      marginFloor: 0.2,
      isServed: () => true,
    });
    const plans = createPlans({ database, clock, catalog, priceList: 'tokens' });
    const business = createBusiness({
      database,
      clock,
      timeZone: 'UTC',
      catalog,
      plans,
      priceList: 'tokens',
      marginFloor: 0.2,
    });
    const from = new Date(NOW.getTime() - DAYS * 86_400_000);
    const advice = await business.recommendations({ from, to: NOW });
    catalog.close();
    if (advice.status !== 'recommendations') throw new Error(JSON.stringify(advice.fields));
    expect(advice.recommendations).toContainEqual(
      expect.objectContaining({ kind: 'PLAN_LOSES', subject: 'tokens-studio' }),
    );
  });

  test('is not told twice: a second start adds nothing', async () => {
    const counted = () =>
      one(
        `SELECT (SELECT count(*) FROM generation) AS generations, (SELECT count(*) FROM entry) AS entries,
          (SELECT count(*) FROM payment) AS payments, (SELECT count(*) FROM audit_log) AS audit`,
      );
    const before = await counted();
    expect(await fillDemo(optionsFor(opened))).toEqual({ status: 'there' });
    expect(await counted()).toEqual(before);
  });
});

const SMALL = { days: 2, accounts: 16, callsPerDay: 40 };

test('the same seed makes up the same month', { timeout: 120_000 }, async () => {
  const figures = async () => {
    const small = await openTestDatabase('pglite');
    try {
      const filled = await fillDemo({ ...optionsFor(small), ...SMALL });
      const [sums] = await small.database.query(
        `SELECT count(*)::int AS calls, sum(cost_micros)::text AS cost, sum(revenue_micros)::text AS revenue FROM generation`,
      );
      return { filled, sums };
    } finally {
      await small.close();
    }
  };
  const first = await figures();
  expect(first.filled).toMatchObject({ status: 'filled' });
  expect(await figures()).toEqual(first);
});

test("a database with somebody's data is left alone", async () => {
  const used = await openTestDatabase('pglite');
  try {
    await used.database.query(
      `INSERT INTO account (id, external_id, created_at, updated_at) VALUES (gen_random_uuid(), 'somebody', now(), now())`,
    );
    expect(await fillDemo(optionsFor(used))).toEqual({ status: 'in-use' });
    expect(await used.database.query('SELECT external_id FROM account')).toEqual([
      { external_id: 'somebody' },
    ]);
  } finally {
    await used.close();
  }
});
