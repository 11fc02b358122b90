/** All SQL of the generation room; what money does is the ledger's. */
import type { Sql } from '../database/index.ts';
import type { OutputRecord } from '../ledger/index.ts';
import type { GenerationRecord, OutputFile, Work } from './record.ts';

const COLUMNS = `g.id, g.account_id AS "accountId", g.operation, g.status, g.provider, g.model, g.prompt, g.request, g.tier,
  g.country, g.plan_id AS "planId", g.credits_reserved AS "creditsReserved", g.credits_charged AS "creditsCharged", g.cached,
  g.cost_micros AS "costMicros", g.revenue_micros AS "revenueMicros", g.model_cost_id AS "modelCostId",
  g.model_price_id AS "modelPriceId", g.quote_id AS "quoteId", g.sent_at AS "sentAt", g.job_id AS "jobId",
  g.attempt_number AS "attemptNumber", g.progress, g.cancel_requested_at AS "cancelRequestedAt",
  g.cache_key AS "cacheKey", g.served_by_id AS "servedById", g.input_sha256 AS "inputSha256",
  g.failure_code AS "failureCode", g.failure_message AS "failureMessage", g.failure_retryable AS "failureRetryable",
  g.retry_after_seconds AS "retryAfterSeconds", g.created_at AS "createdAt", g.completed_at AS "completedAt"`;

/** One generation with its outputs, or null. */
export async function readGeneration(sql: Sql, id: string): Promise<GenerationRecord | null> {
  const [row] = await sql.query<Omit<GenerationRecord, 'outputs'>>(
    `SELECT ${COLUMNS} FROM generation g WHERE g.id = $1`,
    [id],
  );
  if (!row) return null;
  return { ...row, outputs: (await readOutputs(sql, [id])).get(id) ?? [] };
}

type WorkRow = Omit<GenerationRecord, 'outputs'> & { ceilingMicros: bigint };

/** A generation to go on with, or null. What has ended is told without its outputs. */
export async function readWork(sql: Sql, id: string): Promise<Work | null> {
  const [row] = await sql.query<WorkRow>(
    `SELECT ${COLUMNS}, r.ceiling_micros AS "ceilingMicros" FROM generation g JOIN reservation r ON r.id = g.id WHERE g.id = $1`,
    [id],
  );
  return row ? workOf(row) : null;
}

/** The generation whose job a provider calls so, or null. */
export async function readWorkByJob(sql: Sql, provider: string, jobId: string): Promise<Work | null> {
  const [row] = await sql.query<WorkRow>(
    `SELECT ${COLUMNS}, r.ceiling_micros AS "ceilingMicros" FROM generation g JOIN reservation r ON r.id = g.id
    WHERE g.job_id = $2 AND g.provider = $1 ORDER BY g.id DESC LIMIT 1`,
    [provider, jobId],
  );
  return row ? workOf(row) : null;
}

function workOf({ ceilingMicros, ...row }: WorkRow): Work {
  return { ceilingMicros, record: { ...row, outputs: [] } };
}

/** Keeps which file a request named by its URL when it was fetched. */
export async function writeInput(sql: Sql, id: string, sha256: string): Promise<void> {
  await sql.query('UPDATE generation SET input_sha256 = $2 WHERE id = $1', [id, sha256]);
}

/** What is booked of an attempt, or undefined. */
export async function readBooked(
  sql: Sql,
  id: string,
  number: number,
): Promise<{ costMicros: bigint; costSource: string } | undefined> {
  const [row] = await sql.query<{ costMicros: bigint; costSource: string }>(
    `SELECT cost_micros AS "costMicros", cost_source AS "costSource" FROM attempt WHERE generation_id = $1 AND number = $2`,
    [id, number],
  );
  return row;
}

/** The providers whose attempts at a generation have ended. */
export async function readTried(sql: Sql, id: string): Promise<string[]> {
  const rows = await sql.query<{ provider: string }>(
    'SELECT provider FROM attempt WHERE generation_id = $1',
    [id],
  );
  return rows.map((row) => row.provider);
}

/** Keeps how far a job is. False when it is over, or another has followed it. */
export async function writeProgress(sql: Sql, id: string, jobId: string, progress: number): Promise<boolean> {
  const rows = await sql.query(
    'UPDATE generation SET progress = $3 WHERE id = $1 AND job_id = $2 AND completed_at IS NULL RETURNING id',
    [id, jobId, progress],
  );
  return rows.length > 0;
}

/** Outputs of several generations, in order, by generation. */
export async function readOutputs(sql: Sql, ids: readonly string[]): Promise<Map<string, OutputRecord[]>> {
  const rows = await sql.query<OutputRecord & { generationId: string }>(
    `SELECT o.id, o.generation_id AS "generationId", o.position, o.sha256, o.content_type AS "contentType", o.bytes, o.width,
      o.height, o.duration_seconds AS "durationSeconds", o.revoked_at AS "revokedAt", o.expired_at AS "expiredAt"
    FROM output o WHERE o.generation_id = ANY ($1::uuid[]) ORDER BY o.generation_id, o.position`,
    [ids],
  );
  const found = new Map<string, OutputRecord[]>();
  for (const row of rows) {
    const list = found.get(row.generationId);
    if (list) list.push(row);
    else found.set(row.generationId, [row]);
  }
  return found;
}

/** A stored file by the id in its link, or null. */
export async function readOutput(sql: Sql, id: string): Promise<OutputFile | null> {
  const [row] = await sql.query<OutputFile>(
    `SELECT sha256, content_type AS "contentType", bytes, revoked_at AS "revokedAt", expired_at AS "expiredAt"
    FROM output WHERE id = $1`,
    [id],
  );
  return row ?? null;
}

/** What a key was used for before, or null. */
export async function readIdempotency(
  sql: Sql,
  namespace: string,
  key: string,
): Promise<{ inputHash: string; resultId: string } | null> {
  const [row] = await sql.query<{ inputHash: string; resultId: string }>(
    `SELECT input_hash AS "inputHash", result_id AS "resultId" FROM idempotency_record WHERE namespace = $1 AND key = $2`,
    [namespace, key],
  );
  return row ?? null;
}
