/** The books by day. */
import { type BookDay as BookDayRecord, MAX_DAYS } from '../server/billing/index.ts';
import { isTimeZone } from '../server/time-zone.ts';
import { builder, needs } from './builder.ts';
import { invalidArgument } from './errors.ts';
import { Money } from './scalars.ts';

const BookDay = builder.objectRef<BookDayRecord>('BookDay').implement({
  description:
    'A day of the books. deferred = the day before’s + sold − earned − breakage − clawedBack, to the micro.',
  fields: (t) => ({
    day: t.exposeString('day', { description: 'Such as 2026-11-20, of the zone that was asked for.' }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'Its midnight.' }),
    cash: t.field({
      type: Money,
      description: 'What customers paid, without tax.',
      resolve: (day) => day.cashMicros,
    }),
    fees: t.field({
      type: Money,
      description: 'What Stripe took for payments and disputes; 2.9 % + $0.30 until it says.',
      resolve: (day) => day.feesMicros,
    }),
    refunds: t.field({ type: Money, description: 'What was refunded.', resolve: (day) => day.refundsMicros }),
    disputes: t.field({
      type: Money,
      description: 'What banks took for disputes, less what came again.',
      resolve: (day) => day.disputesMicros,
    }),
    sold: t.field({
      type: Money,
      description: 'What the credits that were given will earn when they are used.',
      resolve: (day) => day.soldMicros,
    }),
    earned: t.field({
      type: Money,
      description: 'What used credits earned.',
      resolve: (day) => day.earnedMicros,
    }),
    breakage: t.field({
      type: Money,
      description: 'What expired credits would have earned.',
      resolve: (day) => day.breakageMicros,
    }),
    clawedBack: t.field({
      type: Money,
      description: 'What credits would have earned that were taken back.',
      resolve: (day) => day.clawedBackMicros,
    }),
    deferred: t.field({
      type: Money,
      description: 'What all credits together have yet to earn, at the day’s end.',
      resolve: (day) => day.deferredMicros,
    }),
    awaited: t.field({
      type: Money,
      description:
        'What was paid for months of annual plans whose credits have not come yet, at the day’s end.',
      resolve: (day) => day.awaitedMicros,
    }),
  }),
});

const BooksRange = builder.inputType('BooksRange', {
  description: 'Whole days from `from` to before `to`.',
  fields: (t) => ({
    from: t.field({ type: 'DateTime', required: true, description: 'In the first day.' }),
    to: t.field({ type: 'DateTime', required: true, description: 'After the last day’s beginning.' }),
    zone: t.string({ defaultValue: 'UTC', description: 'IANA name; its midnights part the days.' }),
  }),
});

const DAY_MS = 86_400_000;

builder.queryField('books', (t) =>
  t.field({
    type: [BookDay],
    ...needs('profit:read', 'The books by day: cash as it came and went, and revenue as it was earned.'),
    args: { range: t.arg({ type: BooksRange, required: true }) },
    resolve: (_root, { range }, context) => {
      const { from, to } = range;
      const zone = range.zone ?? 'UTC';
      if (!isTimeZone(zone))
        throw invalidArgument('range.zone', 'Give an IANA time zone such as Europe/Berlin.');
      if (to <= from) throw invalidArgument('range.to', 'It must lie after `from`.');
      if (to.getTime() - from.getTime() > MAX_DAYS * DAY_MS) {
        throw invalidArgument('range.to', `At most ${MAX_DAYS} days are told at once.`);
      }
      return context.core.billing.books({ from, to, zone });
    },
  }),
);
