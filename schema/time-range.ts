/** Which time a question is about, and whose calendar cuts it. */
import type { TimeRange as Span } from '../server/profit/index.ts';
import { builder } from './builder.ts';

export const TimeRange = builder.inputType('TimeRange', {
  description:
    'from <= t < to, exact to the millisecond. A call counts at the instant at which it was booked.',
  fields: (t) => ({
    from: t.field({ type: 'DateTime', required: true, description: 'The first instant.' }),
    to: t.field({
      type: 'DateTime',
      required: true,
      description: 'The first instant that does not count any more.',
    }),
  }),
});

export const Range = builder.objectRef<Span>('Range').implement({
  description: 'from <= t < to.',
  fields: (t) => ({
    from: t.expose('from', { type: 'DateTime', description: 'The first instant.' }),
    to: t.expose('to', { type: 'DateTime', description: 'The first instant that does not count any more.' }),
  }),
});

/** What the argument `timeZone` is for, wherever it stands. */
export const TIME_ZONE_ARGUMENT =
  "IANA time zone whose calendar counts, such as Europe/Berlin; the site's own (`TIME_ZONE`) when left out.";
