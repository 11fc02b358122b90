/** What Stripe told, and the numbers of the readings that follow from it. */
import type { Sql } from '../../database/index.ts';

/** The number of a reading that is about to begin. */
export async function nextObservation(sql: Sql): Promise<bigint> {
  const [row] = await sql.query<{ number: bigint }>("SELECT nextval('stripe_observation') AS number");
  if (!row) throw new Error('The sequence of readings gave no number.');
  return row.number;
}

/** Whether what follows from an event has been done. */
export async function eventIsDone(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query("SELECT 1 FROM stripe_event WHERE id = $1 AND state = 'DONE'", [id]);
  return rows.length > 0;
}

/** Writes down what has become of an event. One that is done stays done. */
export async function writeEvent(
  sql: Sql,
  now: Date,
  event: {
    readonly id: string;
    readonly type: string;
    readonly apiVersion: string | null;
    readonly createdAt: Date;
    readonly state: 'DONE' | 'KEPT';
    readonly reason: string | null;
    readonly payload: unknown;
  },
): Promise<void> {
  await sql.query(
    `INSERT INTO stripe_event AS e (id, type, api_version, state, reason, payload, created_at, received_at)
    VALUES ($2, $3, $4, $5::stripe_event_state, $6, $7, $8, $1)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = excluded.reason, payload = excluded.payload
      WHERE e.state <> 'DONE'`,
    [
      now,
      event.id,
      event.type,
      event.apiVersion,
      event.state,
      event.reason,
      event.payload === null ? null : JSON.stringify(event.payload),
      event.createdAt,
    ],
  );
}

/** An event that is kept, or null. */
export async function keptEvent(sql: Sql, id: string): Promise<{ readonly payload: unknown } | null> {
  const [row] = await sql.query<{ payload: unknown }>(
    "SELECT payload FROM stripe_event WHERE id = $1 AND state = 'KEPT'",
    [id],
  );
  return row ?? null;
}
