/**
 * All SQL of the audit: one query an invariant, each of which gives a row for whatever it looks at, with
 *
 * - `ok`: whether the invariant holds there; null counts as no;
 * - `finding`: what is wrong, with the ids by which it is found. Only read where `ok` is not true.
 *
 * What the ledger's CHECKs enforce is looked at again: an audit that trusted them would not notice one that is gone.
 */
import type { Sql } from '../database/index.ts';
import { ALERT_INVARIANTS, ALERT_REFERENCES } from './alerts/statements.ts';
import { BILLING_INVARIANTS, BILLING_REFERENCES } from './billing/statements.ts';
import type { Invariant, Reference } from './invariant.ts';

/** All queries of one audit see the same instant, however much is written meanwhile. First in its transaction. */
export async function beginSnapshot(sql: Sql): Promise<void> {
  await sql.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
}

/** What an invariant's query gives, counted. */
export interface Checked {
  readonly checked: bigint;
  readonly broken: bigint;
  readonly findings: string[];
}

/** Runs the query of one invariant; keeps the first `limit` findings. */
export async function check(sql: Sql, invariant: Invariant, limit: number): Promise<Checked> {
  const [row] = await sql.query<Checked>(
    `SELECT count(*) AS checked, count(*) FILTER (WHERE ok IS NOT TRUE) AS broken,
      coalesce((array_agg(finding ORDER BY finding) FILTER (WHERE ok IS NOT TRUE))[1:$1], '{}') AS findings
    FROM (${invariant.query}) AS line (ok, finding)`,
    [limit],
  );
  if (!row) throw new Error(`The audit's query for "${invariant.sentence}" gave nothing.`);
  return row;
}

/** A summary: which rows of time and which columns its key has. */
interface Summary {
  readonly table: string;
  readonly keys: readonly string[];
  /** The part of its key that is time, as an expression over a booked line. */
  readonly time: Readonly<Record<string, string>>;
}

const BY_MODEL = ['provider', 'model', 'operation'];
const BY_SEGMENT = [...BY_MODEL, 'tier', 'country', 'plan'];
const BUCKETS = { grain: 'b.grain', at: 'b.starts_at' };
const SUMMARIES: readonly Summary[] = [
  { table: 'model_summary', keys: BY_MODEL, time: BUCKETS },
  { table: 'segment_summary', keys: BY_SEGMENT, time: BUCKETS },
  {
    table: 'account_summary',
    keys: ['account_id', ...BY_SEGMENT],
    time: { day: "date_bin('1 day', l.at, '2000-01-01T00:00:00Z')" },
  },
];

const SUMS = [
  'calls',
  'succeeded',
  'failed',
  'cache_hits',
  'credits',
  'cost_micros',
  'lost_cost_micros',
  'revenue_micros',
  'duration_ms',
];

/** Compares a summary with the sums of all that is booked, both ways. */
function sumsOf({ table, keys, time }: Summary): string {
  const key = [...Object.keys(time), ...keys];
  const truth = [...Object.values(time), ...keys.map((name) => `l.${name}`)];
  const side = (name: string) => SUMS.map((sum) => `coalesce(${name}.${sum}, 0)`).join(', ');
  return `SELECT (${side('s')}) = (${side('x')}),
      format('${table} %s: it says %s; what is booked says %s', concat_ws(' ', ${key.join(', ')}), (${side('s')}), (${side('x')}))
    FROM ${table} s
    FULL JOIN (SELECT ${truth.map((expression, index) => `${expression} AS ${key[index]}`).join(', ')},
        ${SUMS.map((sum) => `sum(l.${sum}) AS ${sum}`).join(', ')}
      FROM booked_line l${'grain' in time ? ' CROSS JOIN LATERAL summary_buckets(l.at) AS b' : ''}
      GROUP BY ${key.map((_, index) => index + 1).join(', ')}) x
    USING (${key.join(', ')})`;
}

