/**
 * Sends messages, each until its receiver has taken it or there is no use in another try.
 *
 * States of a delivery:
 *
 * - WAITING: its time has not come, or nobody has taken it. Before its first try it still takes up further changes.
 * - SENDING: one process has it, for a minute; a process that dies leaves it to another after that. From here on it tells
 *   of what it tells of: a receiver may have had it although we do not know, so each try sends the same under the same id.
 * - DELIVERED, DEAD: the end. A dead one goes back to WAITING when an operator asks for it.
 *
 * Each channel has two ways out in a process, and no more: a receiver that hangs holds up its own messages and no other's.
 */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../database/index.ts';
import type { Log } from '../../log.ts';
import * as alertStatements from '../statements.ts';
import type { Send, Sent } from './message.ts';
import type { ChannelKind, Claimed, Due } from './statements.ts';
import * as statements from './statements.ts';

/** How long a process has a message for itself. More than any way of sending takes. */
const CLAIM_MS = 60_000;
/** Tries of one message. */
export const MOST_ATTEMPTS = 8;
const FIRST_PAUSE_MS = 10_000;
const PAUSE_FACTOR = 4;
/** Ways out to one channel, in one process. */
const WAYS = 2;
/** Messages that queue up for one channel in this process. What is beyond is put again by the sweep. */
const MOST_QUEUED = 500;

/** The pause after a try that failed, in milliseconds: 10 s, 40 s, …, 11 h. */
export function pauseAfter(attempts: number): number {
  return FIRST_PAUSE_MS * PAUSE_FACTOR ** (attempts - 1);
}

/** Sends for one process. */
export interface Sender {
  /** Takes a message to be sent as soon as its channel has a way out. Resolves at once; nothing of it throws. */
  take(deliveryId: string): Promise<void>;
  /** Makes one try now, if it is due and nobody else has it; resolves with its end. */
  tryNow(deliveryId: string): Promise<void>;
  /** Resolves when nothing is under way in this process. */
  idle(): Promise<void>;
}

interface Lane {
  readonly queued: Set<string>;
  active: number;
}

/** Makes the sender of one process. */
export function createSender(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly sends: Readonly<Record<ChannelKind, Send>>;
  /** Puts the next step of a message into the queue. */
  readonly put: (due: Due) => void;
}): Sender {
  const { database, clock, log, sends, put } = options;
  const lanes = new Map<string, Lane>();
  const underWay = new Set<Promise<void>>();

  async function send(claimed: Claimed): Promise<Sent> {
    const { id, reason, createdAt, sequences, channel } = claimed;
    try {
      const changes = await alertStatements.readChanges(database, sequences);
      return await sends[channel.kind]({ id, reason, createdAt, changes }, channel);
    } catch (error) {
      log.error({ deliveryId: id, error }, 'A message of the alerts could not be made.');
      return { status: 'failed', detail: 'The message could not be made; see the log.' };
    }
  }

  async function finish(claimed: Claimed, sent: Sent): Promise<void> {
    const { id, attempts, reason, channel } = claimed;
    const now = clock.now();
    if (sent.status === 'delivered') {
      await statements.finish(database, claimed, { state: 'DELIVERED', at: now });
      return;
    }
    const about = { deliveryId: id, channel: channel.name, attempts, detail: sent.detail };
    if (sent.final || reason === 'TEST' || attempts >= MOST_ATTEMPTS) {
      log.warn(about, 'A message of the alerts is dead: it is tried again when an operator asks for it.');
      await statements.finish(database, claimed, { state: 'DEAD', error: sent.detail });
      return;
    }
    log.info(about, 'A message of the alerts could not be delivered; it is tried again.');
    const dueAt = new Date(now.getTime() + Math.max(pauseAfter(attempts), sent.retryAfterMs ?? 0));
    await statements.finish(database, claimed, { state: 'WAITING', error: sent.detail, dueAt });
    put({ deliveryId: id, dueAt, waits: false });
  }

  async function tryNow(deliveryId: string): Promise<void> {
    const now = clock.now();
    const quietUntil = await statements.putOffForQuiet(database, deliveryId, now);
    const claimed = quietUntil
      ? null
      : await statements.claim(database, deliveryId, now, new Date(now.getTime() + CLAIM_MS));
    if (claimed) {
      await finish(claimed, await send(claimed));
      return;
    }
    // The step came before its time.
    const dueAt = quietUntil ?? (await statements.dueTimeOf(database, deliveryId));
    if (dueAt) put({ deliveryId, dueAt, waits: false });
  }

  function go(channelId: string, lane: Lane): void {
    while (lane.active < WAYS) {
      const [next] = lane.queued;
      if (next === undefined) break;
      lane.queued.delete(next);
      lane.active += 1;
      const work = tryNow(next)
        .catch((error: unknown) =>
          log.warn(
            { deliveryId: next, error },
            'A message could not be worked off; the sweep puts it again.',
          ),
        )
        .finally(() => {
          underWay.delete(work);
          lane.active -= 1;
          go(channelId, lane);
        });
      underWay.add(work);
    }
    if (lane.active === 0) lanes.delete(channelId);
  }

  return {
    async take(deliveryId) {
      const channelId = await statements.channelOf(database, deliveryId);
      if (channelId === null) return;
      const lane = lanes.get(channelId) ?? { queued: new Set<string>(), active: 0 };
      lanes.set(channelId, lane);
      if (lane.queued.size < MOST_QUEUED) lane.queued.add(deliveryId);
      go(channelId, lane);
    },
    tryNow,
    async idle() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}
