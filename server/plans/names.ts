/** What people call the plans and packs that books and payments name by their ids. */
import type { Sql } from '../database/index.ts';
import * as statements from './statements.ts';

function told(ids: readonly string[], rows: readonly statements.NamedOffer[]): string[] {
  const namesakes = Map.groupBy(rows, ({ name }) => name);
  const names = new Map(
    rows.map(({ id, name, priceListId }) => [
      id,
      (namesakes.get(name)?.length ?? 0) > 1 ? `${name} (${priceListId})` : name,
    ]),
  );
  return ids.map((id) => names.get(id) ?? id);
}

/**
 * The names of plans by their ids, in that order and of whatever price list; with the list beside it where two of these plans are
 * called the same. One that was never sold here is called by its id.
 */
export const planNames = async (sql: Sql, ids: readonly string[]) =>
  told(ids, await statements.plansNamed(sql, ids));

/** The names of packs by their ids, likewise. */
export const packNames = async (sql: Sql, ids: readonly string[]) =>
  told(ids, await statements.packsNamed(sql, ids));
