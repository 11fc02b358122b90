/**
 * What it costs to take the next steps out of the queue: with 100 that wait beside 10,000, half of each for a later time.
 * Both sides are picked from by the library's own statements over connections as the server's, one pick after the other.
 */
import { PgBoss } from 'pg-boss';
import type { Database, NativePostgres } from '../../server/database/index.ts';
import { newId } from '../../server/ids.ts';
import { createLog } from '../../server/log.ts';
import { connectionsTo, NAMES, openQueue, type Queue, WORKERS } from '../../server/queue/index.ts';
import type { Bench } from './bench.ts';
import { type BenchDatabase, createDatabase, open, postgresSettings } from './support/database.ts';
import { figure, figures, median, ratios, type Spread, spread } from './support/statistics.ts';

const FEW = 100;
const MANY = 10_000;
const TARGET_RATIO = 1.5;
/** Steps in a pick: one, and as many as the workers of each kind take. */
const SIZES = [...new Set([1, ...WORKERS.map(({ batchSize }) => batchSize)])];
const ROUNDS = 6;
const PICKS = 200;
/** Puts at once while a side is filled. */
const LANES = 4;
const MINUTE_MS = 60_000;

/** A queue in a database of its own, with as many steps waiting as it says, before and after each pick. */
class Waiting implements AsyncDisposable {
  readonly count: number;
  readonly #benchDatabase: BenchDatabase;
  readonly #database: Database;
  readonly #queue: Queue;
  readonly #boss: PgBoss;

  private constructor(
    count: number,
    benchDatabase: BenchDatabase,
    database: Database,
    queue: Queue,
    boss: PgBoss,
  ) {
    this.count = count;
    this.#benchDatabase = benchDatabase;
    this.#database = database;
    this.#queue = queue;
    this.#boss = boss;
  }

  static async fill(count: number): Promise<Waiting> {
    const benchDatabase = await createDatabase('queue');
    const database = await open(benchDatabase.url, 2);
    const queue = await openQueue({ database, log: createLog({ level: 'error' }) });
    const boss = new PgBoss({
      ...connectionsTo(database.native as NativePostgres),
      supervise: false,
      schedule: false,
    });
    await boss.start();
    const lane = async () => {
      // As jobs come: a step at a time, those for later among those for now.
      for (let index = 0; index < count / LANES; index += 1) {
        const afterMs = index % 2 === 0 ? 0 : (10 + Math.random() * 60) * MINUTE_MS;
        await queue.put('check', newId(), afterMs);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return new Waiting(count, benchDatabase, database, queue, boss);
  }

  /** Takes steps and completes them, so many at once. Gives the milliseconds of each pick. */
  async pick(size: number, picks: number): Promise<number[]> {
    const took: number[] = [];
    for (let index = 0; index < picks; index += 1) {
      const startedAt = performance.now();
      const jobs = await this.#boss.fetch(NAMES.check, { batchSize: size });
      const ids = jobs.map(({ id }) => id);
      await this.#boss.complete(NAMES.check, ids);
      took.push(performance.now() - startedAt);
      if (ids.length !== size) throw new Error(`A pick of ${size} found ${ids.length}.`);
      await this.#queue.putAll('check', ids.map(newId));
    }
    return took;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#boss.stop({ graceful: false });
    await this.#queue.stop(1_000);
    await this.#database.close();
    await this.#benchDatabase[Symbol.asyncDispose]();
  }
}

interface Found {
  readonly size: number;
  readonly few: Spread;
  readonly many: Spread;
  readonly ratio: Spread;
}

export const queue: Bench = {
  name: 'queue',
  needsPostgres: true,
  async run() {
    await using few = await Waiting.fill(FEW);
    await using many = await Waiting.fill(MANY);
    const found: Found[] = [];
    for (const size of SIZES) {
      const medians = new Map<Waiting, number[]>([
        [few, []],
        [many, []],
      ]);
      for (let round = 0; round < ROUNDS; round += 1) {
        const order = round % 2 === 0 ? [few, many] : [many, few];
        for (const side of order) medians.get(side)?.push(median(await side.pick(size, PICKS)));
      }
      const [fewMs = [], manyMs = []] = medians.values();
      found.push({ size, few: spread(fewMs), many: spread(manyMs), ratio: ratios(manyMs, fewMs) });
    }
    return {
      question: `taking and completing the next steps with ${MANY.toLocaleString('en')} waiting beside ${FEW}, half of them for later`,
      configuration: {
        ...(await postgresSettings()),
        picksARound: PICKS,
        rounds: ROUNDS,
        statistics: 'none: no ANALYZE between filling and picking',
      },
      columns: ['steps a pick', `ms with ${FEW}`, `ms with ${MANY.toLocaleString('en')}`, 'ratio'],
      rows: found.map((one) => [String(one.size), figures(one.few), figures(one.many), figures(one.ratio)]),
      targets: found.map(({ size, ratio }) => ({
        what: `a pick of ${size} with ${MANY.toLocaleString('en')} waiting over one with ${FEW}`,
        target: `< ${TARGET_RATIO}`,
        found: figure(ratio.median),
        met: ratio.median < TARGET_RATIO,
      })),
      notes: [
        'As many as were taken are put again, untimed, so that steps for later pile up at the front as they do in service.',
        'A pick is two commits; on a slow disk the ratio says less.',
      ],
      figures: found,
    };
  },
};
