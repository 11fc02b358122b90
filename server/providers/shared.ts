/** What is asked for by several at the same time, or soon after each other, and is asked for once. */
import type { Heard } from './heard.ts';

/** Requests under way, and answers that are kept for a while for those who ask next. */
export class Shared<Value> {
  readonly #most: number;
  readonly #keepMs: number;
  // Apart from what is kept: who asks again before the answer is there must never begin anew.
  readonly #asked = new Map<string, Promise<Heard<Value>>>();
  readonly #kept = new Map<string, Heard<Value>>();

  /** @param keepMs how long an answer is kept, of which there are at most `most`; 0 for only while it is on its way. */
  constructor(most = 0, keepMs = 0) {
    this.#most = most;
    this.#keepMs = keepMs;
  }

  /** What was heard, or will be; asked for by `make` if nobody has asked yet. */
  get(key: string, make: () => Promise<Heard<Value>>): Promise<Heard<Value>> {
    const kept = this.#kept.get(key);
    if (kept) return Promise.resolve(kept);
    const asked = this.#asked.get(key);
    if (asked) return asked;
    const made = make();
    this.#asked.set(key, made);
    void made.then((heard) => {
      this.#asked.delete(key);
      if (this.#keepMs > 0 && 'answer' in heard) this.#keep(key, heard);
    });
    return made;
  }

  /** Lets go of an answer that nobody will ask for again. */
  forget(key: string): void {
    this.#kept.delete(key);
  }

  #keep(key: string, heard: Heard<Value>): void {
    this.#kept.set(key, heard);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#most && oldest !== undefined) this.#kept.delete(oldest);
    const forget = () => {
      if (this.#kept.get(key) === heard) this.#kept.delete(key);
    };
    setTimeout(forget, this.#keepMs).unref();
  }
}

/** For what is given up by nobody, but has a deadline of its own. */
export const NEVER = new AbortController().signal;

/** What is promised, or null when the signal comes first. */
export async function inTime<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | null> {
  if (signal.aborted) return null;
  const { promise: given, resolve } = Promise.withResolvers<null>();
  const giveUp = () => resolve(null);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([promise, given]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
