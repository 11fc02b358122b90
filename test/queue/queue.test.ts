/** Steps of generations: each is done, by one process at a time, when its time has come, whoever stops and starts. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newId } from '../../server/ids.ts';
import { createLog } from '../../server/log.ts';
import { openQueue, type Queue, type Step } from '../../server/queue/index.ts';
import {
  describeOnEachDatabase,
  describeOnPostgres,
  openTestDatabase,
  type TestDatabase,
} from '../support/databases.ts';
import { until } from '../support/server.ts';

describeOnEachDatabase('the queue', (kind) => {
  let opened: TestDatabase;
  const open: Queue[] = [];
  const lines: string[] = [];

  /** The queue of a process of its own. */
  async function start(): Promise<Queue> {
    const log = createLog({ level: 'warn', to: { write: (line) => lines.push(line) } });
    const queue = await openQueue({ database: opened.database, log });
    open.push(queue);
    return queue;
  }
  /** Works, and gives what it is asked to do, as it comes. */
  async function follow(queue: Queue, handle: (step: Step, id: string) => unknown = () => {}) {
    const done: { readonly step: Step; readonly id: string; readonly at: number }[] = [];
    const perform = async (step: Step, id: string) => {
      done.push({ step, id, at: performance.now() });
      await handle(step, id);
    };
    await queue.work(perform, async (ids) => {
      for (const id of ids) await perform('batch', id);
    });
    return done;
  }
  /** Once it has done a step that was put after them, it has been through whatever was to be done. */
  async function settled(queue: Queue, done: readonly { readonly id: string }[], step: Step) {
    const last = newId();
    await queue.put(step, last);
    await until('the last step is done', () => done.some(({ id }) => id === last));
  }

  beforeAll(async () => {
    opened = await openTestDatabase(kind);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((queue) => queue.stop(5_000)));
    expect(lines.splice(0)).toEqual([]);
  });
  afterAll(() => opened.close());

  test('does a step once, however often it was put while it waited; the other kind is another step', async () => {
    const queue = await start();
    const id = newId();
    await Promise.all(Array.from({ length: 10 }, () => queue.put('submit', id)));
    await queue.putAll('submit', [id, newId(), id]);
    await queue.put('check', id);
    await queue.putAll('check', []);
    const done = await follow(queue);
    await settled(queue, done, 'submit');
    await until('both kinds are done', () => done.filter((each) => each.id === id).length >= 2);
    expect(
      done
        .filter((each) => each.id === id)
        .map(({ step }) => step)
        .sort(),
    ).toEqual(['check', 'submit']);
    // Done, it may be put again.
    await queue.put('submit', id);
    await until('it is done again', () => done.filter((each) => each.id === id).length === 3);
  });

  test('does a step that is put while it is under way once more, since what it is about may have changed', async () => {
    const queue = await start();
    const gate = Promise.withResolvers<void>();
    const id = newId();
    const done = await follow(queue, (_step, which) => (which === id ? gate.promise : undefined));
    await queue.put('submit', id);
    await until('it is under way', () => done.length === 1);
    await queue.put('submit', id);
    gate.resolve();
    await until('it is done again', () => done.length === 2);
  });

  test('does a step not before its time, and then soon', async () => {
    const queue = await start();
    const done = await follow(queue);
    const id = newId();
    const at = performance.now();
    await queue.put('check', id, 900);
    // A later word does not change when it is due.
    await queue.put('check', id, 60_000);
    await until('it is done', () => done.length > 0);
    const waited = (done[0]?.at ?? 0) - at;
    expect(waited).toBeGreaterThanOrEqual(890);
    expect(waited).toBeLessThan(5_000);
  });

  test('does a step at once when it is to hurry, whether one waits or not', async () => {
    const queue = await start();
    const done = await follow(queue);
    const [waits, fresh] = [newId(), newId()];
    await queue.put('check', waits, 3_600_000);
    await settled(queue, done, 'check');
    expect(done.map(({ id }) => id)).not.toContain(waits);
    await Promise.all([queue.hurry('check', waits), queue.hurry('check', fresh)]);
    await until(
      'both are done',
      () => done.some(({ id }) => id === waits) && done.some(({ id }) => id === fresh),
    );
    await settled(queue, done, 'check');
    expect(done.filter(({ id }) => id === waits)).toHaveLength(1);
  });

  test('does a step again when it threw, later, and its neighbours once', async () => {
    const queue = await start();
    const [bad, good] = [newId(), newId()];
    let failures = 0;
    const done = await follow(queue, (_step, id) => {
      if (id !== bad || failures === 1) return;
      failures += 1;
      throw new Error('Not this time.');
    });
    await queue.putAll('check', [bad, good]);
    await until('it was tried again', () => done.filter(({ id }) => id === bad).length === 2);
    const [first, second] = done.filter(({ id }) => id === bad);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(500);
    await settled(queue, done, 'check');
    expect(done.filter(({ id }) => id === bad)).toHaveLength(2);
    expect(done.filter(({ id }) => id === good)).toHaveLength(1);
    const told = lines.splice(0);
    expect(told).toHaveLength(1);
    for (const line of told) expect(JSON.parse(line)).toMatchObject({ generationId: bad, step: 'check' });
  });

  test('gives each step to one of two processes, and to both their share', async () => {
    const queues = [await start(), await start()];
    const ids = Array.from({ length: 120 }, newId);
    const underWay = new Set<string>();
    const twice: string[] = [];
    const handle = async (_step: Step, id: string) => {
      if (underWay.has(id)) twice.push(id);
      underWay.add(id);
      await new Promise((resolve) => setTimeout(resolve, 10));
      underWay.delete(id);
    };
    const done = await Promise.all(queues.map((queue) => follow(queue, handle)));
    await Promise.all(ids.map((id, index) => queues[index % 2]?.put('submit', id)));
    const all = () => done.flat().map(({ id }) => id);
    await until('all are done', () => all().length >= ids.length);
    await Promise.all(queues.map((queue) => queue.stop(5_000)));
    expect(twice).toEqual([]);
    expect(all().sort()).toEqual([...ids].sort());
    for (const part of done) expect(part.length).toBeGreaterThan(0);
  });

  test('waits for what is under way when it stops, takes nothing more, and leaves the rest to the next', async () => {
    const first = await start();
    const gate = Promise.withResolvers<void>();
    let ended = 0;
    const begun = await follow(first, async () => {
      await gate.promise;
      ended += 1;
    });
    await first.put('submit', newId());
    await until('it is under way', () => begun.length === 1);
    let stopped = false;
    const stopping = first.stop(10_000).then(() => {
      stopped = true;
    });
    const second = await start();
    const later = Array.from({ length: 12 }, newId);
    for (const id of later) await second.put('submit', id);
    const last = later.at(-1) ?? '';
    await second.put('check', last, 300);
    expect(stopped).toBe(false);
    gate.resolve();
    await stopping;
    // Who was just asking when it was told to stop may have been given the first of them; that is waited for too.
    expect(ended).toBe(begun.length);
    const left = later.filter((id) => !begun.some((one) => one.id === id));
    expect(left).toContain(last);
    await second.stop(1_000);

    // Nobody has worked meanwhile: whoever starts next finds the steps.
    const done = await follow(await start());
    await until('all are done', () => done.length > left.length);
    expect(done.map(({ step, id }) => `${step} ${id}`).sort()).toEqual(
      [`check ${last}`, ...left.map((id) => `submit ${id}`)].sort(),
    );
  });
});

