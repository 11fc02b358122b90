/** All SQL of the routing room: which providers are left alone, for every process to see. */
import type { Sql } from '../database/index.ts';

/** A provider that is left alone. */
export interface OpenCircuit {
  readonly provider: string;
  readonly openedAt: Date;
  /** When one call may try it again. */
  readonly until: Date;
  readonly reason: string;
}

/** Keeps that a provider is left alone. */
export async function openCircuit(sql: Sql, circuit: OpenCircuit): Promise<void> {
  await sql.query(
    `INSERT INTO provider_circuit (provider, opened_at, until, reason) VALUES ($1, $2, $3, $4)
    ON CONFLICT (provider) DO UPDATE SET until = greatest(provider_circuit.until, excluded.until), reason = excluded.reason`,
    [circuit.provider, circuit.openedAt, circuit.until, circuit.reason],
  );
}

/** Keeps that a provider works again. */
export async function closeCircuit(sql: Sql, provider: string): Promise<void> {
  await sql.query('DELETE FROM provider_circuit WHERE provider = $1', [provider]);
}

/** Every provider that is left alone, or was and has not been tried since. */
export async function readCircuits(sql: Sql): Promise<OpenCircuit[]> {
  return sql.query<OpenCircuit>(
    'SELECT provider, opened_at AS "openedAt", until, reason FROM provider_circuit ORDER BY provider',
  );
}
