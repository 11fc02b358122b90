/** Whatever three processes do at once, and whichever of them die: a threshold is told of once a window, and always. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Alerts } from '../../server/alerts/index.ts';
import { type Database, openDatabase } from '../../server/database/index.ts';
import { type Ledger, openLedger } from '../../server/ledger/index.ts';
import { silentLog } from '../../server/log.ts';
import { describeOnPostgres } from '../support/databases.ts';
import { attempt, reserveItem, settleItem } from '../support/world.ts';
import { createMortal, type Mortal, openStage, type Stage } from './stage.ts';

const RUNS = Number(process.env.FC_RUNS ?? 12);
const STEPS = [80, 95, 100];
const LIMIT_MICROS = 10_000_000n;

/** A server's process, as far as alerts are concerned. */
interface Process {
  readonly database: Database;
  ledger: Ledger;
  alerts: Alerts;
  readonly die: () => void;
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

/** What a process was at when it died comes to nothing. */
function unlessDead(error: unknown): void {
  if (!/has died/.test(String(error))) throw error;
}

describeOnPostgres('of three processes', (kind) => {
  let stage: Stage;
  const processes: Process[] = [];
  /** Every process that there has been in this run. */
  const all: Mortal[] = [];

  /** A process that has just started: nothing is signalled, and the lease is another's. */
  async function start(database: Database): Promise<Process> {
    const mortal = createMortal({
      database,
      clock: stage.clock,
      log: silentLog,
      live: stage.live,
      queue: stage.queue,
      allowPrivateHosts: true,
      smtp: undefined,
    });
    all.push(mortal);
    const { alerts, die } = mortal;
    const ledger = await openLedger({ database, clock: stage.clock, observer: alerts.observer });
    return { database, ledger, alerts, die };
  }

  beforeAll(async () => {
    stage = await openStage(kind);
    for (let count = 0; count < 3; count += 1) {
      const database = await openDatabase({ url: stage.world.url, connections: 4 });
      processes.push(await start(database));
    }
  });
  afterAll(async () => {
    await Promise.all(all.map((each) => each.end()));
    for (const { database } of processes) await database.close();
    await stage.close();
  });

  it('tells of each step of each budget once a window when it is passed, and never when it is not', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (rounds) => {
        await Promise.all(all.splice(0).map((each) => each.end()));
        await stage.reset();
        for (const [index, { database }] of processes.entries()) processes[index] = await start(database);
        await stage.world.setBudget({ period: 'HOUR', limitMicros: LIMIT_MICROS, action: 'WARN' });
        // As the first start does, before anything is booked.
        await processes[0]?.alerts.sweeps.run();
        const account = await stage.account();
        /** What each hour has cost, by its beginning. */
        const spent = new Map<string, bigint>();

        const act = async (given: Action) => {
          const one = processes[given.process];
          if (!one) return;
          const now = stage.clock.now();
          switch (given.do) {
            case 'spend': {
              const costMicros = BigInt(given.cents) * 10_000n;
              const hour = now.toISOString().slice(0, 13);
              spent.set(hour, (spent.get(hour) ?? 0n) + costMicros);
              const item = reserveItem(account, now, { credits: 0, ceilingMicros: costMicros });
              expect((await one.ledger.reserve(item)).status).toBe('reserved');
              const attempts = [attempt(now, { costMicros })];
              await one.ledger.settle(settleItem(item.id, 'POST', now, { credits: 0, attempts }));
              return;
            }
            case 'look':
              return one.alerts.flush().catch(unlessDead);
            case 'sweep':
              await one.alerts.sweeps.run().catch(unlessDead);
              return;
            case 'die':
              one.die();
              processes[given.process] = await start(one.database);
          }
        };
        for (const { actions, laterMs } of rounds) {
          await Promise.all(actions.map(act));
          stage.clock.advance(laterMs);
        }
        // All of them die; what is left is done by whoever has the lease when the last one's is over.
        for (const [index, { database, die }] of processes.entries()) {
          die();
          processes[index] = await start(database);
        }
        stage.clock.advance(20_000);
        await Promise.all(processes.map(({ alerts }) => alerts.sweeps.run()));

        const told = (await stage.changes())
          .filter(({ change, alert }) => change === 'OPENED' && alert.kind === 'BUDGET_WARNING')
          .map(({ alert }) => `${alert.windowKey} ${alert.subject}`)
          .sort();
        const passed = [...spent].flatMap(([hour, micros]) =>
          STEPS.filter((step) => micros * 100n >= LIMIT_MICROS * BigInt(step)).map(
            (step) => `HOUR ${hour}:00Z GLOBAL HOUR ${step}%`,
          ),
        );
        expect(told).toEqual(passed.sort());
        const reopened = (await stage.changes()).filter(({ change }) => change === 'REOPENED');
        expect(reopened).toEqual([]);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 300_000);
});
