/** The door of the alerts' deliveries: channels, the outbox, and what sends from it. */
import type { Clock } from '../../clock.ts';
import type { Database, Sql } from '../../database/index.ts';
import { newId } from '../../ids.ts';
import type { Log } from '../../log.ts';
import type { Queue } from '../../queue/index.ts';
import type { Resolve } from '../../storage/index.ts';
import { newWebhookSecret } from '../../webhook-signature.ts';
import type { AlertChangeKind, AlertRecord } from '../types.ts';
import {
  applyInput,
  blankChannel,
  type ChannelInput,
  type ChannelProblem,
  TIME_ZONE_HINT,
} from './channels.ts';
import { createEmail } from './email.ts';
import { createPost } from './post.ts';
import { createSender } from './sender.ts';
import type { Channel, ChannelKind, Due } from './statements.ts';
import * as statements from './statements.ts';
import { createSlack, createWebhook } from './webhook.ts';

export { type ChannelInput, type ChannelProblem, shownTarget, timeOf } from './channels.ts';
export { MOST_ATTEMPTS, pauseAfter } from './sender.ts';
export type { Channel, ChannelKind, DeliveryReason, DeliveryState, Due } from './statements.ts';

/** Changes that one message tells of at the most. */
const MOST_CHANGES = 100;
const SEND_TIMEOUT_MS = 10_000;
/** How long a step that is due may be on its way before it counts as lost. */
const OVERDUE_MS = 5_000;
const OVERDUE_LIMIT = 200;
const DAY_MS = 86_400_000;
/** invalid_parameter_value, which is what the CHECK of the time zone raises. */
const INVALID_TIME_ZONE = '22023';

/** Puts a change into the outbox of each channel that is to be told of it. Belongs into the transaction of the change. */
export async function putIntoOutbox(
  sql: Sql,
  now: Date,
  alert: AlertRecord,
  change: AlertChangeKind,
): Promise<Due[]> {
  // Who has acknowledged an alert knows of it, and so do the others by the list.
  return change === 'ACKNOWLEDGED' ? [] : statements.addToOutbox(sql, now, alert, change, MOST_CHANGES);
}

/** What came of saving a channel. `secret` is there this once and nowhere else. */
export type SavedChannel =
  | { readonly status: 'saved'; readonly channel: Channel; readonly secret: string | null }
  | { readonly status: 'invalid'; readonly fields: readonly ChannelProblem[] };

/** Channels, and what goes to them. */
export interface Deliveries {
  channels(): Promise<Channel[]>;
  channel(id: string): Promise<Channel | null>;
  createChannel(kind: ChannelKind, input: ChannelInput, actor: string): Promise<SavedChannel>;
  /** Null when there is no such channel. */
  changeChannel(id: string, input: ChannelInput, actor: string): Promise<SavedChannel | null>;
  /** False when there is no such channel. */
  removeChannel(id: string, actor: string): Promise<boolean>;
  /** Another secret for a webhook; the one before signs too for a day. Null when there is no such webhook. */
  rotateSecret(id: string, actor: string): Promise<string | null>;
  /** Sends a test at once, without further tries. Gives the delivery's id; null when there is no such channel. */
  test(channelId: string): Promise<string | null>;
  /** Lets a dead message be tried anew. False when it is not dead, or its channel is gone. */
  retry(deliveryId: string, actor: string): Promise<boolean>;
  /** Puts messages into the queue, each for its time. Not awaited: what is lost of it is put again by the sweep. */
  wake(due: readonly Due[]): void;
  /** Takes a message as the queue hands it over: it goes as soon as its channel has a way out. */
  take(deliveryId: string): Promise<void>;
  /** Makes one try now, if it is due. */
  tryNow(deliveryId: string): Promise<void>;
  /**
   * Escalates what nobody has acknowledged, and puts again what seems to be lost.
   *
   * @param overdueMs how long a step that is due may be on its way; 5 seconds unless said otherwise.
   */
  sweep(overdueMs?: number): Promise<void>;
  /** Begins to send what the queue has. A process that only answers does not call it. */
  work(): Promise<void>;
  /** Resolves when nothing is under way in this process. */
  idle(): Promise<void>;
  /** Begins no further try, and waits for those under way. What waits is another process's, or the next start's. */
  stop(): Promise<void>;
}

