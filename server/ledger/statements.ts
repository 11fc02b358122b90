/**
 * All SQL of the ledger: one function a statement. What moves credits or money is a function in the database
 * (prisma/migrations/*_ledger), so that a batch is one round trip and one transaction.
 */
import type { Sql } from '../database/index.ts';
import type { Operation } from '../providers/index.ts';
import type {
  AttemptRecord,
  Balance,
  BudgetScope,
  GrantItem,
  GrantOutcome,
  GrantSource,
  ReserveItem,
  ReserveOutcome,
  Revocation,
  RevocationPreview,
  RevokeItem,
  RevokeOutcome,
  SettleItem,
  SettleOutcome,
  Tier,
} from './types.ts';

/** Lower burns first: what was given before what was paid, so that paid credits last. */
const PRIORITY: Record<GrantSource, number> = {
  DAILY_FREE: 0,
  PRIZE: 10,
  REFERRAL: 10,
  ADMIN: 20,
  PLAN: 50,
  PURCHASE: 60,
};

/** Granted credits that earn something burn with the paid ones, whoever gave them. */
const PAID_PRIORITY = 50;

/**
 * One column of a batch as a Postgres array. The drivers' own way of writing arrays takes twice as long, and a batch has
 * fifty of them.
 */
function column<Item>(
  items: readonly Item[],
  read: (item: Item) => string | number | bigint | boolean | null,
): string {
  let text = '';
  for (const item of items) {
    const value = read(item);
    if (text) text += ',';
    if (typeof value !== 'string') text += value;
    else text += /["\\]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : `"${value}"`;
  }
  return `{${text}}`;
}

/** A question of so many parameters. */
const call = (name: string, parameters: number) =>
  `SELECT * FROM ${name}(${Array.from({ length: parameters }, (_, index) => `$${index + 1}`).join(', ')})`;
const RESERVE = call('ledger_reserve', 23);
const SETTLE = call('ledger_settle', 35);

interface ReserveRow {
  readonly outcome: string;
  readonly generation_id: string;
  readonly available: number;
  readonly tier: Tier;
  readonly country: string | null;
  readonly plan: string | null;
  readonly scope: BudgetScope | null;
  readonly resets_at: Date | null;
  readonly reason: string | null;
  readonly served_by: string | null;
}

function readReserve(row: ReserveRow, at: Date): ReserveOutcome {
  switch (row.outcome) {
    // A batch that was sent again may find its own reservations: they are as good as new.
    case 'RESERVED':
    case 'EXISTING':
      return {
        status: 'reserved',
        at,
        available: row.available,
        tier: row.tier,
        country: row.country,
        planId: row.plan,
        servedById: row.served_by,
      };
    case 'REPLAY':
      return { status: 'replay', generationId: row.generation_id };
    case 'CONFLICT':
      return { status: 'conflict' };
    case 'ACCOUNT_NOT_FOUND':
      return { status: 'account-not-found' };
    case 'ACCOUNT_BARRED':
      return { status: 'account-barred', reason: row.reason ?? '' };
    case 'SHUTDOWN':
      return { status: 'shutdown', reason: row.reason, resetsAt: row.resets_at };
    case 'INSUFFICIENT_CREDITS':
      return { status: 'insufficient-credits', available: row.available };
    case 'BUDGET_EXCEEDED':
      if (row.scope && row.resets_at)
        return { status: 'budget-exceeded', scope: row.scope, resetsAt: row.resets_at };
  }
  throw new Error(`ledger_reserve answered ${row.outcome}, which this version does not know.`);
}

/** Sets credits and money aside for a batch of calls. */
export async function reserve(
  sql: Sql,
  now: Date,
  processId: string,
  items: readonly ReserveItem[],
  retry: boolean,
): Promise<ReserveOutcome[]> {
  const rows = await sql.query<ReserveRow>(
    RESERVE,
    [
      now,
      processId,
      retry,
      column(items, (item) => item.id),
      column(items, (item) => item.accountId),
      column(items, (item) => item.credits),
      column(items, (item) => item.ceilingMicros),
      column(items, (item) => item.namespace),
      column(items, (item) => item.key),
      column(items, (item) => item.inputHash),
      column(items, (item) => item.provider),
      column(items, (item) => item.operation),
      column(items, (item) => item.model),
      column(items, (item) => item.prompt),
      column(items, (item) => JSON.stringify(item.request)),
      column(items, (item) => item.modelCostId),
      column(items, (item) => item.modelPriceId),
      column(items, (item) => item.quoteId),
      column(items, (item) => item.sent()),
      column(items, (item) => item.expiresAt.toISOString()),
      column(items, (item) => item.cacheKey),
      column(items, (item) => item.cacheSince?.toISOString() ?? null),
      column(items, (item) => item.servedById),
    ],
    'ledger_reserve',
  );
  // The function has looked again for what may serve, which may be another by now, or the generation itself.
  const existing = rows.flatMap(({ outcome }, index) =>
    outcome === 'EXISTING' ? (items[index]?.id ?? []) : [],
  );
  const kept = existing.length > 0 ? await readServers(sql, existing) : new Map<string, string | null>();
  return rows.map((row, index) => {
    const served_by = kept.get(items[index]?.id ?? '');
    return readReserve(served_by === undefined ? row : { ...row, served_by }, now);
  });
}

/** By which generation each of these is served; null for one that is made. */
async function readServers(sql: Sql, ids: readonly string[]): Promise<Map<string, string | null>> {
  const rows = await sql.query<{ id: string; served_by: string | null }>(
    'SELECT id, served_by_id AS served_by FROM generation WHERE id = ANY ($1::uuid[])',
    [ids],
  );
  return new Map(rows.map(({ id, served_by }) => [id, served_by]));
}

interface SettleRow {
  readonly outcome: keyof typeof SETTLE_STATUS;
  readonly account_id: string | null;
  readonly credits_charged: number;
  readonly cost_micros: bigint;
  readonly revenue_micros: bigint;
  readonly posted: number;
  readonly reserved: number;
}

const SETTLE_STATUS = {
  SETTLED: 'settled',
  LATE: 'late',
  ALREADY: 'already',
  FOLLOWED: 'followed',
  NOT_FOUND: 'not-found',
} as const;

/** Ends a batch of reservations and books their attempts. */
export async function settle(sql: Sql, now: Date, items: readonly SettleItem[]): Promise<SettleOutcome[]> {
  // Attempts and outputs of all items, each beside the number of its item.
  const attempts = items.flatMap((item) => item.attempts);
  const outputs = items.flatMap((item) => item.outputs);
  const numbers = (of: (item: SettleItem) => readonly unknown[]) =>
    column(
      items.flatMap((item, index) => of(item).map(() => index + 1)),
      (number) => number,
    );
  const answer = await sql.query<SettleRow>(
    SETTLE,
    [
      now,
      column(items, (item) => item.generationId),
      column(items, (item) => item.action),
      column(items, (item) => item.credits),
      column(items, (item) => item.status),
      column(items, (item) => item.attempts.at(-1)?.provider ?? null),
      column(items, (item) => item.attempts.at(-1)?.model ?? null),
      column(items, (item) => item.failure?.code ?? null),
      column(items, (item) => item.failure?.message ?? null),
      column(items, (item) => item.failure?.retryable ?? null),
      column(items, (item) => item.failure?.retryAfterSeconds ?? null),
      column(items, (item) => item.attemptNumber ?? null),
      column(items, (item) => item.attempts.at(-1)?.costSource === 'cache'),
      numbers((item) => item.attempts),
      column(attempts, (attempt) => attempt.number),
      column(attempts, (attempt) => attempt.provider),
      column(attempts, (attempt) => attempt.model),
      column(attempts, (attempt) => attempt.outcome),
      column(attempts, (attempt) => attempt.costMicros),
      column(attempts, (attempt) => attempt.costSource),
      column(attempts, (attempt) => attempt.modelCostId),
      column(attempts, (attempt) => attempt.durationMs),
      column(attempts, (attempt) => attempt.jobId),
      column(attempts, (attempt) => attempt.error),
      column(attempts, (attempt) => attempt.startedAt.toISOString()),
      column(attempts, (attempt) => attempt.final),
      numbers((item) => item.outputs),
      column(outputs, (output) => output.id),
      column(outputs, (output) => output.position),
      column(outputs, (output) => output.sha256),
      column(outputs, (output) => output.contentType),
      column(outputs, (output) => output.bytes),
      column(outputs, (output) => output.width),
      column(outputs, (output) => output.height),
      column(outputs, (output) => output.durationSeconds),
    ],
    'ledger_settle',
  );
  return answer.map((row) => ({
    status: SETTLE_STATUS[row.outcome],
    at: now,
    accountId: row.account_id,
    creditsCharged: row.credits_charged ?? 0,
    costMicros: row.cost_micros ?? 0n,
    revenueMicros: row.revenue_micros ?? 0n,
    balance: readBalance(row),
  }));
}

function readBalance(row: { readonly posted: number | null; readonly reserved: number | null }): Balance {
  const posted = row.posted ?? 0;
  const reserved = row.reserved ?? 0;
  return { posted, reserved, available: posted - reserved };
}

/** Gives credits, once under a key. */
export async function grant(sql: Sql, now: Date, id: string, item: GrantItem): Promise<GrantOutcome> {
  const priority =
    item.revenueMicros > 0n ? Math.max(PRIORITY[item.source], PAID_PRIORITY) : PRIORITY[item.source];
  const [row] = await sql.query<{ outcome: string; grant_id: string; posted: number; reserved: number }>(
    'SELECT * FROM ledger_grant($1, $2, $3, $4, $5, $6, $7::grant_source, $8, $9, $10, $11, $12, $13, $14)',
    [
      now,
      id,
      item.accountId,
      item.namespace,
      item.key,
      item.inputHash,
      item.source,
      item.credits,
      item.revenueMicros.toString(),
      priority,
      item.expiresAt,
      item.reason,
      item.actor,
      item.effectiveAt ?? null,
    ],
  );
  switch (row?.outcome) {
    case 'GRANTED':
      return { status: 'granted', grantId: row.grant_id, balance: readBalance(row) };
    case 'REPLAY':
      return { status: 'replay', grantId: row.grant_id, balance: readBalance(row) };
    case 'CONFLICT':
      return { status: 'conflict' };
    case 'ACCOUNT_NOT_FOUND':
      return { status: 'account-not-found' };
    case 'TOO_MANY':
      return { status: 'too-many' };
  }
  throw new Error(`ledger_grant answered ${row?.outcome}, which this version does not know.`);
}

/** An account's balance, and whether time has something to do to it first. */
export async function readAccountBalance(
  sql: Sql,
  now: Date,
  accountId: string,
): Promise<{ balance: Balance; due: boolean } | null> {
  const [row] = await sql.query<{ posted: number; reserved: number; due: boolean }>(
    'SELECT posted, reserved, refresh_is_due(a, $1) AS due FROM account a WHERE id = $2',
    [now, accountId],
  );
  return row ? { balance: readBalance(row), due: row.due } : null;
}

const REVOKE_OUTCOME = {
  CONFLICT: 'conflict',
  GRANT_NOT_FOUND: 'grant-not-found',
  NOTHING_LEFT: 'nothing-left',
} as const;

/** Takes back what is left of a grant; see credits_revoke. */
export async function revoke(sql: Sql, now: Date, id: string, item: RevokeItem): Promise<RevokeOutcome> {
  const [row] = await sql.query<{ outcome: string; revocation_id: string | null }>(
    'SELECT * FROM credits_revoke($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    [now, id, item.namespace, item.key, item.inputHash, item.grantId, item.credits, item.reason, item.actor],
  );
  if (!row) throw new Error('credits_revoke answered nothing.');
  if (row.outcome in REVOKE_OUTCOME) {
    return { status: REVOKE_OUTCOME[row.outcome as keyof typeof REVOKE_OUTCOME] };
  }
  const [revocation] = await sql.query<Revocation>(
    `SELECT id, grant_id AS "grantId", account_id AS "accountId", credits, revoked, pending, reason, created_at AS at
    FROM revocation WHERE id = $1`,
    [row.revocation_id],
  );
  if (!revocation) throw new Error(`The revocation ${row.revocation_id} is not there.`);
  return { status: row.outcome === 'REPLAY' ? 'replay' : 'revoked', revocation };
}

/** What revoking at most so many credits of a grant would take now: what ledger_take_back reckons; null without such a grant. */
export async function previewRevocation(
  sql: Sql,
  now: Date,
  grantId: string,
  credits: number,
): Promise<RevocationPreview | null> {
  const [row] = await sql.query<{ take: number; wait: number; unearned: bigint; waiting: bigint }>(
    `SELECT t.take, w.wait,
      earned(g.revenue_micros, g.credits, t.gone + t.take) - earned(g.revenue_micros, g.credits, t.gone) AS unearned,
      earned(g.revenue_micros, g.credits, t.gone + t.take + w.wait) - earned(g.revenue_micros, g.credits, t.gone + t.take) AS waiting
    FROM "grant" g
    CROSS JOIN LATERAL (SELECT g.used + g.expired + g.revoked AS gone,
      CASE WHEN g.expires_at <= $1 THEN 0 ELSE least($3::int, g.credits - g.used - g.expired - g.revoked - g.reserved) END AS take) t
    CROSS JOIN LATERAL (SELECT least($3::int - t.take, g.reserved - g.revoke_pending) AS wait) w
    WHERE g.id = $2`,
    [now, grantId, credits],
  );
  return row
    ? {
        grantId,
        revoked: row.take,
        pending: row.wait,
        unearnedMicros: row.unearned,
        pendingMicros: row.waiting,
      }
    : null;
}

/** Expires grants and gives free credits of these accounts, as far as the clock calls for it. */
export async function touch(sql: Sql, now: Date, accountIds: readonly string[]): Promise<void> {
  await sql.query('SELECT ledger_touch($1, $2::uuid[])', [now, accountIds]);
}

/** Accounts of which a grant has expired. Free credits are not looked for: they come when an account is used. */
export async function findExpired(sql: Sql, now: Date, limit: number): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    'SELECT id FROM account WHERE next_expiry_at <= $1 ORDER BY next_expiry_at LIMIT $2',
    [now, limit],
  );
  return rows.map((row) => row.id);
}

