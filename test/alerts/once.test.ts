/** Whatever three processes do at once, and whichever of them are killed: a threshold is told of once a window, and always. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AlertJob, Done, Order } from '../support/alert-worker.ts';
import { describeOnPostgres } from '../support/databases.ts';
import { forkWorker } from '../support/processes.ts';
import { histories } from '../support/rounds.ts';
import { openStage, type Stage } from './stage.ts';

const RUNS = histories(3, 60);
const STEPS = [80, 95, 100];
const LIMIT_MICROS = 10_000_000n;

type OrderOf<Each = Order> = Each extends Order ? Omit<Each, 'number' | 'now'> : never;

/** A process of its own. What it was at when it was killed comes to nothing, or does not: the books say. */
class Process {
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #open = new Map<number, PromiseWithResolvers<void>>();
  #number = 0;
  #killed = false;

  constructor(job: AlertJob) {
    this.#child = forkWorker('alert-worker.ts', job);
    this.ready = this.#opened(0);
    this.ready.catch(() => {});
    this.#child.on('message', ({ number, error }: Done) => {
      const open = this.#open.get(number);
      this.#open.delete(number);
      if (error === undefined) open?.resolve();
      else open?.reject(new Error(error));
    });
    this.#child.on('exit', (code) => {
      for (const open of this.#open.values()) {
        if (this.#killed) open.resolve();
        else open.reject(new Error(`A process ended by itself, with ${code}.`));
      }
    });
  }

  #opened(number: number): Promise<void> {
    const opened = Promise.withResolvers<void>();
    this.#open.set(number, opened);
    return opened.promise;
  }

  async do(now: Date, order: OrderOf): Promise<void> {
    await this.ready;
    if (this.#killed) return;
    this.#number += 1;
    const done = this.#opened(this.#number);
    this.#child.send({ ...order, number: this.#number, now: now.toISOString() } satisfies Order);
    await done;
  }

  async kill(): Promise<void> {
    this.#killed = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

/** What one process does while the others do what they do. */
type Action =
  | { readonly do: 'spend'; readonly process: number; readonly cents: number }
  | { readonly do: 'look'; readonly process: number }
  | { readonly do: 'sweep'; readonly process: number }
  | { readonly do: 'die'; readonly process: number };

const which = fc.integer({ min: 0, max: 2 });
const cents = fc.integer({ min: 1, max: 300 });
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('spend' as const), process: which, cents }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('look' as const), process: which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const), process: which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), process: which }) },
);
/** Rounds of actions that go on at the same time, and how much later the next begins. */
const history = fc.array(
  fc.record({
    actions: fc.array(action, { minLength: 1, maxLength: 8 }),
    laterMs: fc.constantFrom(0, 0, 3_000, 1_200_000, 3_600_000),
  }),
  { minLength: 1, maxLength: 8 },
);

describeOnPostgres('of three processes', (kind) => {
  let stage: Stage;
  let processes: Process[] = [];
  /** Started before they are needed: a start takes longer than all that a run does. */
  let spares: Process[] = [];

  const now = () => stage.clock.now();
  const fresh = () => {
    const spare = spares.shift();
    spares.push(new Process({ url: stage.world.url ?? '', now: now().toISOString() }));
    if (!spare) throw new Error('There is no process in reserve.');
    return spare;
  };
  const killAll = () => Promise.all(processes.map((each) => each.kill()));

  beforeAll(async () => {
    stage = await openStage(kind);
    spares = Array.from(
      { length: 4 },
      () => new Process({ url: stage.world.url ?? '', now: now().toISOString() }),
    );
  });
  afterAll(async () => {
    await Promise.all([...processes, ...spares].map((each) => each.kill()));
    await stage.close();
  });

  it('tells of each step of each budget once a window when it is passed, and never when it is not', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (rounds) => {
        await stage.reset();
        // Those who had the last word in the run before go on.
        while (processes.length < 3) processes.push(fresh());
        await stage.world.setBudget({ period: 'HOUR', limitMicros: LIMIT_MICROS, action: 'WARN' });
        // As the first start does, before anything is booked.
        await processes[0]?.do(now(), { do: 'sweep' });
        const accountId = await stage.account();

        const act = async (given: Action) => {
          const one = processes[given.process];
          if (given.do === 'die') {
            processes[given.process] = fresh();
            await one?.kill();
          } else if (given.do === 'spend') {
            await one?.do(now(), { do: 'spend', accountId, costMicros: String(given.cents * 10_000) });
          } else await one?.do(now(), { do: given.do });
        };
        for (const { actions, laterMs } of rounds) {
          await Promise.all(actions.map(act));
          stage.clock.advance(laterMs);
          await Promise.all(processes.map((each) => each.do(now(), { do: 'wait' })));
        }
        // All of them die; what is left is done by whoever has the lease when the last one's is over.
        await killAll();
        processes = [fresh(), fresh(), fresh()];
        stage.clock.advance(20_000);
        await Promise.all(processes.map((each) => each.do(now(), { do: 'sweep' })));

        const told = (await stage.changes())
          .filter(({ change, alert }) => change === 'OPENED' && alert.kind === 'BUDGET_WARNING')
          .map(({ alert }) => `${alert.windowKey} ${alert.subject}`)
          .sort();
        // Each call costs what was set aside for it, so that it counts from its reservation on, whatever became of it.
        const used = await stage.world.rows<{ hour: Date; micros: bigint }>(
          `SELECT date_trunc('hour', created_at, 'UTC') AS hour, sum(ceiling_micros)::bigint AS micros FROM reservation GROUP BY 1`,
        );
        const passed = used.flatMap(({ hour, micros }) =>
          STEPS.filter((step) => micros * 100n >= LIMIT_MICROS * BigInt(step)).map(
            (step) => `HOUR ${hour.toISOString().slice(0, 16)}Z GLOBAL HOUR ${step}%`,
          ),
        );
        expect(told).toEqual(passed.sort());
        const reopened = (await stage.changes()).filter(({ change }) => change === 'REOPENED');
        expect(reopened).toEqual([]);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 1_200_000);
});
