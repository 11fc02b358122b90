/** That no paid call may go out. */
import { defineRule } from './rule.ts';
import { readShutdown } from './statements.ts';
import { written } from './windows.ts';

/** EMERGENCY_SHUTDOWN: each time. */
export const emergencyShutdown = defineRule({
  kind: 'EMERGENCY_SHUTDOWN',
  description: 'Paid calls are suspended, by a budget or by an operator. Each time is an alert of its own.',
  settings: {},
  topics: ['reserved', 'protection'],
  async observe({ sql, now }) {
    const shutdown = await readShutdown(sql, now);
    if (!shutdown) return [];
    const { since, until, reason, changedBy } = shutdown;
    return [
      {
        subject: '',
        windowKey: since.toISOString(),
        windowEndsAt: until,
        severity: 'CRITICAL',
        title: 'Paid calls are suspended',
        detail:
          `Since ${written(since)}, by ${changedBy}${reason ? `: ${reason.replace(/\.$/, '')}` : ''}. ` +
          `${until ? `It ends at ${written(until)}` : 'It ends when an operator resumes the service'}. Calls under way settle.`,
      },
    ];
  },
});
