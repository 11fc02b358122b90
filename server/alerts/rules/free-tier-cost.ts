/** What accounts that pay nothing cost. */
import { dollars } from '../settings.ts';
import { defineRule } from './rule.ts';
import { sumFreeTierOfDay } from './statements.ts';
import { dayOf, money } from './windows.ts';

/** FREE_TIER_COST: by the day. */
export const freeTierCost = defineRule({
  kind: 'FREE_TIER_COST',
  description: 'The calls of accounts of the tier FREE cost too much in the present day.',
  settings: {
    warningCost: dollars('From so many dollars a day on it is a warning.', '5.00'),
    criticalCost: dollars('From so many dollars a day on it is critical.', '25.00'),
  },
  topics: ['settled'],
  windowed: true,
  async observe({ sql, at }, values) {
    const day = dayOf(at);
    const { calls, costMicros } = await sumFreeTierOfDay(sql, day.startsAt);
    const critical = costMicros >= values.criticalCost;
    if (costMicros === 0n || (costMicros < values.warningCost && !critical)) return [];
    return [
      {
        subject: '',
        windowKey: day.key,
        windowEndsAt: day.endsAt,
        severity: critical ? 'CRITICAL' : 'WARNING',
        title: `The free tier has cost ${money(critical ? values.criticalCost : values.warningCost)} in the ${day.name}`,
        detail: `${calls} calls of accounts of the tier FREE have cost ${money(costMicros)} so far.`,
      },
    ];
  },
});
