/** How full budgets are, in several steps of each. */

import { wordsOf } from '../../words.ts';
import { steps } from '../settings.ts';
import type { Observation } from '../types.ts';
import { defineRule } from './rule.ts';
import { type BudgetWindow, readBudgetWindows } from './statements.ts';
import { money, windowKey, written } from './windows.ts';

/** An alert is resolved when its budget is this much below its step, in percentage points. */
const HYSTERESIS = 5;

const PERIODS = { HOUR: 'hourly', DAY: 'daily', MONTH: 'monthly' } as const;
const CONSEQUENCES = {
  WARN: 'Nothing is refused.',
  BLOCK: 'Calls that would pass it are refused.',
  SHUTDOWN: 'A call that would pass it shuts all paid calls down until the window ends.',
} as const;

function nameOf({ scope, subject, period }: BudgetWindow): string {
  const budget = `${PERIODS[period]} budget`;
  if (scope === 'GLOBAL') return `global ${budget}`;
  const isOurs = scope === 'OPERATION' || scope === 'TIER';
  return `${budget} of the ${scope.toLowerCase()} ${isOurs ? `"${wordsOf(subject)}"` : subject}`;
}

function observe(window: BudgetWindow, step: number): Observation[] {
  const usedMicros = window.spentMicros + window.reservedMicros;
  // Of a budget of nothing whatever is used is all of it.
  const isAtLeast = (percent: number) =>
    usedMicros > 0n && usedMicros * 100n >= window.limitMicros * BigInt(percent);
  if (!isAtLeast(step - HYSTERESIS)) return [];
  const key = {
    subject: [window.scope, window.subject, window.period, `${step}%`].filter(Boolean).join(' '),
    windowKey: windowKey(window.period, window.startsAt),
  };
  if (!isAtLeast(step)) return [{ ...key, severity: null }];
  const name = nameOf(window);
  return [
    {
      ...key,
      severity: step >= 100 ? 'CRITICAL' : 'WARNING',
      windowEndsAt: window.endsAt,
      title: `The ${name} is ${step} % used`,
      detail:
        `${money(usedMicros)} of ${money(window.limitMicros)} are used: ${money(window.spentMicros)} spent, ` +
        `${money(window.reservedMicros)} reserved for calls under way. The window ends at ${written(window.endsAt)}. ` +
        CONSEQUENCES[window.action],
    },
  ];
}

/** BUDGET_WARNING: each step of each budget. */
export const budgetWarning = defineRule({
  kind: 'BUDGET_WARNING',
  description:
    'A budget is used up to a step: what is spent and what is reserved, in its present window. Each step of each budget is an alert of its own.',
  settings: {
    steps: steps('Percentages of a budget at which to tell. From 100 on it is critical.', '80,95,100'),
  },
  topics: ['reserved', 'settled', 'protection'],
  windowed: true,
  async observe({ sql, at, now }, values) {
    const windows = await readBudgetWindows(sql, at, now);
    return windows.flatMap((window) => values.steps.flatMap((step) => observe(window, step)));
  },
});
