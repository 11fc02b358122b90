/** The rows behind a day of the books: lines of cash, and entries of the ledger that moved deferred revenue. */

import { EntryKind } from './account.ts';
import { builder, needs } from './builder.ts';
import { invalidArgument } from './errors.ts';
import { PLAN_NAME } from './offer-name.ts';
import { Money } from './scalars.ts';
import { TimeRange } from './time-range.ts';

const BookKind = builder.enumType('BookKind', {
  description: 'What a line of the cash book is of.',
  values: {
    PAYMENT: { description: 'A customer paid.' },
    FEE: { description: 'What Stripe took for a payment or a refund, or the estimate of it.' },
    REFUND: { description: 'Money went back.' },
    DISPUTE: { description: 'A bank took money for a dispute, or gave it again.' },
    DISPUTE_FEE: { description: 'What a dispute itself cost.' },
  } as const,
});

builder.prismaNode('BookLine', {
  nullable: true,
  id: { field: 'id' },
  description: 'A line of the cash book, written once and never changed.',
  authScopes: { scope: 'profit:read' },
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When it happened, by Stripe’s clock.' }),
    kind: t.expose('kind', { type: BookKind, description: 'What it is of.' }),
    amount: t.field({
      type: Money,
      description: 'Into our pocket; what went out of it is below zero.',
      resolve: (line) => line.amountMicros,
    }),
    account: t.prismaField({
      type: 'Account',
      nullable: true,
      description: 'Whose payment it belongs to.',
      resolve: (_query, line, _args, { loaders }) => loaders.account(line.accountId),
    }),
    plan: t.exposeString('planId', { nullable: true, description: 'Such as tokens-pro.' }),
    planName: t.string({
      nullable: true,
      description: PLAN_NAME,
      resolve: ({ planId }, _args, { loaders }) => (planId === null ? null : loaders.planName(planId)),
    }),
    source: t.exposeString('source', { description: 'What it comes from, by which it is booked once.' }),
    bookedAt: t.expose('bookedAt', { type: 'DateTime', description: 'When it was written.' }),
  }),
});

builder.prismaObjectFields('Entry', (t) => ({
  account: t.relation('account', { description: 'Whose ledger it is in.' }),
  deferredDelta: t.field({
    type: Money,
    ...needs(
      'profit:read',
      'Change of deferred revenue: what a GRANT brings, and what a POST earns, an EXPIRE_GRANT leaves as breakage and a REVOKE takes back.',
    ),
    resolve: (entry) => entry.deferredDeltaMicros,
  }),
}));

interface Times {
  readonly from: Date;
  readonly to: Date;
}

function within({ from, to }: Times) {
  if (to <= from) throw invalidArgument('range.to', 'It must lie after `from`.');
  return { gte: from, lt: to };
}

builder.queryFields((t) => {
  const range = t.arg({ type: TimeRange, required: true });
  return {
    bookLines: t.prismaConnection({
      type: 'BookLine',
      cursor: 'id',
      ...needs('profit:read', 'The lines of the cash book in a range, the newest first.'),
      args: { range, kind: t.arg({ type: BookKind, required: false, description: 'Only those.' }) },
      resolve: (query, _root, args, { core }) =>
        core.database.prisma.bookLine.findMany({
          ...query,
          where: { at: within(args.range), ...(args.kind ? { kind: args.kind } : {}) },
          orderBy: [{ at: 'desc' }, { id: 'desc' }],
        }),
    }),
    deferredEntries: t.prismaConnection({
      type: 'Entry',
      cursor: 'accountId_sequence',
      ...needs(
        'profit:read',
        'Entries of all ledgers in a range that moved deferred revenue, the newest first: the rows behind what a day sold, earned, left as breakage and clawed back.',
      ),
      args: { range, kind: t.arg({ type: EntryKind, required: false, description: 'Only those.' }) },
      resolve: (query, _root, args, { core }) =>
        core.database.prisma.entry.findMany({
          ...query,
          where: {
            createdAt: within(args.range),
            deferredDeltaMicros: { not: 0n },
            ...(args.kind ? { kind: args.kind } : {}),
          },
          orderBy: [{ createdAt: 'desc' }, { accountId: 'asc' }, { sequence: 'desc' }],
        }),
    }),
  };
});
