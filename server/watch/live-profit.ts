/**
 * What the present hour and day cost and earned, for whoever watches: computed once a process however many do, only while
 * somebody does, after something has changed, and at most four times a second.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { type Database, isTransient } from '../database/index.ts';
import { EVENT_MS, Listeners, type Live, type Messages } from '../live/index.ts';
import type { Log } from '../log.ts';
import type { Protection, ProtectionRoom } from '../protection/index.ts';
import { outOfScope } from '../request.ts';
import type { ProfitSums, WindowSums } from './statements.ts';
import * as statements from './statements.ts';
import { type LiveWindow, startOf } from './windows.ts';

/** How the business stands in a window. */
export interface LiveProfit extends WindowSums {
  /** Rises by one with each state of a window, in this process. */
  readonly sequence: number;
  /** When it was read. */
  readonly at: Date;
  readonly window: LiveWindow;
  readonly protection: Protection;
  /** The dearest accounts, at most {@link TOP_ACCOUNTS}. */
  readonly topAccounts: readonly ProfitSums[];
  readonly reservationsOpen: number;
}

/** Somebody who watches; `changes` must be ended. */
export interface LiveProfitWatch {
  readonly changes: Messages<LiveProfit>;
  /** The state that holds when this is called, or later. Takes a moment when it has just been read. */
  read(): Promise<LiveProfit>;
}

/** How many accounts are told. */
const TOP_ACCOUNTS = 5;
/** Accounts are many: they are read again when so many times what reading them took has passed. */
const TOP_PART = 20;

/** What the topics of a process read. */
export interface LiveProfitOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly live: Live;
  readonly protection: ProtectionRoom;
}

/** One window of one process. */
export class LiveProfitTopic {
  readonly #options: LiveProfitOptions;
  readonly #window: LiveWindow;
  readonly #listeners: Listeners;
  #signals: Messages<null> | undefined;
  #state: LiveProfit | undefined;
  #fingerprint = '';
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<LiveProfit> | undefined;
  #next: Promise<LiveProfit> | undefined;
  #soon: Promise<LiveProfit> | undefined;
  #top:
    | { readonly start: number; readonly until: number; readonly accounts: readonly ProfitSums[] }
    | undefined;
  #sequence = 0;
  #computed = 0;

  constructor(options: LiveProfitOptions, window: LiveWindow) {
    this.#options = options;
    this.#window = window;
    // The topic itself asks now and then; those who listen to it are told.
    this.#listeners = new Listeners(() => 30_000);
  }

  /** How often it has been computed, for tests and metrics. */
  get computed(): number {
    return this.#computed;
  }

  /** Begins to watch. */
  watch(): LiveProfitWatch {
    const messages = this.#listeners.listen<LiveProfit>(this.#window, { everyMs: EVENT_MS });
    if (!this.#signals) {
      const signals = this.#options.live.listen('books', '', { everyMs: EVENT_MS });
      this.#signals = signals;
      outOfScope(() => void this.#follow(signals));
    }
    const end = messages.return.bind(messages);
    const changes: Messages<LiveProfit> = {
      ...messages,
      return: async () => {
        const ended = await end();
        if (this.#listeners.count === 0) {
          // Gone before they are waited for: whoever begins to watch meanwhile has signals of its own.
          const signals = this.#signals;
          this.#signals = undefined;
          await signals?.return();
        }
        return ended;
      },
      [Symbol.asyncIterator]: () => changes,
    };
    return { changes, read: () => this.#current() };
  }

  async #follow(signals: Messages<null>): Promise<void> {
    for await (const _ of signals) {
      try {
        await this.#read();
      } catch (error) {
        if (!isTransient(error)) this.#options.log.error({ error }, 'The live profit could not be read.');
      }
    }
  }

  /** What holds now. Whoever asks within the time of one event shares one reading, at its end. */
  #current(): Promise<LiveProfit> {
    const rest = this.#readAt + EVENT_MS - performance.now();
    if (rest <= 0) return this.#read();
    this.#soon ??= pause(rest).then(() => {
      this.#soon = undefined;
      return this.#read();
    });
    return this.#soon;
  }

  /** Reads what holds from now on: a reading that is under way may have begun before what is asked for. */
  #read(): Promise<LiveProfit> {
    if (this.#reading) {
      this.#next ??= this.#reading
        .catch(() => {})
        .then(() => {
          this.#next = undefined;
          return this.#read();
        });
      return this.#next;
    }
    this.#reading = this.#compute().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #compute(): Promise<LiveProfit> {
    const { database, clock, protection } = this.#options;
    this.#computed += 1;
    this.#readAt = performance.now();
    const at = clock.now();
    const start = startOf(this.#window, at);
    const [sums, topAccounts, reservationsOpen, state] = await Promise.all([
      statements.readSums(database, this.#window, start),
      this.#readTop(start),
      statements.countOpen(database),
      protection.read(),
    ]);
    const found = { ...sums, window: this.#window, protection: state, topAccounts, reservationsOpen };
    const fingerprint = JSON.stringify(found, (_key, value) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
    if (this.#state && fingerprint === this.#fingerprint) return this.#state;
    this.#fingerprint = fingerprint;
    this.#sequence += 1;
    this.#state = { ...found, sequence: this.#sequence, at };
    this.#listeners.tell(this.#window, this.#state);
    return this.#state;
  }

  async #readTop(start: Date): Promise<readonly ProfitSums[]> {
    const before = performance.now();
    if (this.#top?.start === start.getTime() && before < this.#top.until) return this.#top.accounts;
    const { database } = this.#options;
    const accounts = await statements.readTopAccounts(database, this.#window, start, TOP_ACCOUNTS);
    const now = performance.now();
    this.#top = { start: start.getTime(), until: now + TOP_PART * (now - before), accounts };
    return accounts;
  }
}
