/**
 * Takes events. Each is answered as taken only once what follows from it is committed, so that a process which dies in between
 * loses nothing: Stripe sends the event again, and what has been done is not done twice.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import type { Log } from '../log.ts';
import { book } from './book.ts';
import { readEvent, type Target } from './events.ts';
import { StripeFailure } from './gateway.ts';
import { type Readers, readTarget } from './read.ts';
import * as statements from './statements/index.ts';
import { signatureProblem } from './stripe.ts';

/** What has become of an event. */
export type EventOutcome =
  /** What follows from it is in the books: now, or since it came before. */
  | { readonly status: 'done'; readonly accountId: string | null }
  /** It is kept for an operator, with the reason. */
  | { readonly status: 'kept'; readonly reason: string }
  /** It is not believed; nothing has changed. */
  | { readonly status: 'rejected'; readonly reason: string }
  /** Stripe could not be asked; nothing has changed, and Stripe sends it again. */
  | { readonly status: 'unavailable'; readonly reason: string };

/** What taking events needs. */
export interface WebhookOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly readers: Readers;
  readonly barDisputed: boolean;
  /** The secrets by which an event may be signed: several while one is being replaced. */
  secrets(): Promise<readonly string[]>;
  /** Is told of each account that something was booked for, once that is committed. */
  onChange(accountId: string): void;
}

/** The kind of object and the id that are looked at; an event to be written down in the same transaction. */
interface Task {
  readonly target: Target;
  readonly event: {
    readonly id: string;
    readonly type: string;
    readonly apiVersion: string | null;
    readonly createdAt: Date;
  } | null;
  readonly payload: unknown;
}

/** Makes what takes events. */
export function createWebhooks(options: WebhookOptions) {
  const { database, clock, log, readers, barDisputed } = options;

  const keep = async (
    event: NonNullable<Task['event']>,
    payload: unknown,
    reason: string,
  ): Promise<EventOutcome> => {
    await statements.writeEvent(database, clock.now(), { ...event, state: 'KEPT', reason, payload });
    log.warn(
      { event: event.id, type: event.type, reason },
      'An event of Stripe is kept: somebody has to look at it.',
    );
    return { status: 'kept', reason };
  };

  /** Asks Stripe how things stand, and books it. Rejects with what the database throws. */
  async function follow(task: Task): Promise<EventOutcome> {
    const { target, event, payload } = task;
    // Before anything is asked: what a later number has found is never older.
    const observation = await statements.nextObservation(database);
    let reading: Awaited<ReturnType<typeof readTarget>>;
    try {
      reading = await readTarget(readers, target);
    } catch (error) {
      if (!(error instanceof StripeFailure)) throw error;
      const reason = error.message;
      if (event && error.kind !== 'unavailable') return keep(event, payload, reason);
      return { status: 'unavailable', reason };
    }
    if (!reading.found) {
      return event ? keep(event, payload, reading.problem) : { status: 'kept', reason: reading.problem };
    }
    const found = reading;
    const note = await database.transaction(async (sql) => {
      const now = clock.now();
      const problem = await book({ sql, now, observation, barDisputed }, found);
      if (event) {
        const state = problem === null ? 'DONE' : 'KEPT';
        await statements.writeEvent(sql, now, {
          ...event,
          state,
          reason: problem,
          payload: problem && payload,
        });
      }
      return problem;
    });
    const accountId = found.payment?.accountId ?? found.subscription?.accountId ?? null;
    if (accountId !== null) options.onChange(accountId);
    if (note === null) return { status: 'done', accountId };
    log.warn({ event: event?.id, reason: note }, 'Something that Stripe told could not be booked.');
    return { status: 'kept', reason: note };
  }

  async function take(payload: unknown, body: Buffer): Promise<EventOutcome> {
    const read = readEvent(payload);
    if (read.id === null) {
      const digest = createHash('sha256').update(body).digest('hex');
      const now = clock.now();
      const event = {
        id: `unread_${digest.slice(0, 40)}`,
        type: 'unknown',
        apiVersion: null,
        createdAt: now,
      };
      return keep(event, payload, read.problem);
    }
    if (await statements.eventIsDone(database, read.id)) return { status: 'done', accountId: null };
    if (read.target === null) return keep(read, payload, read.problem ?? 'It is not understood.');
    return follow({ target: read.target, event: read, payload });
  }

  return {
    /** Takes an event as it came over the wire. */
    async take(body: Buffer, signature: string | undefined): Promise<EventOutcome> {
      const reason = signatureProblem(body, signature, await options.secrets(), clock.now());
      if (reason !== null) {
        log.warn({ reason, bytes: body.length }, 'An event was not believed to be from Stripe.');
        return { status: 'rejected', reason };
      }
      let payload: unknown;
      try {
        payload = JSON.parse(body.toString('utf8'));
      } catch {
        return { status: 'rejected', reason: 'The body is no JSON.' };
      }
      return take(payload, body);
    },
    /** Takes an event that was kept once more. Null when there is none. */
    async again(eventId: string): Promise<EventOutcome | null> {
      const kept = await statements.keptEvent(database, eventId);
      if (!kept) return null;
      return take(kept.payload, Buffer.from(JSON.stringify(kept.payload)));
    },
    /** Brings the books to what Stripe says of something, without an event. */
    sync: (target: Target) => follow({ target, event: null, payload: null }),
  };
}