const REFERENCES: readonly Reference[] = [
  { from: '"grant"', column: 'account_id', to: 'account', key: 'x.id' },
  { from: 'entry', column: 'account_id', to: 'account', key: "x.account_id || ' ' || x.sequence" },
  { from: 'entry', column: 'grant_id', to: '"grant"', key: "x.account_id || ' ' || x.sequence" },
  { from: 'entry', column: 'generation_id', to: 'generation', key: "x.account_id || ' ' || x.sequence" },
  { from: 'reservation', column: 'account_id', to: 'account', key: 'x.id' },
  { from: 'reservation', column: 'id', to: 'generation', key: 'x.id' },
  { from: 'reservation', column: 'process_id', to: 'server_process', key: 'x.id' },
  { from: 'generation', column: 'id', to: 'reservation', key: 'x.id' },
  { from: 'generation', column: 'account_id', to: 'account', key: 'x.id' },
  {
    from: 'reservation_grant',
    column: 'grant_id',
    to: '"grant"',
    key: "x.reservation_id || ' ' || x.position",
  },
  { from: 'attempt', column: 'generation_id', to: 'generation', key: "x.generation_id || ' ' || x.number" },
  { from: 'attempt', column: 'account_id', to: 'account', key: "x.generation_id || ' ' || x.number" },
  { from: 'imported_call', column: 'account_id', to: 'account', key: 'x.external_id' },
  { from: 'output', column: 'generation_id', to: 'generation', key: 'x.id' },
  { from: 'budget_window', column: 'budget_id', to: 'budget', key: 'x.id' },
  { from: 'revocation', column: 'grant_id', to: '"grant"', key: 'x.id' },
  { from: 'referral', column: 'account_id', to: 'account', key: 'x.account_id' },
  { from: 'referral', column: 'referrer_id', to: 'account', key: 'x.account_id' },
  { from: 'wheel_spin', column: 'account_id', to: 'account', key: 'x.id' },
];

const references = [...REFERENCES, ...BILLING_REFERENCES, ...ALERT_REFERENCES]
  .map(
    ({ from, column, to, key }) => `
    SELECT y.id IS NOT NULL, format('%s %s: its %s %s is not there', '${from.replaceAll('"', '')}', ${key}, '${column}', x.${column})
    FROM ${from} x LEFT JOIN ${to} y ON y.id = x.${column} WHERE x.${column} IS NOT NULL`,
  )
  .join(' UNION ALL ');

