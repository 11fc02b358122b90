/** What vendors billed beyond what was booked, line by line. */
import type { Adjustment } from '../server/reconciliation/index.ts';
import { builder, needs } from './builder.ts';
import { Operation } from './enums.ts';
import { invalidArgument } from './errors.ts';
import { Money } from './scalars.ts';
import { TimeRange } from './time-range.ts';

export const CostAdjustment = builder.objectRef<Adjustment>('CostAdjustment').implement({
  description:
    'A difference between what a vendor billed and what was booked. It moves cost and counts as no call.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'As the audit log names it.' }),
    day: t.expose('day', { type: 'DateTime', description: 'The day of UTC that it counts in.' }),
    provider: t.exposeString('provider', { description: 'Who billed it.' }),
    model: t.exposeString('model', { description: 'provider/name' }),
    operation: t.expose('operation', { type: Operation, description: 'What was billed.' }),
    billed: t.field({
      type: Money,
      description: 'What the bill says.',
      resolve: (line) => line.billedMicros,
    }),
    booked: t.field({
      type: Money,
      description: 'What stood in the books just before.',
      resolve: (line) => line.bookedMicros,
    }),
    amount: t.field({
      type: Money,
      description: 'billed − booked: by how much it moves cost.',
      resolve: (line) => line.amountMicros,
    }),
    reason: t.exposeString('reason', { description: 'Why it was booked.' }),
    actor: t.exposeString('actor', { description: 'Who booked it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was booked.' }),
  }),
});

const MOST = 1_000;

builder.queryFields((t) => ({
  costAdjustments: t.field({
    type: [CostAdjustment],
    ...needs(
      'profit:read',
      'What was booked because a bill said so, of the days in a range, the newest first.',
    ),
    args: {
      range: t.arg({ type: TimeRange, required: true }),
      first: t.arg.int({ defaultValue: 100, description: `At most ${MOST}.` }),
    },
    resolve: (_root, { range, first }, context) => {
      const limit = first ?? 100;
      if (limit < 1 || limit > MOST) throw invalidArgument('first', `Give 1 to ${MOST}.`);
      return context.core.reconciliation.adjustments(range.from, range.to, limit);
    },
  }),
}));
