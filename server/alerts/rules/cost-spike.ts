/** That an hour costs far more than the same hour of the past weeks did. */
import type { Micros } from '../../money.ts';
import { dollars, whole } from '../settings.ts';
import { defineRule } from './rule.ts';
import { costsOfHours, firstBooked } from './statements.ts';
import { DAY_MS, hourOf, money } from './windows.ts';

const WEEK_MS = 7 * DAY_MS;

/** The middle one, of two the lower: one mad week among them changes nothing. */
function medianOf(costs: readonly Micros[]): Micros {
  const sorted = [...costs].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[(sorted.length - 1) >> 1] ?? 0n;
}

/** COST_SPIKE: the whole site, by the hour. */
export const costSpike = defineRule({
  kind: 'COST_SPIKE',
  description:
    'The present hour has cost far more than usual: than the same hour of the same weekday did in the past weeks, in the middle.',
  settings: {
    timesPercent: whole(
      'PERCENT',
      'How much of the usual cost is a spike: 300 is three times.',
      300,
      [110, 100_000],
    ),
    weeks: whole('WEEKS', 'How many weeks to look back.', 4, [1, 52]),
    minimumWeeks: whole('WEEKS', 'With fewer weeks in the books nothing is called usual.', 2, [1, 52]),
    minimumCost: dollars('An hour that costs less is no spike.', '5.00'),
  },
  topics: ['settled'],
  windowed: true,
  async observe({ sql, at }, values) {
    const hour = hourOf(at);
    const [present] = await costsOfHours(sql, [hour.startsAt]);
    const costMicros = present?.costMicros ?? 0n;
    if (costMicros < values.minimumCost || costMicros === 0n) return [];
    const first = await firstBooked(sql);
    const before = Array.from(
      { length: values.weeks },
      (_, week) => new Date(hour.startsAt.getTime() - (week + 1) * WEEK_MS),
    ).filter((past) => first !== null && past >= first);
    if (before.length < values.minimumWeeks) return [];
    const usualMicros = medianOf((await costsOfHours(sql, before)).map((past) => past.costMicros));
    if (costMicros * 100n < usualMicros * BigInt(values.timesPercent)) return [];
    return [
      {
        subject: '',
        windowKey: hour.key,
        windowEndsAt: hour.endsAt,
        severity: 'WARNING',
        title: `The ${hour.name} costs far more than usual`,
        detail: `Its calls have cost ${money(costMicros)} so far. The same hour of the past ${before.length} weeks cost ${money(usualMicros)} in the middle.`,
      },
    ];
  },
});