/** A queued call that is about to go out. */
export interface Sending {
  readonly generationId: string;
  /** When it is given up, should nobody resolve it. */
  readonly expiresAt: Date;
}

/**
 * Says that queued calls now go out, before they do: what was sent may be billed. From here on the process that says so
 * answers for them. Reservations are locked first and in order, as everywhere, so that this and a settling batch never
 * wait for each other.
 *
 * @param retry the batch may have been committed before (its connection broke): what this process had sent then counts.
 * @returns for each call whether it may go: false once its reservation has ended, or another process has sent it.
 */
export async function markSent(
  sql: Sql,
  now: Date,
  processId: string,
  items: readonly Sending[],
  retry: boolean,
): Promise<boolean[]> {
  const rows = await sql.query<{ id: string }>(
    `WITH item AS (SELECT * FROM jsonb_to_recordset($3) AS x("generationId" uuid, "expiresAt" timestamptz)
    ), pending AS MATERIALIZED (
      SELECT r.id FROM reservation r WHERE r.id IN (SELECT item."generationId" FROM item) AND r.status = 'PENDING'
        ORDER BY r.id FOR NO KEY UPDATE
    ), sent AS (
      UPDATE generation g SET sent_at = $1, status = 'RUNNING' FROM pending
        WHERE g.id = pending.id AND g.status = 'QUEUED' AND g.cancel_requested_at IS NULL RETURNING g.id
    ), owned AS (
      UPDATE reservation r SET process_id = $2, expires_at = item."expiresAt"
        FROM sent JOIN item ON item."generationId" = sent.id WHERE r.id = sent.id RETURNING r.id
    ), again AS (
      UPDATE reservation r SET expires_at = item."expiresAt"
        FROM pending JOIN item ON item."generationId" = pending.id JOIN generation g ON g.id = pending.id
        WHERE r.id = pending.id AND $4 AND r.process_id = $2 AND g.sent_at IS NOT NULL AND g.job_id IS NULL RETURNING r.id
    )
    SELECT owned.id FROM owned UNION ALL SELECT again.id FROM again`,
    [now, processId, JSON.stringify(items), retry],
  );
  const sent = new Set(rows.map((row) => row.id));
  return items.map((item) => sent.has(item.generationId));
}

