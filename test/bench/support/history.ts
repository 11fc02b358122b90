/**
 * A history of calls as a site of some size has it, made by sets of SQL and not call by call: models, accounts, countries
 * and plans of which few make most of the calls, days with a noon and a night, failures, cache hits.
 *
 * What a report reads and what settling writes to has its rows: attempt, reservation, two entries a call, and summaries as the
 * ledger's own would be. Generations, which are written once and then found by their ids, are left out.
 */
import type { Database } from '../../../server/database/index.ts';

/** How long it goes back from the last midnight of UTC. */
export const DAYS = 400;
/** Customers among whom the calls are. */
export const CUSTOMERS = 50_000;

/** provider, model, operation, cost in micros, credits, milliseconds, and how many of a thousand calls are of it. */
const MODELS = [
  ['replicate', 'replicate/flux-schnell', 'GENERATE_IMAGE', 3_000, 1, 1_400, 260],
  ['replicate', 'replicate/sdxl', 'GENERATE_IMAGE', 3_000, 2, 4_000, 190],
  ['openai', 'openai/gpt-image-2', 'GENERATE_IMAGE', 42_000, 8, 18_000, 130],
  ['deep-image', 'deep-image/upscale', 'UPSCALE_IMAGE', 80_000, 16, 9_000, 90],
  ['clippingmagic', 'clippingmagic/remove', 'REMOVE_BACKGROUND', 125_000, 25, 3_000, 80],
  ['replicate', 'replicate/flux-1.1-pro', 'GENERATE_IMAGE', 40_000, 6, 6_000, 70],
  ['huggingface', 'huggingface/free', 'GENERATE_IMAGE', 0, 1, 8_000, 50],
  ['vectorizer', 'vectorizer/vectorize', 'VECTORIZE_IMAGE', 200_000, 40, 5_000, 40],
  ['runway', 'runway/gen4_turbo', 'GENERATE_VIDEO', 250_000, 30, 70_000, 30],
  ['openai', 'openai/dall-e-3-hd', 'GENERATE_IMAGE', 80_000, 16, 16_000, 20],
  ['luma', 'luma/ray-2', 'GENERATE_VIDEO', 120_000, 20, 60_000, 15],
  ['midjourney', 'midjourney/v7', 'GENERATE_IMAGE', 40_000, 8, 45_000, 12],
  ['pika', 'pika/v2.2', 'GENERATE_VIDEO', 100_000, 15, 50_000, 8],
  ['elevenlabs', 'elevenlabs/dub', 'DUB_VIDEO', 330_000, 50, 120_000, 5],
] as const;

const text = (values: readonly (string | number | null)[]) =>
  `ARRAY[${values.map((value) => (value === null ? 'NULL' : `'${value}'`)).join(',')}]`;
/** A thousand places, of which each model has as many as its calls are. */
const PLACES = `ARRAY[${MODELS.flatMap((model, index) => Array<number>(model[6]).fill(index + 1)).join(',')}]`;
const TIERS = ['FREE', 'FREE', 'FREE', 'FREE', 'PAYG', 'PAYG', 'BASIC', 'STARTER', 'CREATOR', 'PRO'];
const COUNTRIES =
  'US US US US US US DE DE DE GB GB FR FR BR BR IN IN JP CA AU ES IT NL PL SE MX KR TR CH AT BE DK NO FI IE PT CZ ZA SG NZ'.split(
    ' ',
  );
const PLANS = [
  'tokens-creator',
  'tokens-pro',
  'tokens-team',
  'dtf-basic',
  'dtf-starter',
  'dtf-pro',
  'dtf-shop',
  'tokens-studio',
];