/** What deliveries go by. */
export interface DeliveryOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly queue: Queue;
  /** Lets webhooks lead into the operator's own network. */
  readonly allowPrivateHosts: boolean;
  /** Undefined: no e-mail can be sent. */
  readonly smtp: { readonly url: string; readonly from: string } | undefined;
  /** How long a receiver may take, in milliseconds; 10 seconds unless said otherwise. */
  readonly timeoutMs?: number | undefined;
  /** Replaces the system's resolver. For tests. */
  readonly resolve?: Resolve | undefined;
}

/** Makes the deliveries of one process. */
export function createDeliveries(options: DeliveryOptions): Deliveries {
  const { database, clock, log, queue, allowPrivateHosts, smtp } = options;
  const rules = { allowPrivateHosts, hasSmtp: smtp !== undefined };
  const timeoutMs = options.timeoutMs ?? SEND_TIMEOUT_MS;
  const post = createPost({ allowPrivateHosts, timeoutMs, resolve: options.resolve });

  const put = ({ deliveryId, dueAt, waits }: Due) => {
    const afterMs = dueAt.getTime() - clock.now().getTime();
    // What waits for later is only to be hurried when it has become due.
    const putting =
      waits && afterMs <= 0
        ? queue.hurry('deliver', deliveryId)
        : queue.put('deliver', deliveryId, Math.max(afterMs, 0));
    putting.catch((error: unknown) =>
      log.warn({ deliveryId, error }, 'A message could not be put into the queue; the sweep puts it again.'),
    );
  };
  const sender = createSender({
    database,
    clock,
    log,
    sends: { WEBHOOK: createWebhook(post, clock), SLACK: createSlack(post), EMAIL: createEmail(smtp) },
    put,
  });
  const noted = (actor: string) => ({ auditId: newId(), actor });

  /** Checks an input and keeps what it makes of a channel. */
  async function save(
    before: Channel,
    input: ChannelInput,
    secret: string | null,
    write: (channel: Channel) => Promise<void>,
  ): Promise<SavedChannel> {
    const applied = await applyInput(database, before, input, rules, clock.now());
    if ('fields' in applied) return { status: 'invalid', fields: applied.fields };
    try {
      await write(applied.channel);
    } catch (error) {
      if ((error as { code?: unknown }).code !== INVALID_TIME_ZONE) throw error;
      return { status: 'invalid', fields: [{ path: 'timeZone', message: TIME_ZONE_HINT }] };
    }
    return { status: 'saved', channel: applied.channel, secret };
  }

  const deliveries: Deliveries = {
    channels: () => statements.readChannels(database),
    channel: async (id) => (await statements.readChannels(database, id))[0] ?? null,
    createChannel(kind, input, actor) {
      const secret = kind === 'WEBHOOK' ? newWebhookSecret() : null;
      return save(blankChannel(newId(), kind, clock.now()), input, secret, (channel) =>
        statements.insertChannel(database, channel, secret, noted(actor)),
      );
    },
    async changeChannel(id, input, actor) {
      const before = await deliveries.channel(id);
      if (!before) return null;
      return save(before, input, null, (channel) =>
        statements.updateChannel(database, channel, noted(actor)),
      );
    },
    removeChannel: (id, actor) => statements.removeChannel(database, id, clock.now(), noted(actor)),
    async rotateSecret(id, actor) {
      const secret = newWebhookSecret();
      const now = clock.now();
      const times = { now, oldUntil: new Date(now.getTime() + DAY_MS) };
      return (await statements.rotateSecret(database, id, secret, times, noted(actor))) ? secret : null;
    },
    async test(channelId) {
      if (!(await deliveries.channel(channelId))) return null;
      const id = newId();
      await statements.addTest(database, clock.now(), channelId, id);
      await sender.tryNow(id);
      return id;
    },
    async retry(deliveryId, actor) {
      const now = clock.now();
      const revived = await statements.revive(database, deliveryId, now, noted(actor));
      if (revived) put({ deliveryId, dueAt: now, waits: false });
      return revived;
    },
    wake(due) {
      for (const each of due) put(each);
    },
    take: sender.take,
    tryNow: sender.tryNow,
    async sweep(overdueMs = OVERDUE_MS) {
      const now = clock.now();
      deliveries.wake(await statements.addEscalations(database, now, MOST_CHANGES));
      const overdue = new Date(now.getTime() - overdueMs);
      await queue.putAll('deliver', await statements.readOverdue(database, overdue, now, OVERDUE_LIMIT));
    },
    work: () => queue.workDeliveries(sender.take),
    idle: sender.idle,
    stop: sender.stop,
  };
  return deliveries;
}
