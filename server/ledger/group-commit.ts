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
 * a deadlock) the same batch is sent again, marked as a retry, since it may have been committed.
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
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit<Item, Result> {
  readonly #options: Required<GroupCommitOptions<Item, Result>>;
  #gathered: Waiting<Item, Result>[] = [];
  #underWay = 0;
  #scheduled = false;
  #batches = 0;
  #items = 0;

  constructor(options: GroupCommitOptions<Item, Result>) {
    this.#options = { lanes: 1, retries: 5, ...options };
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
      const batch = this.#gathered.splice(0, this.#options.maxItems);
      this.#underWay += 1;
      this.#batches += 1;
      this.#items += batch.length;
      this.#send(batch).finally(() => {
        this.#underWay -= 1;
        this.#start();
      });
    }
  }

  /** Never rejects: every failure reaches the promises of its items. */
  async #send(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    const items = batch.map((waiting) => waiting.item);
    for (let attempt = 0; ; attempt += 1) {
      try {
        const results = await this.#options.send(items, attempt > 0);
        if (results.length !== batch.length) {
          throw new Error(`A batch of ${batch.length} items came back with ${results.length} results.`);
        }
        for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] as Result);
        return;
      } catch (error) {
        if (this.#options.isTransient(error)) {
          if (attempt < this.#options.retries) {
            await wait(Math.min(10 * 2 ** attempt, 1_000) * (0.5 + Math.random()));
            continue;
          }
        } else if (batch.length > 1) {
          const middle = batch.length >> 1;
          await this.#send(batch.slice(0, middle));
          await this.#send(batch.slice(middle));
          return;
        }
        for (const waiting of batch) waiting.reject(error);
        return;
      }
    }
  }
}