/** The id of a customer by its number, from 1 on. */
export function customerId(number: number): string {
  return `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

const accountId = (number: string) =>
  `('00000000-0000-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`;
const tier = (number: string) => `(${text(TIERS)}::tier[])[(${number} * 7) % ${TIERS.length} + 1]`;
const country = (number: string) => `(${text(COUNTRIES)})[(${number} * 13) % ${COUNTRIES.length} + 1]`;
const plan = (number: string) =>
  `CASE WHEN ${tier(number)} IN ('FREE', 'PAYG') THEN NULL ELSE (${text(PLANS)})[(${number} * 5) % ${PLANS.length} + 1] END`;
const of = (column: 0 | 1 | 2 | 3 | 4 | 5, type: string) =>
  `(${text(MODELS.map((model) => model[column]))}::${type}[])[model]`;

/** Makes so many calls. An empty, migrated database becomes one that has been in use for {@link DAYS} days. */
export async function makeHistory(database: Database, rows: number): Promise<void> {
  const run = (...statements: string[]) =>
    database.transaction(async (sql) => {
      await sql.query(`SET LOCAL work_mem = '1GB'`);
      await sql.query(`SET LOCAL maintenance_work_mem = '1GB'`);
      await sql.query('SET LOCAL synchronous_commit = off');
      for (const statement of statements) await sql.query(statement);
    });
  await database.query('UPDATE budget SET limit_micros = 1000000000000000');
  await run(`CREATE UNLOGGED TABLE bench_call AS
    SELECT n, at, model, customer, ${accountId('customer')} AS account_id, ${tier('customer')} AS tier, ${country('customer')} AS country,
      ${plan('customer')} AS plan, outcome::attempt_outcome AS outcome, hit,
      (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8'
        || lpad(to_hex(n), 15, '0'))::uuid AS id,
      ${of(0, 'text')} AS provider, ${of(1, 'text')} AS name, ${of(2, 'operation')} AS operation,
      CASE WHEN hit OR outcome = 'FAILED_UNBILLED' THEN 0 ELSE ${of(3, 'bigint')} END AS cost,
      ${of(4, 'int')} AS credits, CASE WHEN hit THEN 3 ELSE ${of(5, 'int')} END AS duration
    FROM (SELECT n, (${PLACES})[1 + floor(random() * 1000)::int] AS model,
        1 + floor(${CUSTOMERS} * power(random(), 3))::int AS customer,
        CASE WHEN r < 0.03 THEN 'FAILED_UNBILLED' WHEN r < 0.045 THEN 'FAILED_BILLED' WHEN r < 0.05 THEN 'UNKNOWN' ELSE 'SUCCEEDED' END AS outcome,
        r > 0.96 AS hit,
        date_trunc('day', now(), 'UTC') + make_interval(secs => 86400 * (floor(x) + mod(x::numeric, 1)::float8
          - 0.1 * sin(6.283185307 * mod(x::numeric, 1)::float8) - ${DAYS})) AS at
      FROM (SELECT n, random() AS r, n::float8 * ${DAYS} / ${rows + 1} AS x FROM generate_series(1, ${rows}) AS s(n)) drawn) drawn`);
  await run('ANALYZE bench_call');
  await Promise.all([
    run(
      `INSERT INTO attempt (generation_id, number, provider, model, operation, account_id, tier, country, plan_id, outcome, cost_micros,
        cost_source, credits_charged, revenue_micros, duration_ms, started_at, booked_at, window_ids)
      SELECT id, 1, provider, name, operation, account_id, tier, country, plan, outcome, cost, CASE WHEN hit THEN 'cache' ELSE 'catalog' END,
        CASE WHEN outcome = 'SUCCEEDED' THEN credits ELSE 0 END, CASE WHEN outcome = 'SUCCEEDED' THEN credits * 10000 ELSE 0 END,
        duration, at - make_interval(secs => duration / 1000.0), at, '{}'
      FROM bench_call ORDER BY n`,
    ),
    run(
      `INSERT INTO reservation (id, account_id, status, credits_reserved, credits_posted, ceiling_micros, cost_micros, window_ids,
        grant_ids, grant_reserved, grant_posted, grant_revenue, process_id, created_at, expires_at, resolved_at)
      SELECT id, account_id, CASE WHEN outcome = 'SUCCEEDED' THEN 'POSTED' ELSE 'VOIDED' END::reservation_status, credits,
        CASE WHEN outcome = 'SUCCEEDED' THEN credits ELSE 0 END, cost, cost, '{}', ARRAY[account_id], ARRAY[credits],
        ARRAY[CASE WHEN outcome = 'SUCCEEDED' THEN credits ELSE 0 END], ARRAY[CASE WHEN outcome = 'SUCCEEDED' THEN credits * 10000 ELSE 0 END],
        account_id, at - make_interval(secs => duration / 1000.0), at + '2 min', at
      FROM bench_call ORDER BY n`,
    ),
  ]);
  await Promise.all([
    run(
      `INSERT INTO account (id, external_id, tier, country, plan_id, posted, entry_sequence, created_at, updated_at)
      SELECT ${accountId('c')}, 'customer-' || c, ${tier('c')}, ${country('c')}, ${plan('c')}, 1000000000 - coalesce(burned, 0),
        1 + 2 * coalesce(calls, 0), now() - '${DAYS} days'::interval, now()
      FROM generate_series(1, ${CUSTOMERS}) AS s(c) LEFT JOIN (SELECT customer, count(*)::int AS calls,
        sum(credits) FILTER (WHERE outcome = 'SUCCEEDED')::int AS burned FROM bench_call GROUP BY customer) b ON b.customer = c`,
      `INSERT INTO "grant" (id, account_id, source, credits, used, revenue_micros, priority, effective_at, reason, created_at)
      SELECT id, id, 'PURCHASE', 1000000000, 1000000000 - posted, 10000000000000, 60, created_at, 'Bench', created_at FROM account`,
      `INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, deferred_delta_micros,
        grant_id, reason, created_at)
      SELECT id, 1, 'GRANT', 1000000000, 1000000000, 0, 1000000000, 10000000000000, id, 'Bench', created_at FROM account`,
      `INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, deferred_delta_micros,
        generation_id, created_at)
      SELECT account_id, 2 * k + later, CASE WHEN later = 0 THEN 'RESERVE' WHEN outcome = 'SUCCEEDED' THEN 'POST' ELSE 'VOID' END::entry_kind,
        CASE WHEN later = 0 THEN -credits WHEN outcome = 'SUCCEEDED' THEN 0 ELSE credits END,
        CASE WHEN later = 1 AND outcome = 'SUCCEEDED' THEN -credits ELSE 0 END, CASE WHEN later = 0 THEN credits ELSE -credits END,
        1000000000, CASE WHEN later = 1 AND outcome = 'SUCCEEDED' THEN -10000 * credits ELSE 0 END, id, at
      FROM (SELECT account_id, outcome, credits, id, at, row_number() OVER (PARTITION BY account_id ORDER BY n) AS k FROM bench_call) c
        CROSS JOIN generate_series(0, 1) AS s(later)`,
    ),
  ]);
  await run('DROP TABLE bench_call');
  const sums = `sum(l.calls), sum(l.succeeded), sum(l.failed), sum(l.cache_hits), sum(l.credits), sum(l.cost_micros), sum(l.lost_cost_micros),
    sum(l.revenue_micros), sum(l.duration_ms)`;
  const measures =
    'calls, succeeded, failed, cache_hits, credits, cost_micros, lost_cost_micros, revenue_micros, duration_ms';
  const segment = 'provider, model, operation, tier, country, plan';
  // The coarse ones are added up from the fine ones, as any sums are.
  await Promise.all([
    run(
      `INSERT INTO segment_summary (grain, at, ${segment}, ${measures})
      SELECT 'QUARTER_HOUR', date_bin('15 minutes', l.at, '2000-01-01T00:00:00Z'), ${segment}, ${sums} FROM booked_line l
      GROUP BY 2, 3, 4, 5, 6, 7, 8 ORDER BY 2, 3, 4, 5, 6, 7, 8`,
      `INSERT INTO segment_summary (grain, at, ${segment}, ${measures})
      SELECT 'DAY', date_bin('1 day', l.at, '2000-01-01T00:00:00Z'), ${segment}, ${sums} FROM segment_summary l
      GROUP BY 2, 3, 4, 5, 6, 7, 8 ORDER BY 2, 3, 4, 5, 6, 7, 8`,
      `INSERT INTO model_summary (grain, at, provider, model, operation, ${measures})
      SELECT grain, at, provider, model, operation, ${sums} FROM segment_summary l GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5`,
    ),
    run(
      `INSERT INTO account_summary (day, account_id, ${segment}, ${measures})
      SELECT date_bin('1 day', l.at, '2000-01-01T00:00:00Z'), account_id, ${segment}, ${sums} FROM booked_line l
      GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8`,
    ),
  ]);
  await database.query('VACUUM ANALYZE');
  // What is measured next should not wait for this to reach the disk. Only a superuser may ask for it.
  await database.query('CHECKPOINT').catch(() => {});
}