/** What a vendor calls a job that it has just taken. */
export interface JobItem {
  readonly generationId: string;
  /** The attempt that became the job. */
  readonly number: number;
  readonly jobId: string;
  readonly expiresAt: Date;
}

/**
 * Keeps what vendors call their jobs, and gives the reservations the time that such jobs take. Reservations are locked
 * first and in order; see {@link markSent}.
 *
 * @returns for each job whether its customer has given it up meanwhile.
 */
export async function recordJobs(sql: Sql, jobs: readonly JobItem[]): Promise<boolean[]> {
  const rows = await sql.query<{ id: string; canceled: boolean }>(
    `WITH jobs AS (SELECT * FROM jsonb_to_recordset($1) AS x("generationId" uuid, number int, "jobId" text, "expiresAt" timestamptz)),
      locked AS MATERIALIZED (SELECT r.id FROM reservation r WHERE r.id IN (SELECT jobs."generationId" FROM jobs)
        ORDER BY r.id FOR NO KEY UPDATE),
      extended AS (UPDATE reservation r SET expires_at = greatest(r.expires_at, jobs."expiresAt")
        FROM locked JOIN jobs ON jobs."generationId" = locked.id WHERE r.id = locked.id AND r.status = 'PENDING')
    UPDATE generation g SET job_id = jobs."jobId" FROM locked JOIN jobs ON jobs."generationId" = locked.id
      WHERE g.id = locked.id AND g.attempt_number = jobs.number
      RETURNING g.id, g.cancel_requested_at IS NOT NULL AS canceled`,
    [JSON.stringify(jobs)],
  );
  const canceled = new Set(rows.filter((row) => row.canceled).map((row) => row.id));
  return jobs.map((job) => canceled.has(job.generationId));
}

