/** That too little of the revenue is left after cost, in the hour or in the day. */
import { type Micros, margin } from '../../money.ts';
import { dollars, whole } from '../settings.ts';
import type { AlertSeverity, Observation } from '../types.ts';
import { defineRule } from './rule.ts';
import { type Sums, sumCalls, sumCallsOfDay } from './statements.ts';
import { dayOf, hourOf, money, type Window } from './windows.ts';

const SETTINGS = {
  warningPercent: whole('PERCENT', 'A margin under this is a warning.', 40, [0, 100]),
  criticalPercent: whole('PERCENT', 'A margin under this is critical.', 20, [0, 100]),
  hysteresisPercent: whole(
    'PERCENT',
    'How far above the warning the margin must be before the alert is resolved.',
    2,
    [0, 50],
  ),
  minimumCalls: whole('COUNT', 'An hour or day of fewer calls is not judged.', 20, [1, 1_000_000]),
  minimumCost: dollars('Nor is one whose calls cost less.', '1.00'),
};

/** Whether (revenue − cost) / revenue is under a percentage; without revenue it is under any. */
function isUnder({ revenueMicros, costMicros }: Sums, percent: number): boolean {
  return (revenueMicros - costMicros) * 100n < revenueMicros * BigInt(percent) || revenueMicros === 0n;
}

function judge(
  window: Window,
  sums: Sums,
  values: {
    readonly warningPercent: number;
    readonly criticalPercent: number;
    readonly hysteresisPercent: number;
    readonly minimumCalls: number;
    readonly minimumCost: Micros;
  },
): Observation[] {
  if (sums.calls < values.minimumCalls || sums.costMicros < values.minimumCost) return [];
  const key = { subject: window.period, windowKey: window.key };
  const at = (severity: AlertSeverity, percent: number): Observation[] => {
    const ratio = margin(sums.revenueMicros, sums.costMicros);
    return [
      {
        ...key,
        severity,
        windowEndsAt: window.endsAt,
        title: `The margin of the ${window.name} is under ${percent} %`,
        detail:
          `${sums.calls} calls cost ${money(sums.costMicros)} and earned ${money(sums.revenueMicros)}: ` +
          `${ratio === null ? 'they earned nothing' : `a margin of ${(ratio * 100).toFixed(1)} %`}.`,
      },
    ];
  };
  if (isUnder(sums, values.criticalPercent)) return at('CRITICAL', values.criticalPercent);
  if (isUnder(sums, values.warningPercent)) return at('WARNING', values.warningPercent);
  return isUnder(sums, values.warningPercent + values.hysteresisPercent) ? [{ ...key, severity: null }] : [];
}

/** MARGIN_LOW: the hour and the day. */
export const marginLow = defineRule({
  kind: 'MARGIN_LOW',
  description:
    'Of what the calls of the present hour, or of the present day, earned too little is left after their cost.',
  settings: SETTINGS,
  topics: ['settled'],
  windowed: true,
  async observe({ sql, at }, values) {
    const hour = hourOf(at);
    const day = dayOf(at);
    return [
      ...judge(hour, await sumCalls(sql, hour.startsAt, hour.endsAt), values),
      ...judge(day, await sumCallsOfDay(sql, day.startsAt), values),
    ];
  },
});
