/** All SQL of the reconciliation room. What books is a function in the database. */
import type { Sql } from '../database/index.ts';
import type { Micros } from '../money.ts';
import type { Operation } from '../providers/index.ts';

/** A model that a provider's bill may be about. */
export interface KnownModel {
  readonly id: string;
  readonly vendorModel: string;
  readonly operation: Operation;
}

/** The models of a provider in the catalogue. */
export async function knownModels(sql: Sql, provider: string): Promise<KnownModel[]> {
  const rows = await sql.query<{ id: string; vendor_model: string; operation: Operation }>(
    'SELECT id, vendor_model, operation FROM catalog_model WHERE provider = $1 ORDER BY id',
    [provider],
  );
  return rows.map((row) => ({ id: row.id, vendorModel: row.vendor_model, operation: row.operation }));
}

/** What is booked of a model on a day. */
export interface Booked {
  readonly day: Date;
  readonly model: string;
  /** That of most of the cost. */
  readonly operation: Operation;
  readonly calls: number;
  readonly costMicros: Micros;
}

/** What is booked of a provider, by days of UTC and models; earlier adjustments count. */
export async function bookedByDay(sql: Sql, provider: string, from: Date, to: Date): Promise<Booked[]> {
  const rows = await sql.query<{
    day: Date;
    model: string;
    operation: Operation;
    calls: bigint;
    cost_micros: bigint;
  }>(
    `SELECT at AS day, model, (array_agg(operation ORDER BY cost_micros DESC))[1] AS operation, sum(calls)::bigint AS calls,
      sum(cost_micros)::bigint AS cost_micros
    FROM model_summary WHERE grain = 'DAY' AND at >= $2 AND at < $3 AND provider = $1
    GROUP BY 1, 2 ORDER BY 1, 2`,
    [provider, from, to],
  );
  return rows.map((row) => ({
    day: row.day,
    model: row.model,
    operation: row.operation,
    calls: Number(row.calls),
    costMicros: row.cost_micros,
  }));
}

/** What is to be booked of one model and day. */
export interface ToBook {
  readonly id: string;
  readonly day: Date;
  readonly model: string;
  readonly operation: Operation;
  readonly billedMicros: Micros;
}

/** An adjustment that is booked. */
export interface Adjustment {
  readonly id: string;
  readonly day: Date;
  readonly provider: string;
  readonly model: string;
  readonly operation: Operation;
  readonly billedMicros: Micros;
  readonly bookedMicros: Micros;
  readonly amountMicros: Micros;
  readonly reason: string;
  readonly billSha256: string;
  readonly actor: string;
  readonly createdAt: Date;
}

interface AdjustmentRow {
  readonly id: string;
  readonly day: Date;
  readonly provider: string;
  readonly model: string;
  readonly operation: Operation;
  readonly billed_micros: bigint;
  readonly booked_micros: bigint;
  readonly amount_micros: bigint;
  readonly reason: string;
  readonly bill_sha256: string;
  readonly actor: string;
  readonly created_at: Date;
}

const readAdjustment = (row: AdjustmentRow): Adjustment => ({
  id: row.id,
  day: row.day,
  provider: row.provider,
  model: row.model,
  operation: row.operation,
  billedMicros: row.billed_micros,
  bookedMicros: row.booked_micros,
  amountMicros: row.amount_micros,
  reason: row.reason,
  billSha256: row.bill_sha256,
  actor: row.actor,
  createdAt: row.created_at,
});

/** Books differences in one transaction; see adjustment_book. Gives those that were booked. */
export async function book(
  sql: Sql,
  now: Date,
  bill: {
    readonly sha256: string;
    readonly provider: string;
    readonly reason: string;
    readonly actor: string;
  },
  lines: readonly ToBook[],
): Promise<Adjustment[]> {
  const rows = await sql.query<AdjustmentRow>(
    `SELECT * FROM adjustment_book($1, $2, $3, $4, $5, $6::uuid[], $7::timestamptz[], $8::text[], $9::operation[], $10::bigint[])
    ORDER BY day, model`,
    [
      now,
      bill.actor,
      bill.reason,
      bill.sha256,
      bill.provider,
      lines.map(({ id }) => id),
      lines.map(({ day }) => day.toISOString()),
      lines.map(({ model }) => model),
      lines.map(({ operation }) => operation),
      lines.map(({ billedMicros }) => String(billedMicros)),
    ],
  );
  return rows.map(readAdjustment);
}