/** Another call for a generation whose last one made nothing. */
export interface RerouteItem {
  readonly generationId: string;
  /** Booked with it. Its number says which attempt the caller takes for the last. */
  readonly failed: AttemptRecord;
  readonly provider: string;
  readonly model: string;
  readonly modelCostId: string;
  /** The most that the new provider may bill. */
  readonly ceilingMicros: bigint;
  readonly expiresAt: Date;
}

export type RerouteOutcome = 'rerouted' | 'stale' | 'shutdown' | 'budget-exceeded';

const REROUTE_OUTCOME: Record<string, RerouteOutcome> = {
  REROUTED: 'rerouted',
  STALE: 'stale',
  SHUTDOWN: 'shutdown',
  BUDGET_EXCEEDED: 'budget-exceeded',
};

/**
 * Sends a generation on to another provider. What is not `rerouted` is to be rolled back.
 *
 * @param retry it may have been committed before (its connection broke): what this process has sent on then counts.
 */
export async function reroute(
  sql: Sql,
  now: Date,
  processId: string,
  item: RerouteItem,
  retry: boolean,
): Promise<RerouteOutcome> {
  const [row] = await sql.query<{ outcome: string }>(
    'SELECT ledger_reroute($1, $2, $3, $4, $5, $6, $7, $8, $9) AS outcome',
    [
      now,
      processId,
      item.generationId,
      JSON.stringify({ ...item.failed, cost: item.failed.costMicros.toString(), costMicros: undefined }),
      item.provider,
      item.model,
      item.modelCostId,
      item.ceilingMicros.toString(),
      item.expiresAt,
    ],
  );
  const outcome = REROUTE_OUTCOME[row?.outcome ?? ''];
  if (!outcome) throw new Error(`ledger_reroute answered ${row?.outcome}, which this version does not know.`);
  if (outcome !== 'stale' || !retry) return outcome;
  const own = await sql.query(
    `UPDATE reservation r SET expires_at = $5 FROM generation g
    WHERE g.id = $1 AND r.id = g.id AND g.attempt_number = $2 AND g.model = $3 AND g.job_id IS NULL AND r.status = 'PENDING'
      AND r.process_id = $4 RETURNING r.id`,
    [item.generationId, item.failed.number + 1, item.model, processId, item.expiresAt],
  );
  return own.length > 0 ? 'rerouted' : 'stale';
}

