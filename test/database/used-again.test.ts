/** Embedded databases of tests are used again: each test finds one as if nobody had used it. */
import { expect, test } from 'vitest';
import type { Database } from '../../server/database/index.ts';
import { pgliteTemplate } from '../support/databases.ts';
import { borrowEmbedded } from '../support/embedded.ts';

/** All rows of all tables. */
async function everything(database: Database): Promise<ReadonlyMap<string, unknown>> {
  const tables = await database.query<{ name: string }>(
    `SELECT format('%I.%I', nspname, relname) AS name FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  const found = new Map<string, unknown>();
  for (const { name } of tables)
    found.set(name, await database.query(`SELECT t::text FROM ${name} t ORDER BY 1`));
  return found;
}

/** Grows for as long as a database lives. */
const age = async (database: Database) =>
  Number((await database.query<{ id: bigint }>('SELECT txid_current() AS id'))[0]?.id);

test('an embedded database is given out as it was, whatever was written, changed, taken away or set in it', async () => {
  const template = await pgliteTemplate();
  const first = await borrowEmbedded(template);
  const before = await everything(first);
  const path = await first.query('SHOW search_path');
  await first.script(`
    INSERT INTO setting (key, value) VALUES ('left', '1');
    UPDATE plan SET note = 'changed';
    DELETE FROM budget;
    INSERT INTO pgboss.job (name, data) SELECT name, '{}' FROM pgboss.queue;
    UPDATE pgboss.queue SET retry_limit = 77;
    SET search_path = nowhere`);
  const used = await age(first);
  await first.close();

  const second = await borrowEmbedded(template);
  expect(await age(second), 'it is the same one').toBeGreaterThan(used);
  expect(await second.query('SHOW search_path')).toEqual(path);
  expect(await everything(second)).toEqual(before);
  await second.script('CREATE TABLE leftover (id int)');
  await second.close();

  const third = await borrowEmbedded(template);
  expect(await age(third), 'one of another shape is not given out again').toBeLessThan(used);
  expect(await everything(third)).toEqual(before);
  await third.close();
});
