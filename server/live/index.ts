/**
 * The door of the live room: who wants to know what has just changed.
 *
 * Nothing here is relied on for the truth. A subscriber reads the present state first, is told of changes by these
 * channels, and asks the database again from time to time, since the change may have happened in another process. Other
 * processes are told that something has changed, and read what: of everything through Redis where there is one, else of what
 * happens seldom through Postgres itself. README.md in this room has the rest.
 */
import type { Database } from '../database/index.ts';
import type { GenerationRecord } from '../generation/index.ts';
import type { Balance } from '../ledger/index.ts';
import type { Log } from '../log.ts';
import { type Bus, createProcessBus, type Ears } from './bus.ts';
import { Listeners, type Messages, type Pace } from './listening.ts';
import { openPostgresBus } from './postgres-bus.ts';
import { openRedisBus } from './redis-bus.ts';

export type { Bus, Ears } from './bus.ts';
export { createProcessBus } from './bus.ts';
export { Listeners, type Messages, type Pace } from './listening.ts';
export { openPostgresBus } from './postgres-bus.ts';
export { openRedisBus } from './redis-bus.ts';

/** One typed map of channels: the kind, and what its messages are. The key is an id, or empty where there is but one. */
export interface Channels {
  generation: GenerationRecord;
  balance: Balance;
  /** Something was reserved, booked or set: sums, budgets and protection are no longer what they were. */
  books: null;
  /** The number of the newest change of an alert; read what it is. The key is `all`. */
  alert: number;
}

/** How long a subscriber waits for a message before it asks the database, where not all changes are told. */
export const RECHECK_MS = 2_000;
/** The same where all are told: for what no message tells, such as the end of a window. */
const SELDOM_MS = 10_000;
/** The least time between two events of a subscription: four a second. */
export const EVENT_MS = 250;

/** Who listens to what, in this process. */
export interface Live {
  /** Tells everyone who listens to this kind and key, in other processes too where Redis is there. Never waits. */
  publish<Kind extends keyof Channels>(kind: Kind, key: string, message: Channels[Kind]): void;
  /**
   * Messages from now on, the newest only: a reader that is slow misses what has been overtaken. Ends when the
   * consumer returns. Yields `null` when it should ask: something has changed elsewhere, or nothing came for a while.
   */
  listen<Kind extends keyof Channels>(kind: Kind, key: string, pace?: Pace): Messages<Channels[Kind]>;
  /**
   * Lets those who listen in other processes ask the database. Costs a lock that all commits share where there is no
   * Redis: for what happens seldom.
   */
  announce<Kind extends keyof Channels>(kind: Kind, key: string): void;
  /** How many listen, for metrics. */
  readonly listeners: number;
  /** What tells processes of each other's changes, and whether it does at present. */
  readonly bus: { readonly kind: Bus['kind']; readonly isUp: boolean };
  /** How long who listens waits at present before it asks the database. */
  readonly recheckMs: number;
  /** Stops hearing of other processes. */
  close(): Promise<void>;
}

/** What the channels of a process are opened with. */
export interface LiveOptions {
  readonly database: Database;
  readonly log: Log;
  /** Undefined: the database's own NOTIFY, or nothing where one process has the database for itself. */
  readonly redisUrl?: string | undefined;
}

function openBus({ database, log, redisUrl }: LiveOptions, ears: Ears): Promise<Bus> | Bus {
  if (redisUrl !== undefined) return openRedisBus({ url: redisUrl, log }, ears);
  const { native } = database;
  // An embedded database has no other process.
  return native.kind === 'postgres' ? openPostgresBus(database, native, log, ears) : createProcessBus()(ears);
}

/** Opens the channels of one process. */
export async function openLive(options: LiveOptions): Promise<Live> {
  let bus: Bus | undefined;
  const recheckMs = () => (bus?.kind === 'redis' && bus.isUp ? SELDOM_MS : RECHECK_MS);
  const listeners = new Listeners(recheckMs);
  bus = await openBus(options, {
    heard: (channel) => listeners.tell(channel, null),
    gap: () => listeners.wakeAll(),
  });

  return {
    bus,
    get listeners() {
      return listeners.count;
    },
    get recheckMs() {
      return recheckMs();
    },
    publish(kind, key, message) {
      const channel = `${kind}:${key}`;
      listeners.tell(channel, message);
      if (bus.takesAll) bus.tell(channel);
    },
    announce(kind, key) {
      bus.tell(`${kind}:${key}`);
    },
    close: () => bus.close(),
    listen: (kind, key, pace = {}) => listeners.listen(`${kind}:${key}`, pace),
  };
}
