/**
 * The door of the ledger: who has how many credits, what is set aside, and what every call cost and earned.
 * README.md in this room is its specification.
 */
import type { Clock } from '../clock.ts';
import { type Database, isTransient } from '../database/index.ts';
import { newId } from '../ids.ts';
import { GroupCommit, type GroupCommitOptions } from './group-commit.ts';
import * as statements from './statements.ts';
import type {
  Balance,
  GrantItem,
  GrantOutcome,
  ReserveItem,
  ReserveOutcome,
  RevocationPreview,
  RevokeItem,
  RevokeOutcome,
  SettleItem,
  SettleOutcome,
} from './types.ts';

export { isTransient as isPassing } from '../database/index.ts';
export type { Orphan, RerouteItem, RerouteOutcome } from './statements.ts';
/** Gives credits within a transaction of the caller's, once under a key. */
export { grant as grantWithin } from './statements.ts';
export * from './types.ts';

/** Items in one transaction. More gain little throughput and hold the hot rows longer. */
const MAX_BATCH = 128;

/** A caller is told that the database is away, and does not wait for a server that says nothing through five tries to connect. */
const RESERVE_RETRIES_MS = 5_000;

/**
 * A call that is reserved already waits for the database as long as it takes: whether it may go, and what a vendor calls it, would
 * otherwise stay unknown, and it would be booked as if it had been lost.
 */
const HOWEVER_LONG = { retries: Number.POSITIVE_INFINITY };

/** Generations that are sent on at the same time. */
const REROUTE_LANES = 4;

/** A process whose heart has not beaten for so long no longer answers for its reservations. */
const DEAD_AFTER_MS = 20_000;

/** With how long it lives in the place of when it ends. */
type Lived<Item> = Omit<Item, 'expiresAt'> & { readonly livesMs: number };

/** Thrown to undo a transaction whose outcome is that nothing happens. */
const ROLL_BACK = new Error('nothing is to be kept');

/** The ledger of one server process. Its functions throw what the database throws; a refusal is a value. */
export interface Ledger {
  /** The server process in whose name reservations are made. */
  readonly processId: string;
  /** Sets credits and money of budgets aside, or says why not. One round trip, shared with what arrives meanwhile. */
  reserve(item: ReserveItem): Promise<ReserveOutcome>;
  /** Ends a reservation, once, and books what it cost and earned. */
  settle(item: SettleItem): Promise<SettleOutcome>;
  /**
   * Says that a call which had been queued now goes out. Resolves when that is kept: only then may it go. From here on
   * this process answers for it.
   *
   * @returns false when it may not go: it has ended, was given up, or another process has sent it.
   */
  markSent(generationId: string, expiresAt: Date): Promise<boolean>;
  /**
   * Keeps what the vendor calls the job of an attempt.
   *
   * @returns whether its customer has given it up meanwhile.
   */
  recordJob(job: statements.JobItem): Promise<boolean>;
  /** Sends a generation on to another provider after an attempt that made nothing; see the function in the database. */
  reroute(item: statements.RerouteItem): Promise<statements.RerouteOutcome>;
  /** Keeps that a customer has given a generation up. False when it has ended already, or there is none. */
  requestCancel(generationId: string): Promise<boolean>;
  /** Gives credits, once under a key. */
  grant(item: GrantItem): Promise<GrantOutcome>;
  /** Takes back what is left of a grant, once under a key. */
  revoke(item: RevokeItem): Promise<RevokeOutcome>;
  /** What taking back at most so many credits of a grant would come to now; null when there is no such grant. */
  previewRevocation(grantId: string, credits: number): Promise<RevocationPreview | null>;
  /** What an account has at this instant, or null when there is no such account. */
  balance(accountId: string): Promise<Balance | null>;
  /**
   * Leaves a reservation of this process to whoever sweeps next, as one that has not been sent; also one of which it is not known
   * whether it was committed. Resolves when that is kept, however long the database is away.
   */
  abandon(item: statements.Abandoned): Promise<void>;
  /** Takes over reservations that nobody answers for any more. The caller settles them. */
  adoptOrphans(limit: number): Promise<statements.Orphan[]>;
  /** Expires grants whose time has come. Returns how many accounts had some. */
  expireGrants(): Promise<number>;
  /** Says that this process lives. */
  beat(): Promise<void>;
  /** Says that this process ends in good order. */
  stop(): Promise<void>;
  /** Batches and items since the start, for metrics. */
  counts(): Record<'reserve' | 'settle', { batches: number; items: number }>;
}

/** Who wants to know what has been committed here; it must neither throw nor wait. */
export interface LedgerObserver {
  reserved(items: readonly ReserveItem[], outcomes: readonly ReserveOutcome[]): void;
  settled(items: readonly SettleItem[], outcomes: readonly SettleOutcome[]): void;
  rerouted(item: statements.RerouteItem): void;
}

