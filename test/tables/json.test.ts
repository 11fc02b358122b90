/** JSON: objects in an array, or one after the other. */
import { expect, test } from 'vitest';
import { readTable } from '../../server/tables/index.ts';

test.each([
  ['an array', '[{"a":1},{"a":2}]\n', null],
  ['lines', '{"a":1}\n{"a":2}\n', null],
  ['an array that is cut off behind an object', '[{"a":1},{"a":2},', 'not whole'],
  ['an array that is cut off within an object', '[{"a":1},{"a":2},{"a', 'not whole'],
])('%s is read to its end, which is missed where it is not there', async (_, text, problem) => {
  async function* bytes() {
    yield Buffer.from(text);
  }
  const found: string[] = [];
  const reading = (async () => {
    const table = await readTable(bytes(), 'logs');
    for await (const rows of table.rows) found.push(...rows.flatMap(({ cells }) => cells));
  })();
  if (problem === null) await reading;
  else await expect(reading).rejects.toThrow(problem);
  expect(found).toEqual(['1', '2']);
});
