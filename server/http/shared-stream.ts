/**
 * One subscription that is executed once for all who ask for the same: one computation and one writing of each event, and the
 * same bytes to everybody.
 */
import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Stream } from '../../schema/index.ts';
import { type StreamEvent, writeEvent } from './event.ts';
import { noteRequestId } from './request-id.ts';
import type { Subscriber } from './subscriber.ts';

/** Happenings that whoever comes later is told first. */
const KEPT = 10;

/** What a stream is made of. */
export interface StreamOptions {
  /** The name of the subscription's field, for metrics. */
  readonly field: string;
  /** Whether each event counts, and not only the newest. */
  readonly isLossless: boolean;
  /** Whether others may join it. One that is somebody's own waits for its reader. */
  readonly isShared: boolean;
  /** Executes it, in a context of the stream's own. */
  readonly start: (stream: Stream) => Promise<ExecutionResult | AsyncIterable<ExecutionResult>>;
  /** Called before each event is waited for and executed. */
  readonly beforeEvent: () => void;
  /** What an unexpected error is to the outside. */
  readonly mask: (error: unknown) => Error;
  /** Ends those whose credentials have ended, before they are told anything. */
  readonly check: (subscribers: Iterable<Subscriber>) => Promise<void>;
  /** Called when an event has been offered to all. */
  readonly onEvent: (stream: SharedStream) => void;
  /** Called once, when nobody is left or nothing more can come. */
  readonly onOver: (stream: SharedStream) => void;
}

const isIterable = (
  result: ExecutionResult | AsyncIterable<ExecutionResult>,
): result is AsyncIterable<ExecutionResult> => Symbol.asyncIterator in result;

/** See the head of this file. */
export class SharedStream {
  readonly field: string;
  readonly isLossless: boolean;
  readonly subscribers = new Set<Subscriber>();
  /** Resolves when it has begun: with the answer that it is instead, or null. Rejects when it could not be executed. */
  readonly begun: Promise<ExecutionResult | null>;
  readonly #options: StreamOptions;
  #kept: StreamEvent[] = [];
  #iterator: AsyncIterator<ExecutionResult> | undefined;
  #ask: () => void = () => {};
  #lost = 0;
  #isOver = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.field = options.field;
    this.isLossless = options.isLossless;
    this.begun = this.#begin();
  }

  /** Adds a reader, before {@link begun} is awaited: a stream without readers ends. */
  add(subscriber: Subscriber): void {
    this.subscribers.add(subscriber);
    if (this.isLossless) {
      if (this.#kept.length > 0) subscriber.isNew = false;
      for (const event of this.#kept) subscriber.offer(event);
    } else if (this.#kept.length > 0) {
      // What the others were told last may be a moment old: whoever comes new is told first what holds now.
      this.#ask();
    }
  }

  remove(subscriber: Subscriber): void {
    if (this.subscribers.delete(subscriber) && this.subscribers.size === 0) void this.#end();
  }

  async #begin(): Promise<ExecutionResult | null> {
    try {
      const result = await this.#options.start({
        onAsk: (ask) => {
          this.#ask = ask;
        },
        onUnchanged: () => this.#greet(),
        onSkipped: (count) => {
          this.#lost += count;
        },
      });
      if (!isIterable(result)) {
        this.#over();
        return this.#masked(result);
      }
      this.#iterator = result[Symbol.asyncIterator]();
      if (this.#isOver) void this.#end();
      else void this.#run(this.#iterator);
      return null;
    } catch (error) {
      this.#over();
      throw error;
    }
  }

  async #run(iterator: AsyncIterator<ExecutionResult>): Promise<void> {
    try {
      for (;;) {
        this.#options.beforeEvent();
        const { done, value } = await iterator.next();
        if (done || this.#isOver) break;
        await this.#tell(this.#masked(value));
        if (!this.#options.isShared) for (const subscriber of this.subscribers) await subscriber.abreast();
      }
    } catch (error) {
      await this.#tell({ errors: [this.#mask(error)] });
    }
    for (const subscriber of this.subscribers) subscriber.complete();
    this.#over();
  }

  async #tell(result: ExecutionResult): Promise<void> {
    const event = writeEvent(result, this.#lost);
    this.#lost = 0;
    await this.#options.check(this.subscribers);
    // In one go with what follows: whoever joins is told what is kept, and neither misses this one nor has it twice.
    this.#kept = this.isLossless ? [...this.#kept, event].slice(-KEPT) : [event];
    for (const subscriber of this.subscribers) {
      subscriber.isNew = false;
      subscriber.offer(event);
    }
    this.#options.onEvent(this);
  }

  /** Tells whoever has come new what the others know. */
  #greet(): void {
    const [event] = this.#kept;
    if (!event) return;
    for (const subscriber of this.subscribers) {
      if (!subscriber.isNew) continue;
      subscriber.isNew = false;
      subscriber.offer(event);
    }
  }

  #masked(result: ExecutionResult): ExecutionResult {
    if (!result.errors) return result;
    return { ...result, errors: result.errors.map((error) => this.#mask(error)) };
  }

  #mask(error: unknown): GraphQLError {
    const masked = this.#options.mask(error);
    const shown = masked instanceof GraphQLError ? masked : new GraphQLError(masked.message);
    noteRequestId([shown]);
    return shown;
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onOver(this);
  }

  async #end(): Promise<void> {
    this.#over();
    try {
      await this.#iterator?.return?.();
    } catch (error) {
      // Nobody is left who could be told.
      this.#options.mask(error);
    }
  }
}