/** Keeps that a customer has given a generation up. False when it has ended already, or there is none. */
export async function requestCancel(sql: Sql, now: Date, generationId: string): Promise<boolean> {
  const rows = await sql.query(
    `UPDATE generation SET cancel_requested_at = coalesce(cancel_requested_at, $1) WHERE id = $2 AND completed_at IS NULL RETURNING id`,
    [now, generationId],
  );
  return rows.length > 0;
}

/** A pending reservation whose process has stopped, or whose time is over. */
export interface Orphan {
  readonly generationId: string;
  readonly operation: Operation;
  /** As its request says; `NORMAL` when it says nothing. */
  readonly priority: 'NORMAL' | 'LOW';
  /** Whether it was to be served by an identical one. */
  readonly follows: boolean;
  readonly sentAt: Date | null;
  readonly jobId: string | null;
}

/**
 * Takes over pending reservations that nobody answers for any more, at most `limit` at once: those of processes
 * whose heart stopped before `aliveSince`, and those whose time is over. Two sweepers never get the same one.
 *
 * @param aliveSince null when nothing can be said of other processes by their silence: then only what is this process's own, or
 *   of one that has ended in good order, is taken.
 */
export async function adoptOrphans(
  sql: Sql,
  now: Date,
  processId: string,
  aliveSince: Date | null,
  limit: number,
): Promise<Orphan[]> {
  return sql.query<Orphan>(
    `WITH orphan AS (
      SELECT r.id FROM reservation r
      WHERE r.status = 'PENDING' AND ((r.expires_at <= $1 AND (r.process_id = $2 OR $3::timestamptz IS NOT NULL))
        OR (r.process_id <> $2 AND NOT EXISTS (SELECT 1 FROM server_process p
          WHERE p.id = r.process_id AND p.stopped_at IS NULL AND ($3 IS NULL OR p.heartbeat_at > $3))))
      ORDER BY r.expires_at LIMIT $4 FOR UPDATE OF r SKIP LOCKED
    ), adopted AS (
      UPDATE reservation r SET process_id = $2,
        expires_at = greatest(r.expires_at, $1::timestamptz + CASE WHEN gen.job_id IS NULL THEN interval '1 minute' ELSE interval '25 minutes' END)
      FROM orphan JOIN generation gen ON gen.id = orphan.id WHERE r.id = orphan.id
      RETURNING r.id
    )
    SELECT a.id AS "generationId", g.operation, coalesce(g.request->>'priority', 'NORMAL') AS priority,
      g.served_by_id IS NOT NULL AS follows, g.sent_at AS "sentAt", g.job_id AS "jobId"
    FROM adopted a JOIN generation g ON g.id = a.id`,
    [now, processId, aliveSince, limit],
  );
}

