/** Who waits for what, in this process: the newest message of a channel, at its own pace. */

/** What a listener is given; `return` ends it, also while it waits. */
export type Messages<Message> = AsyncIterableIterator<Message | null, void, void> & {
  return(): Promise<IteratorResult<Message | null, void>>;
  /** Lets it yield `null` soon: its consumer should ask. */
  wake(): void;
};

/** How a listener waits. */
export interface Pace {
  /** The least time between two messages; what comes meanwhile is overtaken by the newest. 0 when not said. */
  readonly everyMs?: number;
}

/** Null wakes it without a message: it is to ask the database. */
type Listener = (message: never | null) => void;

/** The listeners of one process. */
export class Listeners {
  readonly #channels = new Map<string, Set<Listener>>();
  readonly #recheckMs: () => number;
  #count = 0;

  /** @param recheckMs how long to wait for a message before asking; looked at each time. */
  constructor(recheckMs: () => number) {
    this.#recheckMs = recheckMs;
  }

  /** How many listen. */
  get count(): number {
    return this.#count;
  }

  /** Gives a message to everyone who listens to a channel. */
  tell(channel: string, message: unknown): void {
    const found = this.#channels.get(channel);
    if (found) for (const listener of found) (listener as (message: unknown) => void)(message);
  }

  /** Lets everyone ask. */
  wakeAll(): void {
    for (const all of this.#channels.values()) for (const listener of all) listener(null);
  }

  /** Listens from now on: a generator would begin only when it is first asked. */
  listen<Message>(channel: string, { everyMs = 0 }: Pace): Messages<Message> {
    // Null: something has changed elsewhere; undefined: nothing has.
    let newest: Message | null | undefined;
    let earliest = 0;
    let ended = false;
    let resume: () => void = () => {};
    const listener = (message: Message | null) => {
      newest = message;
      resume();
    };
    const all = this.#channels.get(channel) ?? new Set<Listener>();
    this.#channels.set(channel, all);
    all.add(listener as Listener);
    this.#count += 1;

    /** Waits so long, or until something happens. */
    const wait = async (milliseconds: number, until: () => boolean) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, milliseconds);
      resume = () => {
        if (until() || ended) resolve();
      };
      await promise;
      clearTimeout(timer);
      resume = () => {};
    };
    const end = () => {
      if (ended) return;
      ended = true;
      this.#count -= 1;
      all.delete(listener as Listener);
      if (all.size === 0) this.#channels.delete(channel);
      resume();
    };

    const messages: Messages<Message> = {
      next: async () => {
        if (newest === undefined && !ended) await wait(this.#recheckMs(), () => true);
        const rest = earliest - performance.now();
        if (rest > 0 && !ended) await wait(rest, () => false);
        if (ended) return { done: true, value: undefined };
        earliest = performance.now() + everyMs;
        const message = newest;
        newest = undefined;
        return { done: false, value: message ?? null };
      },
      async return() {
        end();
        return { done: true, value: undefined };
      },
      wake: () => listener(null),
      [Symbol.asyncIterator]: () => messages,
    };
    return messages;
  }
}
