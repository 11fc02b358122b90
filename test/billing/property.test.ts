/**
 * Tells few histories by default, and many in batches of a fresh database and a printed seed each. `FC_SEED=… FC_PATH=…` repeats one that failed.
 */
import { expect, it } from 'vitest';
import { type DatabaseKind, describeOnEachDatabase } from '../support/databases.ts';
import { histories } from '../support/rounds.ts';
import { forkDeliverer } from './deliverers.ts';
import { checkHistories } from './property.ts';
import { openStage } from './stage.ts';

const PATH = process.env.FC_PATH;
const runsOn = (kind: DatabaseKind) => (PATH === undefined ? histories(kind === 'pglite' ? 2 : 4, 1_000) : 1);
/** Accounts pile up in a database, and what looks at all of them becomes slow. */
const BATCH = 25;

async function tellBatch(kind: DatabaseKind, runs: number, seed: number) {
  await using stage = await openStage(kind);
  const job = { url: stage.url ?? '', apiBase: stage.server.url };
  const processes =
    stage.url === undefined ? [] : await Promise.all([forkDeliverer(job), forkDeliverer(job)]);
  try {
    expect(new Set([process.pid, ...processes.map(({ pid }) => pid)]).size).toBe(
      stage.url === undefined ? 1 : 3,
    );
    return await checkHistories(stage, processes, { runs, seed, path: PATH });
  } finally {
    await Promise.all(processes.map((each) => each.close()));
  }
}

describeOnEachDatabase('billing', (kind) => {
  const where = kind === 'postgres' ? 'over two processes' : 'within the one process that PGlite has';
  it(`comes to the same whatever the order, number and concurrency of events, in any history, ${where}`, async () => {
    const first = Number(process.env.FC_SEED ?? Math.floor(Math.random() * 2 ** 31));
    const all = runsOn(kind);
    for (let done = 0; done < all; done += BATCH) {
      const runs = Math.min(BATCH, all - done);
      const seed = first + done;
      const began = performance.now();
      const told = await tellBatch(kind, runs, seed);
      expect(told.histories).toBe(runs);
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      console.log(`${kind}: ${runs} histories of ${told.steps} steps from seed ${seed} in ${seconds} s`);
    }
  }, 7_200_000);
});
