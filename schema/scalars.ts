/** Scalars that say more than a string does. */
import { GraphQLError, Kind } from 'graphql';
import { isStorable } from '../server/database/index.ts';
import { CURRENCY, formatDecimal } from '../server/money.ts';
import { readInstant } from '../server/time-zone.ts';
import { builder } from './builder.ts';

builder.scalarType('Decimal', {
  description: 'Exact decimal as text, never a float: `"0.003"`.',
  serialize: (value) => (typeof value === 'bigint' ? formatDecimal(value) : value),
  parseValue: (value) => {
    if (typeof value === 'string') return value;
    throw new GraphQLError(
      'A Decimal is text, such as "12.50": a number would have been rounded on its way.',
    );
  },
});

builder.scalarType('DateTime', {
  description: 'ISO 8601 instant in UTC: `2026-11-20T12:00:00.000Z`.',
  serialize: (value) => value.toISOString(),
  parseValue: (value) => {
    const instant = typeof value === 'string' ? readInstant(value) : null;
    if (instant) return instant;
    throw new GraphQLError(
      'A DateTime is an ISO 8601 instant with its offset, such as "2026-11-20T12:00:00Z".',
    );
  },
});

function readKey(value: unknown): string {
  if (typeof value === 'string' && value.length >= 1 && value.length <= 255 && isStorable(value))
    return value;
  throw new GraphQLError('An IdempotencyKey is text of 1 to 255 characters.');
}

builder.scalarType('IdempotencyKey', {
  description: 'A string the caller makes up, unique per thing it wants done once. 1 to 255 characters.',
  serialize: (value) => value,
  parseValue: readKey,
  parseLiteral: (node) => readKey(node.kind === Kind.STRING ? node.value : null),
});

builder.scalarType('JSON', {
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
});

/** An amount of money. */
export const Money = builder.objectRef<bigint>('Money').implement({
  description: 'An amount of money.',
  fields: (t) => ({
    amount: t.field({
      type: 'Decimal',
      description: 'Exact decimal text, to the micro.',
      resolve: (micros) => micros,
    }),
    currency: t.string({ description: 'ISO 4217; Solvent books in USD.', resolve: () => CURRENCY }),
  }),
});
