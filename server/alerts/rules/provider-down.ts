/** That a provider is left alone since its calls fail. */
import { whole } from '../settings.ts';
import { defineRule } from './rule.ts';
import { readOpenCircuits } from './statements.ts';
import { written } from './windows.ts';

const MINUTE_MS = 60_000;

/** PROVIDER_DOWN: each provider and outage. */
export const providerDown = defineRule({
  kind: 'PROVIDER_DOWN',
  description:
    'A provider is left alone since its calls fail. It is up again when its circuit has been closed for a while: an outage with pauses is one.',
  settings: {
    criticalMinutes: whole('MINUTES', 'An outage of so long is critical.', 15, [0, 10_080]),
    clearMinutes: whole('MINUTES', 'How long its circuit must have been closed.', 5, [0, 1_440]),
  },
  topics: ['circuits'],
  continues: true,
  clearAfterMs: (values) => values.clearMinutes * MINUTE_MS,
  async observe({ sql, now }, values) {
    const circuits = await readOpenCircuits(sql);
    return circuits.map(({ provider, openedAt, reason }) => {
      const long = now.getTime() - openedAt.getTime() >= values.criticalMinutes * MINUTE_MS;
      return {
        subject: provider,
        windowKey: openedAt.toISOString(),
        windowEndsAt: null,
        severity: long ? ('CRITICAL' as const) : ('WARNING' as const),
        title: long
          ? `${provider} has been down for ${values.criticalMinutes} minutes`
          : `${provider} is down`,
        detail: `Its calls have failed since ${written(openedAt)}: ${reason || 'it said nothing of why'}. Calls that name no model go elsewhere.`,
      };
    });
  },
});