describeOnPostgres('a step', (kind) => {
  test('is put though the connections of the queue are broken again and again', async () => {
    const opened = await openTestDatabase(kind);
    const queue = await openQueue({ database: opened.database, log: createLog({ level: 'silent' }) });
    let breaking = true;
    const breaker = (async () => {
      let broken = 0;
      while (breaking || broken === 0) {
        // Now and then one gets through, as on a database that is not well.
        await new Promise((resolve) => setTimeout(resolve, 30));
        const ended = await opened.database.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'solvent-queue' AND datname = current_database()",
        );
        broken += ended.length;
      }
      const [now] = await opened.database.query<{ at: Date }>('SELECT clock_timestamp() AS at');
      return now?.at;
    })();
    try {
      const ids = Array.from({ length: 60 }, () => newId());
      for (let at = 0; at < ids.length; at += 10) {
        await Promise.all(ids.slice(at, at + 10).map((id) => queue.put('submit', id)));
      }
      breaking = false;
      const mended = await breaker;
      // Whoever stops before it has heard that its connection is gone hears of it when nobody listens any more.
      await until('the last broken connection is gone', async () => {
        const left = await opened.database.query(
          "SELECT 1 FROM pg_stat_activity WHERE application_name = 'solvent-queue' AND datname = current_database() AND backend_start < $1",
          [mended],
        );
        return left.length === 0;
      });
      const put = await opened.database.query<{ id: string }>(
        "SELECT data ->> 'generationId' AS id FROM pgboss.job WHERE name = 'generation-submit'",
      );
      expect(put.map(({ id }) => id).sort()).toEqual(ids.sort());
    } finally {
      breaking = false;
      await breaker;
      await queue.stop(1_000);
      await opened.close();
    }
  });
});
