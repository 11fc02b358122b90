import type { Clock } from '../clock.ts';
import type { Sql } from '../database/index.ts';
import { newId } from '../ids.ts';
import { VERSION_KEY } from './snapshot.ts';
import { SET_VERSION } from './statements.ts';

/**
 * Says that the catalogue has changed, so that every process reads it again at its next look (2 seconds).
 *
 * @param sql the transaction that changed it: the new version is then seen exactly when the change is.
 * @param clock the version begins with its instant, for people who look at the setting.
 */
export async function bumpCatalogVersion(sql: Sql, clock: Clock): Promise<void> {
  await sql.query(SET_VERSION, [VERSION_KEY, `${clock.now().toISOString()} ${newId()}`]);
}
