/**
 * One reader of a subscription, over a WebSocket or as server-sent events.
 *
 * States of a subscriber:
 *
 * - *abreast*: what comes is sent at once. Becomes *behind* when its connection takes no more.
 * - *behind*: events wait here. Of states the newest waits and takes the place of the one before; of happenings at most
 *   {@link MOST_WAITING}, and what comes beyond is counted and told as skipped. Becomes *abreast* when all that waited is
 *   sent, and *over* when that takes too long: the connection is cut off.
 * - *over*: nothing more is sent.
 */
import type { Caller } from '../access/index.ts';
import type { StreamEvent } from './event.ts';

/** A connection as a subscriber uses it. */
export interface Sink {
  readonly transport: 'websocket' | 'sse';
  /** Tells its reader that it is watching, which may be long before anything happens. A WebSocket's knows. */
  begin?(): void;
  /**
   * Sends an event.
   *
   * @param skipped how many its reader has missed before it.
   * @returns false when the connection takes no more at present; the event has not been sent then.
   */
  send(event: StreamEvent, skipped: number): boolean;
  /** Nothing more comes: says so. */
  end(): void;
  /** Its reader is too slow: says so as far as that can be read, and closes it. */
  cutOff(): void;
  /** The credentials have ended: says so, and closes it. */
  endCredentials(): void;
}

/** Happenings that wait for a reader. */
export const MOST_WAITING = 500;
/** How long a reader may be behind. */
export const MOST_BEHIND_MS = 10_000;

interface Waiting {
  readonly event: StreamEvent;
  readonly skipped: number;
}

/** What a subscriber belongs to. */
export interface SubscriberOptions {
  readonly caller: Caller | null;
  readonly sink: Sink;
  /** Whether each event counts, and not only the newest. */
  readonly isLossless: boolean;
  /** Called once, when it is over. */
  readonly onOver: (subscriber: Subscriber) => void;
}

/**
 * See the head of this file. As an iterator it yields nothing, since events go straight to the connection, and is done when
 * the subscription is over: so that the libraries which look after the rest know when that is.
 */
export class Subscriber implements AsyncIterableIterator<never, undefined> {
  readonly caller: Caller | null;
  readonly sink: Sink;
  /** Whether it has yet to be told the present state. */
  isNew = true;
  readonly #options: SubscriberOptions;
  readonly #over = Promise.withResolvers<void>();
  #waiting: Waiting[] = [];
  #abreast: (() => void) | undefined;
  #skipped = 0;
  #behindSince: number | null = null;
  #isLast = false;
  #isOver = false;

  constructor(options: SubscriberOptions) {
    this.caller = options.caller;
    this.sink = options.sink;
    this.#options = options;
  }

  get isBehind(): boolean {
    return this.#behindSince !== null;
  }

  /** Sends an event, or lets it wait. */
  offer(event: StreamEvent): void {
    if (this.#isOver || this.#isLast) return;
    if (!this.isBehind) {
      if (this.sink.send(event, 0)) return;
      this.#behindSince = performance.now();
    }
    if (!this.#options.isLossless) {
      this.#waiting = [{ event, skipped: 0 }];
    } else if (this.#waiting.length < MOST_WAITING) {
      this.#waiting.push({ event, skipped: this.#skipped });
      this.#skipped = 0;
    } else {
      this.#skipped += 1;
    }
  }

  /** Resolves when nothing waits for it any more, or it is over: whoever reads for it alone need not read on before. */
  abreast(): Promise<void> {
    if (!this.isBehind || this.#isOver) return Promise.resolve();
    return new Promise((resolve) => {
      this.#abreast = resolve;
    });
  }

  /** Sends what waits, as far as the connection takes it, and cuts it off when it has waited too long. */
  catchUp(now: number): void {
    if (this.#behindSince === null || this.#isOver) return;
    let sent = 0;
    for (const { event, skipped } of this.#waiting) {
      if (!this.sink.send(event, skipped)) break;
      sent += 1;
    }
    this.#waiting.splice(0, sent);
    if (this.#waiting.length === 0 && this.#skipped === 0) {
      this.#behindSince = null;
      this.#abreast?.();
      if (this.#isLast) this.#finish();
    } else if (sent > 0) {
      this.#behindSince = now;
    } else if (now - this.#behindSince > MOST_BEHIND_MS) {
      this.leave();
      this.sink.cutOff();
    }
  }

  /** The subscription ends with what has been offered. */
  complete(): void {
    this.#isLast = true;
    if (!this.isBehind) this.#finish();
  }

  /** The credentials have ended: what waits is not sent any more. */
  endCredentials(): void {
    if (this.#isOver) return;
    this.leave();
    this.sink.endCredentials();
  }

  /** It is over, whoever ended it. */
  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting = [];
    this.#abreast?.();
    this.#over.resolve();
    this.#options.onOver(this);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.sink.end();
    this.leave();
  }

  async next(): Promise<IteratorResult<never, undefined>> {
    await this.#over.promise;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<never, undefined>> {
    this.leave();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
