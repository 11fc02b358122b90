/** All SQL of the generation room; what money does is the ledger's. */
import type { Sql } from '../database/index.ts';
import type { OutputRecord } from '../ledger/index.ts';
import type { GenerationRecord, OutputFile } from './index.ts';

const COLUMNS = `g.id, g.account_id AS "accountId", g.operation, g.status, g.provider, g.model, g.prompt, g.request, g.tier,
  g.country, g.credits_reserved AS "creditsReserved", g.credits_charged AS "creditsCharged", g.cached,
  g.cost_micros AS "costMicros", g.revenue_micros AS "revenueMicros", g.model_cost_id AS "modelCostId",
  g.model_price_id AS "modelPriceId", g.quote_id AS "quoteId", g.sent_at AS "sentAt", g.job_id AS "jobId",
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
