/** An account that costs far more than it usually does. */
import type { Micros } from '../../money.ts';
import { dollars, whole } from '../settings.ts';
import { defineRule } from './rule.ts';
import { readUsage } from './statements.ts';
import { DAY_MS, dayOf, money } from './windows.ts';

/** UNUSUAL_USAGE: each account and day. */
export const unusualUsage = defineRule({
  kind: 'UNUSUAL_USAGE',
  description:
    'The calls of one account cost far more in the present day than on those of the days before on which it had any; or much at once, of an account that is new.',
  settings: {
    timesPercent: whole(
      'PERCENT',
      'How much of its usual day is unusual: 500 is five times.',
      500,
      [110, 100_000],
    ),
    days: whole('DAYS', 'How many days to look back.', 7, [1, 90]),
    minimumCost: dollars('An account that costs less in a day is not unusual.', '5.00'),
    newAccountCost: dollars('What is much for an account that had no calls in those days.', '20.00'),
  },
  topics: ['settled'],
  // Only accounts of which something was booked are looked at each time; and a day that was unusual stays so.
  ends: 'with-window',
  windowed: true,
  async observe({ sql, at, booked }, values) {
    const day = dayOf(at);
    const before = Array.from(
      { length: values.days },
      (_, index) => new Date(day.startsAt.getTime() - (index + 1) * DAY_MS),
    );
    const isMuch = (costMicros: Micros, beforeMicros: Micros, days: number) =>
      days === 0
        ? costMicros >= values.newAccountCost
        : costMicros * 100n * BigInt(days) >= beforeMicros * BigInt(values.timesPercent);
    const accounts = await readUsage(
      sql,
      booked?.accountIds ?? null,
      day.startsAt,
      before,
      values.minimumCost > 0n ? values.minimumCost : 1n,
    );
    return accounts
      .filter(({ costMicros, beforeMicros, daysBefore }) => isMuch(costMicros, beforeMicros, daysBefore))
      .map(({ externalId, costMicros, beforeMicros, daysBefore }) => ({
        subject: externalId,
        windowKey: day.key,
        windowEndsAt: day.endsAt,
        severity: 'WARNING' as const,
        title: `The account ${externalId} costs far more than usual`,
        detail:
          `Its calls of the ${day.name} have cost ${money(costMicros)} so far. ` +
          (daysBefore === 0
            ? `It had none in the ${values.days} days before.`
            : `On ${daysBefore} of the ${values.days} days before it had any, and all of those together cost ${money(beforeMicros)}.`),
      }));
  },
});
