import { Recent } from './recent.ts';

interface Answer<Value> {
  readonly value: Value;
  readonly askedAt: number;
}

interface Reading<Value> {
  readonly value: Promise<Value | null>;
  readonly askedAt: number;
}

/**
 * Answers from the database, remembered for a moment: what stands under a hash or an id.
 *
 * An answer is at most `cacheMs` old, counted from when the question was put, so what another process changes
 * holds here within that time. What this process changes holds at once: {@link forget} drops the answer, and a
 * reading that is under way meanwhile is repeated before anybody gets it. Many who ask the same at once share one
 * reading. Instants are milliseconds of the caller's clock.
 */
export class Lookup<Value> {
  readonly #read: (name: string) => Promise<Value | null>;
  readonly #cacheMs: number;
  readonly #found: Recent<Answer<Value>>;
  /** Few and apart, so that a flood of wrong keys neither fills memory nor drives out the right ones. */
  readonly #missing = new Recent<number>(1_000);
  readonly #underWay = new Map<string, Reading<Value>>();
  #changes = 0;

  constructor(read: (name: string) => Promise<Value | null>, cacheMs: number, size: number) {
    this.#read = read;
    this.#cacheMs = cacheMs;
    this.#found = new Recent(size);
  }

  /** The remembered answer, while it is fresh. Undefined says nothing about whether there is one. */
  peek(name: string, now: number): Value | undefined {
    const answer = this.#found.get(name);
    return answer !== undefined && this.#isFresh(answer.askedAt, now) ? answer.value : undefined;
  }

  /** The answer, remembered or read. Null: there is none. */
  async get(name: string, now: number): Promise<Value | null> {
    const known = this.peek(name, now);
    if (known !== undefined) return known;
    const missedAt = this.#missing.get(name);
    if (missedAt !== undefined && this.#isFresh(missedAt, now)) return null;

    const underWay = this.#underWay.get(name);
    if (underWay && this.#isFresh(underWay.askedAt, now)) return underWay.value;
    const reading = { value: this.#load(name, now), askedAt: now };
    this.#underWay.set(name, reading);
    try {
      return await reading.value;
    } finally {
      if (this.#underWay.get(name) === reading) this.#underWay.delete(name);
    }
  }

  /** Called once a change in the database is committed. */
  forget(name: string): void {
    this.#changes += 1;
    this.#found.delete(name);
    this.#missing.delete(name);
  }

  async #load(name: string, now: number): Promise<Value | null> {
    for (;;) {
      const changes = this.#changes;
      const value = await this.#read(name);
      // Something was revoked while the answer was on its way, perhaps this: it may already be wrong.
      if (changes !== this.#changes) continue;
      if (value === null) this.#missing.set(name, now);
      else this.#found.set(name, { value, askedAt: now });
      return value;
    }
  }

  #isFresh(askedAt: number, now: number): boolean {
    // A clock that was put back must not keep an answer alive.
    return now >= askedAt && now - askedAt < this.#cacheMs;
  }
}