/** Opens the ledger for one server process. Its first heartbeat is committed when this resolves. */
export async function openLedger(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly observer?: LedgerObserver;
}): Promise<Ledger> {
  const { database, clock, observer } = options;
  const processId = newId();
  const commit = <Item, Result>(
    send: (items: readonly Item[], retry: boolean) => Promise<readonly Result[]>,
    more: Partial<GroupCommitOptions<Item, Result>> = {},
  ) => new GroupCommit<Item, Result>({ send, isTransient, maxItems: MAX_BATCH, ...more });

  const reserves = commit(
    async (items: readonly ReserveItem[], retry) => {
      const outcomes = await statements.reserve(database, clock.now(), processId, items, retry);
      observer?.reserved(items, outcomes);
      return outcomes;
    },
    { retriesEndAfterMs: RESERVE_RETRIES_MS },
  );
  const settles = commit(
    async (items: readonly SettleItem[]) => {
      const outcomes = await statements.settle(database, clock.now(), items);
      observer?.settled(items, outcomes);
      return outcomes;
    },
    { keyOf: (item) => item.generationId },
  );
  /** What may have to wait for the database has its time from when it is kept: else it would be past it, and others took it up. */
  const lifeOf = (expiresAt: Date) => expiresAt.getTime() - clock.now().getTime();
  const fromNow = <Item extends { readonly livesMs: number }>(item: Item) => ({
    ...item,
    expiresAt: new Date(clock.now().getTime() + item.livesMs),
  });
  const sends = commit(
    (items: readonly Lived<statements.Sending>[], retry) =>
      statements.markSent(database, clock.now(), processId, items.map(fromNow), retry),
    HOWEVER_LONG,
  );
  const jobs = commit(
    (items: readonly statements.JobItem[]) => statements.recordJobs(database, items),
    HOWEVER_LONG,
  );
  // Each in a transaction of its own, since one that is refused is rolled back.
  const reroutes = commit(
    (items: readonly Lived<statements.RerouteItem>[], retry) =>
      Promise.all(items.map((item) => reroute(fromNow(item), retry))),
    { ...HOWEVER_LONG, maxItems: 1, lanes: REROUTE_LANES },
  );
  const abandons = commit(async (items: readonly statements.Abandoned[]) => {
    await statements.abandon(database, clock.now(), processId, items);
    return items.map(() => undefined);
  }, HOWEVER_LONG);

  async function reroute(item: statements.RerouteItem, retry: boolean): Promise<statements.RerouteOutcome> {
    let outcome = 'stale' as statements.RerouteOutcome;
    await database
      .transaction(async (sql) => {
        outcome = await statements.reroute(sql, clock.now(), processId, item, retry);
        if (outcome !== 'rerouted') throw ROLL_BACK;
      })
      .catch((error: unknown) => {
        if (error !== ROLL_BACK) throw error;
      });
    if (outcome === 'rerouted') observer?.rerouted(item);
    return outcome;
  }

  /**
   * Whether the database was away when this process last wanted to say that it lives, and since when it is there. A process that
   * starts may be the first to reach one that was away for all.
   */
  let isCutOff = true;
  let backSince: Date | undefined;

  async function beat(): Promise<void> {
    try {
      // However many reports hold the connections: whoever is not heard of is taken for dead.
      await statements.beat(database.apart, clock.now(), processId);
    } catch (error) {
      isCutOff = true;
      throw error;
    }
    if (isCutOff) backSince = clock.now();
    isCutOff = false;
  }

  await beat();
  if (database.kind === 'pglite') await statements.stopOtherProcesses(database, clock.now(), processId);

  return {
    processId,
    reserve: (item) => reserves.submit(item),
    settle: (item) => settles.submit(item),
    markSent: (generationId, expiresAt) => sends.submit({ generationId, livesMs: lifeOf(expiresAt) }),
    recordJob: (job) => jobs.submit(job),
    reroute: ({ expiresAt, ...item }) => reroutes.submit({ ...item, livesMs: lifeOf(expiresAt) }),
    requestCancel: (generationId) => statements.requestCancel(database, clock.now(), generationId),
    grant: (item) => statements.grant(database, clock.now(), newId(), item),
    revoke: (item) => statements.revoke(database, clock.now(), newId(), item),
    previewRevocation: (grantId, credits) =>
      statements.previewRevocation(database, clock.now(), grantId, credits),
    async balance(accountId) {
      const now = clock.now();
      const first = await statements.readAccountBalance(database, now, accountId);
      if (!first?.due) return first?.balance ?? null;
      await statements.touch(database, now, [accountId]);
      return (await statements.readAccountBalance(database, now, accountId))?.balance ?? null;
    },
    abandon: (item) => abandons.submit(item),
    adoptOrphans(limit) {
      const now = clock.now();
      const aliveSince = new Date(now.getTime() - DEAD_AFTER_MS);
      // While the database was away no process could say that it lives, nor settle what it has in hand: each gets the time to.
      const areHeard = !isCutOff && backSince !== undefined && backSince <= aliveSince;
      return statements.adoptOrphans(database, now, processId, areHeard ? aliveSince : null, limit);
    },
    async expireGrants() {
      let expired = 0;
      for (;;) {
        const ids = await statements.findExpired(database, clock.now(), MAX_BATCH);
        if (ids.length === 0) return expired;
        await statements.touch(database, clock.now(), ids);
        expired += ids.length;
      }
    },
    beat,
    stop: () => statements.stopBeating(database, clock.now(), processId),
    counts: () => ({ reserve: reserves.counts, settle: settles.counts }),
  };
}
