/** The door of the watch room: what an operator watches, read once a process however many do. README.md has the rest. */
import { AttemptFeed, type AttemptGroups } from './attempt-feed.ts';
import { type LiveProfitOptions, LiveProfitTopic, type LiveProfitWatch } from './live-profit.ts';
import { type BookedAttempt, countOpen, type ProfitSums, readSums } from './statements.ts';
import { type LiveWindow, startOf } from './windows.ts';

export type { AttemptGroup, AttemptGroups } from './attempt-feed.ts';
export { type AttemptCount, BookCounts } from './book-counts.ts';
export type { LiveProfit, LiveProfitWatch } from './live-profit.ts';
export type { BookedAttempt, ProfitSums } from './statements.ts';
export type { LiveWindow } from './windows.ts';

/** The watch room. Its functions throw what the database throws. */
export interface Watch {
  /** Begins to watch what a window cost and earned. Its changes must be ended. */
  liveProfit(window: LiveWindow): LiveProfitWatch;
  /** Begins to watch attempts as they are booked. Must be ended. */
  attempts(): Promise<AttemptGroups>;
  /** The newest attempts that match, oldest first. */
  recentAttempts(matches: (attempt: BookedAttempt) => boolean, limit: number): Promise<BookedAttempt[]>;
  /** What a window has cost and earned so far, in all processes. */
  totals(window: LiveWindow): Promise<ProfitSums>;
  /** How many reservations are pending, in all processes. */
  reservationsOpen(): Promise<number>;
  /** How often a window has been computed in this process. */
  computed(window: LiveWindow): number;
}

/** Makes the watch room. Nothing is read before somebody watches. */
export function createWatch(options: LiveProfitOptions): Watch {
  const topics = {
    HOUR: new LiveProfitTopic(options, 'HOUR'),
    DAY: new LiveProfitTopic(options, 'DAY'),
  };
  const feed = new AttemptFeed(options);
  return {
    liveProfit: (window) => topics[window].watch(),
    attempts: () => feed.watch(),
    recentAttempts: (matches, limit) => feed.recent(matches, limit),
    async totals(window) {
      const { database, clock } = options;
      return (await readSums(database, window, startOf(window, clock.now()))).totals;
    },
    reservationsOpen: () => countOpen(options.database),
    computed: (window) => topics[window].computed,
  };
}
