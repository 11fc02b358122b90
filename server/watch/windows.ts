/** Windows of UTC, as budgets have them. */

/** The present hour, or the present day, of UTC. */
export type LiveWindow = 'HOUR' | 'DAY';

const LENGTH_MS: Record<LiveWindow, number> = { HOUR: 3_600_000, DAY: 86_400_000 };

/** When the window began in which an instant lies. */
export function startOf(window: LiveWindow, at: Date): Date {
  return new Date(Math.floor(at.getTime() / LENGTH_MS[window]) * LENGTH_MS[window]);
}
