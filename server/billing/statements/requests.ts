/** What Stripe is asked to do, each under a key. */
import type { Sql } from '../../database/index.ts';

/** What Stripe is asked to do. */
export type RequestKind = 'CHECKOUT' | 'CHANGE_PLAN' | 'CANCEL_SUBSCRIPTION' | 'REFUND' | 'CHARGE';

/** What was asked under a key. */
export interface RequestRow<Input, Result> {
  readonly id: string;
  readonly input: Input;
  readonly result: Result | null;
}

/** Claims a key. `new` keeps what is asked; `replay` gives what was asked the first time; `conflict` changes nothing. */
export async function claimRequest<Input, Result>(
  sql: Sql,
  now: Date,
  given: {
    readonly id: string;
    readonly namespace: string;
    readonly key: string;
    readonly hash: string;
    readonly kind: RequestKind;
    readonly accountId: string;
    readonly input: Input;
  },
): Promise<
  | { readonly outcome: 'new' | 'replay'; readonly request: RequestRow<Input, Result> }
  | { readonly outcome: 'conflict' }
> {
  const [claim] = await sql.query<{ outcome: string; result_id: string }>(
    'SELECT outcome, result_id FROM idempotency_claim($1, $2, $3, $4, $5, $6)',
    [now, given.namespace, given.key, given.kind, given.hash, given.id],
  );
  if (!claim || claim.outcome === 'CONFLICT') return { outcome: 'conflict' };
  if (claim.outcome === 'NEW') {
    await sql.query(
      `INSERT INTO billing_request (id, kind, account_id, input, created_at) VALUES ($1, $2::billing_request_kind, $3, $4, $5)`,
      [given.id, given.kind, given.accountId, JSON.stringify(given.input), now],
    );
    return { outcome: 'new', request: { id: given.id, input: given.input, result: null } };
  }
  const [request] = await sql.query<RequestRow<Input, Result>>(
    'SELECT id, input, result FROM billing_request WHERE id = $1',
    [claim.result_id],
  );
  if (!request) throw new Error(`The key of request ${claim.result_id} is there, and the request is not.`);
  return { outcome: 'replay', request };
}

/** Adds to what is asked, and gives all of it. What has been kept already stays. */
export async function completeRequest<Input>(sql: Sql, id: string, more: Partial<Input>): Promise<Input> {
  const [row] = await sql.query<{ input: Input }>(
    'UPDATE billing_request SET input = $2::jsonb || input WHERE id = $1 RETURNING input',
    [id, JSON.stringify(more)],
  );
  if (!row) throw new Error(`The request ${id} is gone.`);
  return row.input;
}

/** Keeps what came of a request. */
export async function finishRequest(sql: Sql, id: string, result: unknown): Promise<void> {
  await sql.query('UPDATE billing_request SET result = $2 WHERE id = $1', [id, JSON.stringify(result)]);
}

/** Forgets a request that Stripe refused, so that its key can be used again. */
export async function dropRequest(sql: Sql, id: string): Promise<void> {
  await sql.query(
    'DELETE FROM idempotency_record WHERE result_id = $1 AND operation IN (SELECT kind::text FROM billing_request WHERE id = $1)',
    [id],
  );
  await sql.query('DELETE FROM billing_request WHERE id = $1', [id]);
}