/** A reservation that its process leaves to whoever sweeps next. */
export interface Abandoned {
  readonly generationId: string;
  /** Nothing has gone out for it, though it may stand as sent; else one that has been sent meanwhile is left alone. */
  readonly isUnsent: boolean;
}

/** Leaves pending reservations of a process to whoever sweeps next, as not sent; those that are not there are none. */
export async function abandon(
  sql: Sql,
  now: Date,
  processId: string,
  items: readonly Abandoned[],
): Promise<void> {
  await sql.query(
    `WITH item AS (SELECT * FROM jsonb_to_recordset($3) AS x("generationId" uuid, "isUnsent" boolean)
    ), pending AS MATERIALIZED (
      SELECT r.id FROM reservation r JOIN item ON item."generationId" = r.id JOIN generation g ON g.id = r.id
        WHERE r.process_id = $2 AND r.status = 'PENDING' AND g.job_id IS NULL AND (item."isUnsent" OR g.sent_at IS NULL)
        ORDER BY r.id FOR NO KEY UPDATE OF r
    ), unsent AS (
      UPDATE generation g SET sent_at = NULL, status = 'QUEUED' FROM pending WHERE g.id = pending.id
    )
    UPDATE reservation r SET expires_at = $1 FROM pending WHERE r.id = pending.id`,
    [now, processId, JSON.stringify(items)],
  );
}

/** Says that a process is alive. */
export async function beat(sql: Sql, now: Date, processId: string): Promise<void> {
  await sql.query(
    `INSERT INTO server_process (id, started_at, heartbeat_at) VALUES ($1, $2, $2)
    ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`,
    [processId, now],
  );
}

/** Says that a process has ended in good order. */
export async function stopBeating(sql: Sql, now: Date, processId: string): Promise<void> {
  await sql.query('UPDATE server_process SET stopped_at = $2 WHERE id = $1', [processId, now]);
}

/** Says that no other process uses this database: the embedded one belongs to a single process at a time. */
export async function stopOtherProcesses(sql: Sql, now: Date, processId: string): Promise<void> {
  await sql.query('UPDATE server_process SET stopped_at = $2 WHERE id <> $1 AND stopped_at IS NULL', [
    processId,
    now,
  ]);
}
