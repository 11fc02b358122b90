/** Money never passes through a float: the tree is looked through, and what looks it through is tried on planted mistakes. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { floatsIn, floatsInSql } from './support/floats.ts';

const ROOT = join(import.meta.dirname, '..');
const files = (pattern: string) =>
  globSync(pattern, { cwd: ROOT }).filter((path) => !path.startsWith('server/database/client/'));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const lineOf = (text: string, at: number) => text.slice(0, at).split('\n').length;

/** What is right as it stands, and why. */
const KNOWN: Readonly<Record<string, string>> = {
  'server/access/hash.ts: Number(rest % 62n)': 'a digit',
  'server/billing/book.ts: Number(shareOf(back, gross, BigInt(row.credits)))': 'credits',
  'server/billing/cents.ts: Number(amount / PER_CENT)': 'whole cents, which Stripe takes as a number',
  'server/billing/parts.ts: Number(share(BigInt(credits), index, dues.length))': 'credits',
  'server/history/layouts.ts: Number(digits)': 'an instant',
};

describe('money', () => {
  test('never passes through a float in TypeScript', () => {
    const found = [...files('server/**/*.ts'), ...files('schema/**/*.ts')]
      .filter((path) => path !== 'server/money.ts')
      .flatMap((path) => {
        const text = read(path);
        const places = floatsIn(text).filter((place) => !(`${path}: ${place.text}` in KNOWN));
        return places.map(
          (place) =>
            `${path}:${lineOf(text, place.at)} turns money into a float (${place.text.slice(0, 80)}): use what server/money.ts offers.`,
        );
      });
    expect(found.join('\n')).toBe('');
  });

  test('never passes through a float in SQL', () => {
    const found = [...files('server/**/*.ts'), ...files('prisma/migrations/**/*.sql')].flatMap((path) => {
      const text = read(path);
      return floatsInSql(text).map(
        (place) =>
          `${path}:${lineOf(text, place.at)} turns money into a float (${place.text}): sum whole micros, and divide in server/money.ts.`,
      );
    });
    expect(found.join('\n')).toBe('');
  });
});

describe('a planted mistake', () => {
  test.each([
    'const x = Number(line.costMicros);',
    'const x = +revenueMicros / 1e6;',
    'const x = Number.parseFloat(sums.lostCostMicros.toString());',
    'const x = Math.round(Number(row.cost_micros) * 0.1);',
    'const x = Number(MICROS_PER_DOLLAR);',
    // Under another name.
    'const amount = line.costMicros - line.revenueMicros; const x = Number(amount);',
    'const { costMicros: amount } = line; const x = Number(amount);',
    'function f(amount: Micros) { return Number(amount) * 1.2; }',
    'const total = (line: Line): Micros => line.costMicros; const x = Number(total(line));',
    'function total(): bigint { return 1n; } const x = Number(total());',
    'const f = (amount: (row: Row) => bigint) => Number(amount(row));',
    'const x = Number(BigInt(text) / 3n);',
    'const amount = BigInt(text); const twice = amount * 2n; const x = parseFloat(String(twice));',
    'const x = lines.map((line) => line.costMicros).map(Number);',
    'const x = countOf(line.costMicros);',
  ])('is found: %s', (text) => {
    expect(floatsIn(text)).not.toEqual([]);
  });

  test.each([
    'SELECT sum(cost_micros)::float8 FROM attempt',
    'SELECT avg(revenue_micros) FROM attempt',
    'SELECT CAST(s.cost_micros AS double precision) FROM s',
    'SELECT cost_micros * 0.2 FROM s',
    'CREATE TABLE t ("cost_micros" double precision)',
  ])('is found in SQL: %s', (text) => {
    expect(floatsInSql(text)).not.toEqual([]);
  });

  test.each([
    'const x = Number(row.calls);',
    'const x = margin(line.revenueMicros, line.costMicros); const y = Math.round((x ?? 0) * 100);',
    'const x = Number(text); const y = Math.max(from, to);',
    'const micros = costMicros * 2n; const x = Number(credits);',
  ])('is not seen where there is none: %s', (text) => {
    expect(floatsIn(text)).toEqual([]);
  });
});