/** Adjustments of a range of days, the newest day first. */
export async function readAdjustments(sql: Sql, from: Date, to: Date, limit: number): Promise<Adjustment[]> {
  const rows = await sql.query<AdjustmentRow>(
    'SELECT * FROM cost_adjustment WHERE day >= $1 AND day < $2 ORDER BY day DESC, model LIMIT $3',
    [from, to, limit],
  );
  return rows.map(readAdjustment);
}

/** Adjustments by their ids. */
export async function readAdjustmentsById(sql: Sql, ids: readonly string[]): Promise<Adjustment[]> {
  const rows = await sql.query<AdjustmentRow>('SELECT * FROM cost_adjustment WHERE id = ANY ($1::uuid[])', [
    `{${ids.join(',')}}`,
  ]);
  return rows.map(readAdjustment);
}

/** A bill whose differences were booked, at one time. */
export interface BookedBill {
  /** That of its first adjustment: later ones are greater. */
  readonly id: string;
  readonly provider: string;
  readonly billSha256: string;
  /** The first and the last day of UTC on which it differed. */
  readonly firstDay: Date;
  readonly lastDay: Date;
  /** Of those lines that differed. */
  readonly billedMicros: Micros;
  readonly bookedMicros: Micros;
  readonly amountMicros: Micros;
  /** By day and model. */
  readonly adjustmentIds: readonly string[];
  readonly reason: string;
  readonly actor: string;
  readonly createdAt: Date;
}

/** Which booked bills are asked for. */
export interface BookedBillsQuestion {
  /** Days of UTC, from <= day < to: a bill that was booked for any of them counts, and whole. */
  readonly from: Date;
  readonly to: Date;
  readonly provider: string | null;
  /** Ids between which they lie. */
  readonly above: string | null;
  readonly below: string | null;
  readonly limit: number;
  /** Otherwise the newest first. */
  readonly oldestFirst: boolean;
}

/** Bills that were booked. */
export async function readBookedBills(
  sql: Sql,
  { from, to, provider, above, below, limit, oldestFirst }: BookedBillsQuestion,
): Promise<BookedBill[]> {
  const rows = await sql.query<
    AdjustmentRow & { first_day: Date; last_day: Date; adjustment_ids: readonly string[] }
  >(
    `SELECT * FROM (
      SELECT (array_agg(id ORDER BY id))[1] AS id, provider, bill_sha256, min(day) AS first_day, max(day) AS last_day,
        sum(billed_micros)::bigint AS billed_micros, sum(booked_micros)::bigint AS booked_micros,
        sum(amount_micros)::bigint AS amount_micros, array_agg(id ORDER BY day, model) AS adjustment_ids, reason, actor, created_at
      FROM cost_adjustment WHERE $3::text IS NULL OR provider = $3
      GROUP BY provider, bill_sha256, reason, actor, created_at HAVING bool_or(day >= $1 AND day < $2)) AS bill
    WHERE ($4::uuid IS NULL OR id > $4) AND ($5::uuid IS NULL OR id < $5)
    ORDER BY id ${oldestFirst ? 'ASC' : 'DESC'} LIMIT $6`,
    [from, to, provider, above, below, limit],
  );
  return rows.map((row) => ({
    id: row.id,
    provider: row.provider,
    billSha256: row.bill_sha256,
    firstDay: row.first_day,
    lastDay: row.last_day,
    billedMicros: row.billed_micros,
    bookedMicros: row.booked_micros,
    amountMicros: row.amount_micros,
    adjustmentIds: row.adjustment_ids,
    reason: row.reason,
    actor: row.actor,
    createdAt: row.created_at,
  }));
}