/** All that the audit looks at, in the order of its report. */
export const INVARIANTS: readonly Invariant[] = [
  {
    sentence: "Each account's totals are the sums of its entries.",
    query: `SELECT a.posted = coalesce(e.posted, 0) AND a.reserved = coalesce(e.reserved, 0),
        format('account %s: posted %s and reserved %s, entries say %s and %s', a.id, a.posted, a.reserved,
          coalesce(e.posted, 0), coalesce(e.reserved, 0))
      FROM account a
      LEFT JOIN (SELECT account_id, sum(posted_delta) AS posted, sum(reserved_delta) AS reserved FROM entry GROUP BY 1) e
        ON e.account_id = a.id`,
  },
  {
    sentence: "Each account's entries are numbered from 1 without a gap.",
    query: `SELECT coalesce(e.entries, 0) = a.entry_sequence AND coalesce(e.first, 1) = 1 AND coalesce(e.last, 0) = a.entry_sequence,
        format('account %s: %s entries, from %s to %s, and the newest should be %s', a.id, coalesce(e.entries, 0), e.first,
          e.last, a.entry_sequence)
      FROM account a
      LEFT JOIN (SELECT account_id, count(*) AS entries, min(sequence) AS first, max(sequence) AS last FROM entry GROUP BY 1) e
        ON e.account_id = a.id`,
  },
  {
    sentence: 'Each entry says by how much credits changed, and what was available after it.',
    query: `SELECT e.credits = e.posted_delta - e.reserved_delta AND e.available_after = e.running AND e.running >= 0,
        format('entry %s of account %s: credits %s, deltas %s and %s, available after it %s, sum %s', e.sequence, e.account_id,
          e.credits, e.posted_delta, e.reserved_delta, e.available_after, e.running)
      FROM (SELECT entry.*, sum(posted_delta - reserved_delta) OVER (PARTITION BY account_id ORDER BY sequence) AS running
            FROM entry) e`,
  },
  {
    sentence: 'No account has fewer credits than it has reserved, or fewer than none reserved.',
    query: `SELECT a.posted - a.reserved >= 0 AND a.reserved >= 0,
        format('account %s: posted %s, reserved %s', a.id, a.posted, a.reserved) FROM account a`,
  },
  {
    sentence: 'What an account has is what remains of its grants.',
    query: `SELECT a.posted = coalesce(g.remaining, 0),
        format('account %s: posted %s, its grants hold %s', a.id, a.posted, coalesce(g.remaining, 0))
      FROM account a
      LEFT JOIN (SELECT account_id, sum(credits - used - expired - revoked) AS remaining FROM "grant" GROUP BY 1) g
        ON g.account_id = a.id`,
  },
  {
    sentence:
      'What an account has reserved is what its pending reservations hold, and what its grants have reserved.',
    query: `SELECT a.reserved = coalesce(r.reserved, 0) AND a.reserved = coalesce(g.reserved, 0),
        format('account %s: reserved %s, pending reservations hold %s, grants %s', a.id, a.reserved,
          coalesce(r.reserved, 0), coalesce(g.reserved, 0))
      FROM account a
      LEFT JOIN (SELECT account_id, sum(credits_reserved) AS reserved FROM reservation WHERE status = 'PENDING' GROUP BY 1) r
        ON r.account_id = a.id
      LEFT JOIN (SELECT account_id, sum(reserved) AS reserved FROM "grant" GROUP BY 1) g ON g.account_id = a.id`,
  },
  {
    sentence:
      "Each grant's parts are within its credits, and are what its reservations hold and have burned of it.",
    query: `SELECT g.used >= 0 AND g.reserved >= 0 AND g.expired >= 0 AND g.revoked >= 0
          AND g.used::bigint + g.reserved + g.expired + g.revoked <= g.credits
          AND g.revoke_pending BETWEEN 0 AND g.reserved
          AND g.exhausted = (g.used::bigint + g.expired + g.revoked = g.credits)
          AND g.reserved = coalesce(rg.reserved, 0) AND g.used = coalesce(rg.used, 0),
        format('grant %s: %s credits, used %s, reserved %s, expired %s, revoked %s, exhausted %s; reservations have burned %s and hold %s',
          g.id, g.credits, g.used, g.reserved, g.expired, g.revoked, g.exhausted, coalesce(rg.used, 0), coalesce(rg.reserved, 0))
      FROM "grant" g
      LEFT JOIN (SELECT x.grant_id, sum(x.credits_posted) AS used,
          sum(x.credits_reserved) FILTER (WHERE r.status = 'PENDING') AS reserved
        FROM reservation_grant x JOIN reservation r ON r.id = x.reservation_id GROUP BY 1) rg ON rg.grant_id = g.id`,
  },
  {
    sentence:
      'Each grant has its entries: one that gives it, and those by which parts of it expired or were revoked.',
    query: `SELECT coalesce(e.grants, 0) = 1 AND e.given = g.credits AND e.expired = g.expired AND e.revoked = g.revoked,
        format('grant %s: %s credits, expired %s, revoked %s; %s entries give it, with %s credits, expired %s, revoked %s',
          g.id, g.credits, g.expired, g.revoked, coalesce(e.grants, 0), coalesce(e.given, 0), coalesce(e.expired, 0),
          coalesce(e.revoked, 0))
      FROM "grant" g
      LEFT JOIN (SELECT grant_id, account_id, count(*) FILTER (WHERE kind = 'GRANT') AS grants,
          coalesce(sum(posted_delta) FILTER (WHERE kind = 'GRANT'), 0) AS given,
          coalesce(-sum(posted_delta) FILTER (WHERE kind = 'EXPIRE_GRANT'), 0) AS expired,
          coalesce(-sum(posted_delta) FILTER (WHERE kind = 'REVOKE'), 0) AS revoked
        FROM entry WHERE grant_id IS NOT NULL GROUP BY 1, 2) e ON e.grant_id = g.id AND e.account_id = g.account_id`,
  },
  {
    sentence:
      "Each grant's revenue is what its credits have earned, left as breakage or given back, to the micro.",
    query: `SELECT coalesce(rg.revenue, 0) + coalesce(e.gone, 0) = earned(g.revenue_micros, g.credits, g.used + g.expired + g.revoked)
          AND coalesce(e.given, 0) = g.revenue_micros,
        format('grant %s: %s of %s credits have left it, which makes %s of %s; reservations earned %s, entries brought %s and took %s', g.id,
          g.used + g.expired + g.revoked, g.credits, earned(g.revenue_micros, g.credits, g.used + g.expired + g.revoked),
          g.revenue_micros, coalesce(rg.revenue, 0), coalesce(e.given, 0), coalesce(e.gone, 0))
      FROM "grant" g
      LEFT JOIN (SELECT grant_id, sum(revenue_micros) AS revenue FROM reservation_grant GROUP BY 1) rg ON rg.grant_id = g.id
      LEFT JOIN (SELECT grant_id, account_id, sum(deferred_delta_micros) FILTER (WHERE kind = 'GRANT') AS given,
          -sum(deferred_delta_micros) FILTER (WHERE kind <> 'GRANT') AS gone
        FROM entry WHERE grant_id IS NOT NULL GROUP BY 1, 2) e ON e.grant_id = g.id AND e.account_id = g.account_id`,
  },
  {
    sentence: 'What a generation earned has left deferred revenue, and nothing else of it has.',
    query: `SELECT e.gone = g.revenue_micros,
        format('generation %s: it earned %s, its entries take %s out of deferred revenue', g.id, g.revenue_micros, e.gone)
      FROM generation g
      JOIN (SELECT generation_id, -sum(deferred_delta_micros) AS gone FROM entry WHERE generation_id IS NOT NULL GROUP BY 1) e
        ON e.generation_id = g.id`,
  },
  {
    sentence: 'What an account has yet to earn is what its grants have yet to earn.',
    query: `SELECT coalesce(e.deferred, 0) = coalesce(g.deferred, 0),
        format('account %s: its entries leave %s deferred, its grants %s', a.id, coalesce(e.deferred, 0), coalesce(g.deferred, 0))
      FROM account a
      LEFT JOIN (SELECT account_id, sum(deferred_delta_micros) AS deferred FROM entry GROUP BY 1) e ON e.account_id = a.id
      LEFT JOIN (SELECT account_id, sum(revenue_micros - earned(revenue_micros, credits, used + expired + revoked)) AS deferred
        FROM "grant" GROUP BY 1) g ON g.account_id = a.id`,
  },
  {
    sentence: 'Each reservation has one RESERVE entry, and one that resolves it once it is resolved.',
    query: `SELECT e.reserves = 1 AND e.reserved = r.credits_reserved AND (r.status = 'PENDING') = (r.resolved_at IS NULL)
          AND e.resolves = (CASE r.status WHEN 'PENDING' THEN 0 ELSE 1 END)
          AND (r.status = 'PENDING' OR (e.kind = CASE r.status WHEN 'POSTED' THEN 'POST' WHEN 'VOIDED' THEN 'VOID' ELSE 'EXPIRE_RESERVATION' END
            AND e.released = r.credits_reserved AND e.posted = r.credits_posted)),
        format('reservation %s (%s): %s RESERVE entries of %s credits, %s that resolve it (%s, burning %s and releasing %s); it says %s reserved, %s posted',
          r.id, r.status, coalesce(e.reserves, 0), e.reserved, coalesce(e.resolves, 0), e.kind, e.posted, e.released,
          r.credits_reserved, r.credits_posted)
      FROM reservation r
      LEFT JOIN (SELECT generation_id, account_id, count(*) FILTER (WHERE kind = 'RESERVE') AS reserves,
          sum(reserved_delta) FILTER (WHERE kind = 'RESERVE') AS reserved,
          count(*) FILTER (WHERE kind <> 'RESERVE') AS resolves, max(kind::text) FILTER (WHERE kind <> 'RESERVE') AS kind,
          -sum(reserved_delta) FILTER (WHERE kind <> 'RESERVE') AS released,
          -sum(posted_delta) FILTER (WHERE kind <> 'RESERVE') AS posted
        FROM entry WHERE generation_id IS NOT NULL GROUP BY 1, 2) e ON e.generation_id = r.id AND e.account_id = r.account_id`,
  },
  {
    sentence:
      "Each reservation's credits come from its account's own grants, and burn at most what each had set aside.",
    query: `SELECT coalesce(x.reserved, 0) = r.credits_reserved AND coalesce(x.posted, 0) = r.credits_posted AND x.within IS NOT FALSE
          AND x.own IS NOT FALSE AND r.credits_posted BETWEEN 0 AND r.credits_reserved,
        format('reservation %s: %s reserved and %s posted, from grants %s and %s, each within its part: %s, all of account %s: %s', r.id,
          r.credits_reserved, r.credits_posted, coalesce(x.reserved, 0), coalesce(x.posted, 0), coalesce(x.within, true),
          r.account_id, coalesce(x.own, true))
      FROM reservation r
      LEFT JOIN (SELECT rg.reservation_id, sum(rg.credits_reserved) AS reserved, sum(rg.credits_posted) AS posted,
          bool_and(rg.credits_posted BETWEEN 0 AND rg.credits_reserved) AS within, bool_and(g.account_id = y.account_id) AS own
        FROM reservation_grant rg JOIN reservation y ON y.id = rg.reservation_id LEFT JOIN "grant" g ON g.id = rg.grant_id
        GROUP BY 1) x ON x.reservation_id = r.id`,
  },
  {
    sentence:
      'Each generation charges what its reservation posted and earns what those credits earned; one that failed charges nothing.',
    query: `SELECT g.credits_charged = r.credits_posted AND g.credits_reserved = r.credits_reserved AND g.account_id = r.account_id
          AND g.credits_charged = coalesce(x.posted, 0) AND g.revenue_micros = coalesce(x.revenue, 0)
          AND (g.status IN ('SUCCEEDED', 'FAILED', 'CANCELED')) = (r.status <> 'PENDING')
          AND (g.completed_at IS NULL) = (r.status = 'PENDING')
          AND (g.status = 'SUCCEEDED' OR (g.credits_charged = 0 AND g.revenue_micros = 0)),
        format('generation %s (%s, reservation %s): charges %s, reservation posted %s, grants %s; earns %s, grants %s', g.id, g.status,
          r.status, g.credits_charged, r.credits_posted, coalesce(x.posted, 0), g.revenue_micros, coalesce(x.revenue, 0))
      FROM generation g JOIN reservation r ON r.id = g.id
      LEFT JOIN (SELECT reservation_id, sum(credits_posted) AS posted, sum(revenue_micros) AS revenue
        FROM reservation_grant GROUP BY 1) x ON x.reservation_id = g.id`,
  },
  {
    sentence: 'Each generation costs what its attempts cost, and so does its reservation.',
    query: `SELECT g.cost_micros = coalesce(x.cost, 0) AND r.cost_micros = coalesce(x.cost, 0),
        format('generation %s: costs %s, its reservation %s, its attempts %s', g.id, g.cost_micros, r.cost_micros, coalesce(x.cost, 0))
      FROM generation g JOIN reservation r ON r.id = g.id
      LEFT JOIN (SELECT generation_id, sum(cost_micros) AS cost FROM attempt GROUP BY 1) x ON x.generation_id = g.id`,
  },
  {
    sentence: "Attempts carry their generation's charge and revenue, all of it and once.",
    query: `SELECT x.credits = g.credits_charged AND x.revenue = g.revenue_micros AND x.same,
        format('generation %s: charges %s and earns %s, its attempts %s and %s, of its account, operation, tier and country: %s', g.id,
          g.credits_charged, g.revenue_micros, x.credits, x.revenue, x.same)
      FROM generation g
      JOIN (SELECT att.generation_id, sum(att.credits_charged) AS credits, sum(att.revenue_micros) AS revenue,
          bool_and((att.account_id, att.operation, att.tier) = (y.account_id, y.operation, y.tier)
            AND att.country IS NOT DISTINCT FROM y.country) AS same
        FROM attempt att JOIN generation y ON y.id = att.generation_id GROUP BY 1) x ON x.generation_id = g.id`,
  },
  {
    sentence:
      "What a budget's window has spent is what it opened with and what the calls that count in it cost.",
    query: `SELECT w.spent_micros = w.opening_micros + coalesce(x.cost, 0),
        format('window %s of budget %s from %s: spent %s, opened with %s, reservations cost %s', w.id, w.budget_id, w.starts_at,
          w.spent_micros, w.opening_micros, coalesce(x.cost, 0))
      FROM budget_window w
      LEFT JOIN (SELECT z.id, sum(z.cost) AS cost FROM (
          SELECT y.id, r.cost_micros - coalesce(earlier.cost, 0) AS cost
          FROM reservation r
          LEFT JOIN (SELECT generation_id, sum(cost_micros) AS cost FROM attempt WHERE window_ids IS NOT NULL GROUP BY 1) earlier
            ON earlier.generation_id = r.id
          CROSS JOIN LATERAL unnest(r.window_ids) AS y (id)
          UNION ALL
          SELECT y.id, att.cost_micros FROM attempt att CROSS JOIN LATERAL unnest(att.window_ids) AS y (id)) z
        GROUP BY 1) x ON x.id = w.id`,
  },
  {
    sentence: "What a budget's window has reserved is the ceilings of the pending calls that count in it.",
    query: `SELECT w.reserved_micros = coalesce(x.ceiling, 0),
        format('window %s of budget %s from %s: reserved %s, pending reservations hold %s', w.id, w.budget_id, w.starts_at,
          w.reserved_micros, coalesce(x.ceiling, 0))
      FROM budget_window w
      LEFT JOIN (SELECT y.id, sum(r.ceiling_micros) AS ceiling FROM reservation r CROSS JOIN LATERAL unnest(r.window_ids) AS y (id)
        WHERE r.status = 'PENDING' GROUP BY 1) x ON x.id = w.id`,
  },
  {
    sentence: 'No budget that blocks was passed, but for what vendors billed beyond their ceilings.',
    query: `SELECT w.spent_micros >= 0 AND w.reserved_micros >= 0 AND w.excess_micros >= 0
          AND w.spent_micros + w.reserved_micros <= coalesce(w.admitted_limit_micros + w.excess_micros, w.spent_micros + w.reserved_micros),
        format('window %s of budget %s from %s: spent %s + reserved %s, the limit was %s and the excess is %s', w.id, w.budget_id,
          w.starts_at, w.spent_micros, w.reserved_micros, w.admitted_limit_micros, w.excess_micros)
      FROM budget_window w`,
  },
  {
    sentence: 'The summaries are the sums of what is booked.',
    query: SUMMARIES.map(sumsOf).join(' UNION ALL '),
  },
  {
    sentence: 'Each imported call has an id of its own, and nothing of it is less than nothing.',
    query: `SELECT c.external_id <> '' AND c.calls IN (0, 1) AND c.cost_micros >= 0 AND c.credits >= 0 AND c.revenue_micros >= 0
          AND c.duration_ms >= 0,
        format('imported call "%s" of account %s: calls %s, cost %s, credits %s, revenue %s, milliseconds %s', c.external_id, c.account_id,
          c.calls, c.cost_micros, c.credits, c.revenue_micros, c.duration_ms)
      FROM imported_call c`,
  },
  {
    sentence: 'Each adjustment is what a bill says less what was booked, and the audit log has its reason.',
    query: `SELECT c.amount_micros = c.billed_micros - c.booked_micros AND c.amount_micros <> 0 AND l.reason = c.reason,
        format('adjustment %s: %s billed, %s booked, %s adjusted, because of "%s", which the log has as "%s"', c.id, c.billed_micros,
          c.booked_micros, c.amount_micros, c.reason, l.reason)
      FROM cost_adjustment c LEFT JOIN audit_log l ON l.action = 'cost.adjust' AND l.subject = c.id::text`,
  },
  {
    sentence:
      'A generation that an earlier result served called nobody, cost nothing, and gives the files of that result.',
    query: `SELECT g.cached = (x.calls = 1 AND x.hits = 1) AND (NOT g.cached OR (g.cost_micros = 0 AND g.sent_at IS NULL
          AND o.files IS NOT DISTINCT FROM e.files)),
        format('generation %s: cached %s, attempts %s of which %s were hits, cost %s, sent at %s', g.id, g.cached, x.calls, x.hits,
          g.cost_micros, g.sent_at)
      FROM generation g
      JOIN (SELECT generation_id, count(*) AS calls, count(*) FILTER (WHERE cost_source = 'cache') AS hits FROM attempt GROUP BY 1) x
        ON x.generation_id = g.id
      LEFT JOIN (SELECT generation_id, array_agg(sha256 ORDER BY position) AS files FROM output GROUP BY 1) o ON o.generation_id = g.id
      LEFT JOIN (SELECT generation_id, array_agg(sha256 ORDER BY position) AS files FROM output GROUP BY 1) e ON e.generation_id = g.served_by_id`,
  },
  {
    sentence: 'What the wheel has given away on a day is what its spins of that day say.',
    query: `SELECT d.spins = coalesce(x.spins, 0) AND d.wins = coalesce(x.wins, 0) AND d.cost_micros = coalesce(x.cost, 0),
        format('wheel day %s: %s spins, %s wins, cost %s; its spins say %s, %s and %s', d.day, d.spins, d.wins, d.cost_micros,
          coalesce(x.spins, 0), coalesce(x.wins, 0), coalesce(x.cost, 0))
      FROM wheel_day d
      LEFT JOIN (SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS spins, count(*) FILTER (WHERE ticket < chance) AS wins,
          sum(cost_micros) FILTER (WHERE ticket < chance) AS cost FROM wheel_spin GROUP BY 1) x ON x.day = d.day`,
  },
  {
    sentence: 'A prize belongs to a spin that won it, and a bonus to a side of a referral that was paid.',
    query: `SELECT x.owner = g.account_id AND x.source = g.source AND g.revenue_micros = 0,
        format('%s: its grant %s is %s of account %s', x.what, x.grant_id, g.source, g.account_id)
      FROM (
        SELECT format('spin %s', s.id) AS what, s.grant_id, s.account_id AS owner, 'PRIZE'::grant_source AS source
          FROM wheel_spin s WHERE s.ticket < s.chance AND s.grant_id IS NOT NULL
        UNION ALL SELECT format('referral of %s', r.account_id), r.friend_grant_id, r.account_id, 'REFERRAL'
          FROM referral r WHERE r.friend_grant_id IS NOT NULL
        UNION ALL SELECT format('referral of %s', r.account_id), r.referrer_grant_id, r.referrer_id, 'REFERRAL'
          FROM referral r WHERE r.state = 'PAID' AND r.referrer_grant_id IS NOT NULL) x
      LEFT JOIN "grant" g ON g.id = x.grant_id`,
  },
  {
    sentence: 'Every row that names another one names one that is there.',
    query: `${references}
      UNION ALL SELECT w.id IS NOT NULL, format('reservation %s: its budget window %s is not there', r.id, y.id)
      FROM reservation r CROSS JOIN LATERAL unnest(r.window_ids) AS y (id) LEFT JOIN budget_window w ON w.id = y.id`,
  },
  {
    sentence:
      'Every idempotency key of a grant, a revocation, a spin or a generation points at what it made.',
    query: `SELECT CASE i.operation WHEN 'GRANT' THEN gr.id WHEN 'REVOKE' THEN rev.id WHEN 'SPIN' THEN sp.id ELSE gen.id END IS NOT NULL,
        format('key %s of %s (%s): what it made, %s, is not there', i.key, i.namespace, i.operation, i.result_id)
      FROM idempotency_record i LEFT JOIN "grant" gr ON gr.id = i.result_id LEFT JOIN generation gen ON gen.id = i.result_id
      LEFT JOIN revocation rev ON rev.id = i.result_id LEFT JOIN wheel_spin sp ON sp.id = i.result_id
      WHERE i.operation IN ('GRANT', 'REVOKE', 'SPIN') OR i.operation IN (SELECT unnest(enum_range(NULL::operation))::text)`,
  },
  ...BILLING_INVARIANTS,
  ...ALERT_INVARIANTS,
];
