/** What people call the plans and packs that books and payments name by their ids. */
import type { Sql } from '../database/index.ts';
import * as statements from './statements.ts';

function told(rows: readonly statements.NamedOffer[]): ReadonlyMap<string, string> {
  const named = Map.groupBy(rows, ({ name }) => name);
  return new Map(
    rows.map(({ id, name, priceListId }) => [
      id,
      (named.get(name)?.length ?? 0) > 1 ? `${name} (${priceListId})` : name,
    ]),
  );
}

/**
 * The names of plans by their ids, of whatever price list; with the list beside it where two of these plans are called the same.
 * Those that were never sold here are left out.
 */
export const planNames = async (sql: Sql, ids: readonly string[]) =>
  told(await statements.plansNamed(sql, ids));

/** The names of packs by their ids, likewise. */
export const packNames = async (sql: Sql, ids: readonly string[]) =>
  told(await statements.packsNamed(sql, ids));
