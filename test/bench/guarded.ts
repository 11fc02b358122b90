/**
 * What the guard costs: a whole paid call over HTTP, from the key to the booked answer, beside a GraphQL server that does
 * nothing. And what it adds to a lone call, in round trips to the database.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProxy } from '../support/proxy.ts';
import type { Bench } from './bench.ts';
import { ACCOUNTS, createDatabase, postgresSettings, type RoundTrips } from './support/database.ts';
import {
  generateImage,
  type Round,
  round,
  rounds,
  type Side,
  startBareYoga,
  startLoad,
  startServer,
} from './support/rounds.ts';
import type { Started } from './support/server.ts';
import { figure, figures, median, percents, ratios, spread } from './support/statistics.ts';

/**
 * Calls at once. The target is judged where both sides are busy all the time: with few callers a guarded call waits for
 * its two commits, and what is measured is the disk.
 */
const CONCURRENCIES = [16, 64, 256, 512];
const JUDGED = 512;
const TARGET_SHARE = 0.6;
const TARGET_ROUND_TRIPS = 3;
const WARM_UP_SECONDS = 3;
/** How far away a database is that a lone call is also timed with: there and back. */
const LINE_MS = 10;

export const guarded: Bench = {
  name: 'guarded',
  needsPostgres: true,
  async run({ seconds }) {
    const folder = await mkdtemp(join(tmpdir(), 'solvent-bench-'));
    try {
      await using database = await createDatabase('guarded');
      await using server = await startServer(database.url, folder);
      await using yoga = await startBareYoga('default');
      await using tuned = await startBareYoga('tuned');
      await using load = await startLoad();
      const started = await server.ask<Started>('started');
      const bare = await yoga.ask<{ url: string }>('started');
      const bareTuned = await tuned.ask<{ url: string }>('started');
      const body = generateImage('replicate/sdxl');
      const headers = { authorization: `Bearer ${started.apiKey}` };
      const shared = { headers, body, accounts: started.accounts, expect: '"SUCCEEDED"' };
      const sides: [Side, Side, Side] = [
        { name: 'guarded', worker: server, load: { url: started.url, ...shared } },
        { name: 'bare yoga', worker: yoga, load: { url: bare.url, ...shared } },
        { name: 'tuned bare yoga', worker: tuned, load: { url: bareTuned.url, ...shared } },
      ];
      let calls = 0;
      for (const side of sides) {
        const { calls: made } = await round(load, side, JUDGED, WARM_UP_SECONDS);
        if (side.worker === server) calls += made;
      }

      const rows: string[][] = [];
      const found: Record<string, unknown> = {};
      let share = spread([]);
      let tunedShare = spread([]);
      for (const concurrency of CONCURRENCIES) {
        const times = concurrency === JUDGED ? 5 : 3;
        const [ours = [], theirs = [], tunedOnes = []] = await rounds(
          load,
          sides,
          concurrency,
          seconds,
          times,
        );
        const rate = (list: readonly Round[]) => list.map(({ perSecond }) => perSecond);
        const all = [ours, theirs, tunedOnes];
        const ratio = ratios(rate(ours), rate(theirs));
        const tunedRatio = ratios(rate(ours), rate(tunedOnes));
        if (concurrency === JUDGED) {
          share = ratio;
          tunedShare = tunedRatio;
        }
        found[concurrency] = { guarded: ours, bare: theirs, tuned: tunedOnes, ratio, tunedRatio };
        rows.push([
          `${concurrency} at once`,
          ...all.map((list) => figures(spread(rate(list)))),
          percents(ratio),
          percents(tunedRatio),
        ]);
        rows.push(['  p50 / p99 ms', ...all.map(latency)]);
        rows.push(['  its processor ms a call', ...all.map(cpu)]);
        rows.push(['  the load’s ms a call', ...all.map(loadCpu)]);
      }

      const lone = await loneCalls(load, [sides[0], sides[1]], seconds);
      rows.push([
        'alone, p50 ms',
        figure(lone.guardedMs),
        figure(lone.bareMs),
        '',
        `+ ${figure(lone.addedMs)} ms`,
      ]);
      rows.push(['SELECT 1, p50 ms', figure(lone.roundTrips.selectMs)]);
      rows.push(['UPDATE of one row, p50 ms', figure(lone.roundTrips.commitMs)]);
      const far = await farCalls(load, database.url, folder, sides[1], seconds);
      rows.push([
        `alone, database ${LINE_MS} ms away, p50 ms`,
        figure(far.guardedMs),
        figure(far.bareMs),
        '',
        `+ ${figure(far.addedMs)} ms`,
      ]);

      const booked = await server.ask<{ succeeded: number; open: number }>('booked');
      return {
        question:
          'whole guarded generateImage calls a second beside a bare graphql-yoga mutation that does nothing',
        configuration: {
          ...(await postgresSettings()),
          accounts: ACCOUNTS,
          model: 'replicate/sdxl, by an instant provider in process (67-byte PNG)',
          roundSeconds: seconds,
          'bytes of a request’s body': Buffer.byteLength(body),
        },
        columns: ['calls a second', 'guarded', 'bare yoga', 'tuned bare yoga', 'of bare', 'of tuned'],
        rows,
        targets: [
          {
            what: `rate at ${JUDGED} at once`,
            target: `≥ ${TARGET_SHARE * 100} % of bare`,
            found: percents(share),
            met: share.median >= TARGET_SHARE,
          },
          {
            what: 'the same of a bare yoga without its limit on bodies, as Solvent runs it',
            target: '',
            found: percents(tunedShare),
            met: null,
          },
          {
            what: 'round trips to the database that a lone call waits for, counted',
            target: `< ${TARGET_ROUND_TRIPS}`,
            found: figure(lone.questions),
            met: lone.questions < TARGET_ROUND_TRIPS,
          },
          {
            what: 'added to a lone call, in durable round trips (an UPDATE of one row, committed)',
            target: `< ${TARGET_ROUND_TRIPS}`,
            found: figure(lone.addedMs / lone.roundTrips.commitMs),
            met: lone.addedMs / lone.roundTrips.commitMs < TARGET_ROUND_TRIPS,
          },
          {
            what: 'the same in empty round trips (SELECT 1), which do no work and wait for no disk',
            target: '',
            found: figure(lone.addedMs / lone.roundTrips.selectMs),
            met: null,
          },
          {
            what: `added to a lone call where the database is ${LINE_MS} ms away, in round trips (SELECT 1)`,
            target: `< ${TARGET_ROUND_TRIPS}`,
            found: figure(far.addedMs / far.roundTrips.selectMs),
            met: far.addedMs / far.roundTrips.selectMs < TARGET_ROUND_TRIPS,
          },
          {
            what: 'every call that was answered is booked, none is left open',
            target: '0 open',
            found: `${booked.succeeded.toLocaleString('en')} booked, ${booked.open} open`,
            met: booked.open === 0 && booked.succeeded >= calls,
          },
        ],
        notes: [
          'A call waits for two commits, its reservation’s and its settlement’s; alone it shares neither with anyone.',
          'Server, Postgres and load generator share the cores: with more of them the guarded rate gains more than the bare one.',
        ],
        figures: { byConcurrency: found, lone, far },
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

const latency = (list: readonly Round[]) =>
  `${figure(median(list.map(({ p50 }) => p50)))} / ${figure(median(list.map(({ p99 }) => p99)))}`;
const cpu = (list: readonly Round[]) => figure(median(list.map(({ sideCpuMs }) => sideCpuMs)));
const loadCpu = (list: readonly Round[]) => figure(median(list.map(({ cpuMs }) => cpuMs)));

interface Lone {
  readonly guardedMs: number;
  readonly bareMs: number;
  readonly addedMs: number;
  /** Statements sent to the database for each call: each is a round trip, one after the other. */
  readonly questions: number;
  readonly roundTrips: RoundTrips;
}

/** One call at a time, and in between what a round trip takes just then. */
async function loneCalls(
  load: Parameters<typeof round>[0],
  [ours, theirs]: readonly [Side, Side],
  seconds: number,
  roundTripsEach = 200,
): Promise<Lone> {
  const guardedMs: number[] = [];
  const bareMs: number[] = [];
  const trips: RoundTrips[] = [];
  const questions: number[] = [];
  for (let time = 0; time < 5; time += 1) {
    const before = await ours.worker.ask<number>('questions');
    const lone = await round(load, ours, 1, seconds / 2);
    questions.push(((await ours.worker.ask<number>('questions')) - before) / lone.calls);
    guardedMs.push(lone.p50);
    bareMs.push((await round(load, theirs, 1, seconds / 2)).p50);
    trips.push(await ours.worker.ask<RoundTrips>('roundTrips', roundTripsEach));
  }
  return {
    guardedMs: median(guardedMs),
    bareMs: median(bareMs),
    questions: median(questions),
    addedMs: median(guardedMs.map((ms, index) => ms - (bareMs[index] ?? Number.NaN))),
    roundTrips: {
      selectMs: median(trips.map(({ selectMs }) => selectMs)),
      commitMs: median(trips.map(({ commitMs }) => commitMs)),
    },
  };
}

/** Lone calls through a server of its own whose database is at the other end of a line. */
async function farCalls(
  load: Parameters<typeof round>[0],
  databaseUrl: string,
  folder: string,
  bare: Side,
  seconds: number,
): Promise<Lone> {
  await using line = await openProxy(databaseUrl, { roundTripMs: LINE_MS });
  await using server = await startServer(line.url, join(folder, 'far'));
  const { url, apiKey, accounts } = await server.ask<Started>('started');
  const headers = { authorization: `Bearer ${apiKey}` };
  const far: Side = { name: 'guarded, far', worker: server, load: { ...bare.load, url, headers, accounts } };
  await round(load, far, 1, WARM_UP_SECONDS);
  return await loneCalls(load, [far, bare], seconds, 40);
}
