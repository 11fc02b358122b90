import { setTimeout as wait } from 'node:timers/promises';

/**
 * Gathers items while a batch is under way and sends them as the next one. An idle system sends at once, so a
 * lone item waits for nobody; under load a transaction carries as many items as came while the last one ran.
 *
 * States of a GroupCommit:
 *
 * - *idle*: nothing under way. The first item starts a batch at the end of the present turn of the event loop, so
 *   that what arrives in the same turn travels together. Becomes *busy*.
 * - *busy*: as many batches under way as `lanes` allows. Items gather. When a batch ends, the gathered ones start
 *   at once; with none gathered and none under way it becomes *idle*.
 *
 * One bad item never fails its neighbours: a batch that fails for another reason than a passing one is cut in
 * halves until the bad item stands alone, and only its promise rejects. After a passing failure (a lost connection,
 * a deadlock) the same batch is sent again, marked as a retry, since it may have been committed; so are its halves.
 * A batch whose results do not match its items has been committed: it is never sent again, and all of it rejects.
 */
export interface GroupCommitOptions<Item, Result> {
  /**
   * Sends one batch in one transaction.
   *
   * @param retry true when the batch may have been committed before.
   * @returns a result an item, in order.
   */
  readonly send: (items: readonly Item[], retry: boolean) => Promise<readonly Result[]>;
  /** Whether a failure may be gone on another try. */
  readonly isTransient: (error: unknown) => boolean;
  /** Items in one batch at the most. */
  readonly maxItems: number;
  /** Batches under way at the same time. More than one only helps where transactions do not wait for each other. */
  readonly lanes?: number;
  /** How often a batch is sent again after a passing failure. */
  readonly retries?: number;
  /** A passing failure so long after a batch was first sent is final, also for what has gathered meanwhile; never when left out. */
  readonly retriesEndAfterMs?: number;
  /** Items with the same key never travel in one batch; the later waits for the next. */
  readonly keyOf?: (item: Item) => string;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

const DEFAULTS = { lanes: 1, retries: 5, retriesEndAfterMs: Number.POSITIVE_INFINITY };

/** See {@link GroupCommitOptions} for its states and for what becomes of failures. */
export class GroupCommit<Item, Result> {
  readonly #options: GroupCommitOptions<Item, Result> & typeof DEFAULTS;
  #gathered: Waiting<Item, Result>[] = [];
  #underWay = 0;
  #scheduled = false;
  #batches = 0;
  #items = 0;

  constructor(options: GroupCommitOptions<Item, Result>) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Batches and items sent so far, for metrics. */
  get counts(): { batches: number; items: number } {
    return { batches: this.#batches, items: this.#items };
  }

  /** Adds an item to the next batch. Resolves when its transaction is committed. */
  submit(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#gathered.push({ item, resolve, reject });
      if (!this.#scheduled && this.#underWay < this.#options.lanes) {
        this.#scheduled = true;
        setImmediate(() => {
          this.#scheduled = false;
          this.#start();
        });
      }
    });
  }

  #start(): void {
    while (this.#gathered.length > 0 && this.#underWay < this.#options.lanes) {
      const batch = this.#take();
      this.#underWay += 1;
      this.#batches += 1;
      this.#items += batch.length;
      let released = false;
      const release = () => {
        if (released) return;
        released = true;
        this.#underWay -= 1;
        this.#start();
      };
      this.#send(batch, false, release).finally(release);
    }
  }

  /** Takes the next batch from what has gathered. */
  #take(): Waiting<Item, Result>[] {
    const { keyOf, maxItems } = this.#options;
    if (!keyOf) return this.#gathered.splice(0, maxItems);
    const keys = new Set<string>();
    const batch: Waiting<Item, Result>[] = [];
    const left: Waiting<Item, Result>[] = [];
    let looked = 0;
    for (const waiting of this.#gathered) {
      if (batch.length === maxItems) break;
      looked += 1;
      const key = keyOf(waiting.item);
      if (keys.has(key)) {
        left.push(waiting);
      } else {
        keys.add(key);
        batch.push(waiting);
      }
    }
    this.#gathered = left.concat(this.#gathered.slice(looked));
    return batch;
  }

  /** Never rejects: every failure reaches the promises of its items. */
  async #send(
    batch: readonly Waiting<Item, Result>[],
    sentBefore: boolean,
    release: () => void = () => {},
  ): Promise<void> {
    const items = batch.map((waiting) => waiting.item);
    const reject = (error: unknown) => {
      for (const waiting of batch) waiting.reject(error);
    };
    const startedAt = performance.now();
    let retry = sentBefore;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const results = await this.#options.send(items, retry);
        // The next batch is on its way before the results of this one are looked at.
        release();
        if (results.length === batch.length) {
          for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] as Result);
        } else {
          reject(new Error(`A batch of ${batch.length} items came back with ${results.length} results.`));
        }
        return;
      } catch (error) {
        if (this.#options.isTransient(error)) {
          retry = true;
          const { retries, retriesEndAfterMs } = this.#options;
          const isOver = performance.now() - startedAt >= retriesEndAfterMs;
          if (attempt < retries && !isOver) {
            await wait(Math.min(10 * 2 ** attempt, 1_000) * (0.5 + Math.random()));
            continue;
          }
          // What has gathered would find out one batch after the other, each as long as this one.
          if (isOver) for (const waiting of this.#gathered.splice(0)) waiting.reject(error);
        } else if (batch.length > 1) {
          const middle = batch.length >> 1;
          await this.#send(batch.slice(0, middle), retry);
          await this.#send(batch.slice(middle), retry);
          return;
        }
        reject(error);
        return;
      }
    }
  }
}
