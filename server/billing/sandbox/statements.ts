/** All SQL of the sandbox's Stripe. Its one table is read and written by nobody else. */
import type { Sql } from '../../database/index.ts';
import type { AnyObject, Kind, Kinds } from './wire.ts';

/** One request at a time, in all processes: to each of them this Stripe is one server. Ends with the transaction. */
export async function lockObjects(sql: Sql): Promise<void> {
  await sql.query('SELECT pg_advisory_xact_lock(7301020)');
}

/** An object of a kind, or null. */
export async function readObject<K extends Kind>(sql: Sql, kind: K, id: string): Promise<Kinds[K] | null> {
  const [row] = await sql.query<{ data: Kinds[K] }>(
    'SELECT data FROM sandbox_stripe_object WHERE id = $1 AND kind = $2',
    [id, kind],
  );
  return row?.data ?? null;
}

/** Keeps an object in the place of the one with its id. */
export async function putObject(sql: Sql, object: AnyObject): Promise<void> {
  await sql.query(
    `INSERT INTO sandbox_stripe_object (id, kind, data) VALUES ($1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET data = excluded.data`,
    [object.id, object.object, JSON.stringify(object)],
  );
}

/** Keeps many new objects in one go, the oldest first. */
export async function addObjects(sql: Sql, objects: readonly AnyObject[]): Promise<void> {
  await sql.query(
    `INSERT INTO sandbox_stripe_object (id, kind, data)
    SELECT o.data ->> 'id', o.data ->> 'object', o.data
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS o(data, place) ORDER BY o.place`,
    [JSON.stringify(objects)],
  );
}

/** All objects of a kind whose fields have these values, the oldest first. */
export async function findObjects<K extends Kind>(
  sql: Sql,
  kind: K,
  where: Readonly<Record<string, string | number>>,
): Promise<Kinds[K][]> {
  const rows = await sql.query<{ data: Kinds[K] }>(
    'SELECT data FROM sandbox_stripe_object WHERE kind = $1 AND data @> $2::jsonb ORDER BY sequence',
    [kind, JSON.stringify(where)],
  );
  return rows.map((row) => row.data);
}
