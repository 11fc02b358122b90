/**
 * What watching costs: one server process whose live profit is watched over 2,000 WebSockets while it books, beside the same
 * server sending the same bytes to the same sockets by `ws` alone, and beside itself without anybody who watches. And what
 * 10,000 subscriptions keep in memory.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.ts';
import { createDatabase, postgresSettings } from './support/database.ts';
import type { Booking, Spent } from './support/live-methods.ts';
import { generateImage, type Round, round, type Side, startLoad, startServer } from './support/rounds.ts';
import type { Memory, Started } from './support/server.ts';
import { figure, figures, median, percents, quantile, ratios, spread } from './support/statistics.ts';
import type { Clients, Heard } from './support/subscribers.ts';
import { Worker } from './support/worker.ts';

const WATCHERS = 2_000;
const TARGET_P99_MS = 500;
const TARGET_CPU = 3;
const TARGET_SHARE = 0.8;
const ROUNDS = 5;
/** Callers that book as fast as they can while 2,000 watch. */
const CONCURRENCY = 64;
const WARM_UP_SECONDS = 3;

const MANY = 10_000;
const TARGET_GROWTH = 0.05;
const SAMPLES = 6;

/** What a dashboard shows. */
const QUERY = `subscription { liveProfit(window: DAY) {
  totals { calls succeeded failed cacheHits credits cost { amount } lostCost { amount } revenue { amount } grossProfit { amount } margin }
  sequence at reservationsOpen protection { state reason marginToday
    hour { limit { amount } spent { amount } reserved { amount } } day { limit { amount } spent { amount } reserved { amount } } }
  byProvider { provider calls failed cost { amount } revenue { amount } margin }
  byOperation { operation calls failed cost { amount } revenue { amount } margin }
  topAccounts { account { id externalId } calls cost { amount } revenue { amount } } } }`;

const startSubscribers = () =>
  Worker.start(fileURLToPath(new URL('./support/subscribers.ts', import.meta.url)));
const environment = { MAX_SUBSCRIPTIONS_PER_KEY: '100000' };

/** For each booking and each socket: how long after it was asked for it was told. */
function latencies(bookings: readonly Booking[], heard: Heard, watchers: number): number[] {
  const told = [...heard.arrivals].sort((a, b) => a.calls - b.calls);
  return bookings.flatMap(({ calls, at }) => {
    const first = told.find((one) => one.calls >= calls);
    // The last one may be told after the round.
    if (!first) return [];
    if (first.at.length !== watchers) {
      throw new Error(`${first.at.length} of ${watchers} sockets were told of call ${calls}.`);
    }
    return [...first.at].map((arrived) => arrived - at);
  });
}

/** Waits until as many events have been heard as there are sockets. */
async function untilTold(subscribers: Worker, count: number): Promise<void> {
  let events = 0;
  for (let tries = 0; events < count; tries += 1) {
    if (tries > 600) throw new Error(`Only ${events} of ${count} sockets were told anything.`);
    await wait(50);
    events += (await subscribers.ask<Heard>('heard')).events;
  }
}

async function fanOut(seconds: number, folder: string) {
  await using database = await createDatabase('live');
  await using server = await startServer(database.url, folder, { env: environment });
  await using subscribers = await startSubscribers();
  await using load = await startLoad();
  const { url, apiKey, accounts } = await server.ask<Started>('started');
  const side: Side = {
    name: 'guarded',
    worker: server,
    load: {
      url,
      headers: { authorization: `Bearer ${apiKey}` },
      body: generateImage('replicate/sdxl'),
      accounts,
      expect: '"SUCCEEDED"',
    },
  };
  await subscribers.ask('open', { url, apiKey, count: WATCHERS } satisfies Clients);
  let isWatched = false;
  const watchIs = async (on: boolean) => {
    if (on === isWatched) return;
    isWatched = on;
    await subscribers.ask(on ? 'subscribe' : 'unsubscribe', QUERY);
    if (on) await untilTold(subscribers, WATCHERS);
    // What is still on its way to those who have just gone.
    await wait(300);
    await subscribers.ask<Heard>('heard');
  };
  await round(load, side, CONCURRENCY, WARM_UP_SECONDS);

  // The same bytes to the same sockets: executed for them, and by `ws` alone.
  const ours: Spent[] = [];
  const bare: Spent[] = [];
  const latency: number[][] = [];
  const roundSeconds = Math.max(4, Math.round(seconds * 2));
  await watchIs(true);
  await server.ask<Spent>('changes', 1);
  const { bytes } = await subscribers.ask<Heard>('heard');
  await watchIs(false);
  let told = 0;
  for (let time = 0; time < ROUNDS; time += 1) {
    const watched = async () => {
      await watchIs(true);
      const spent = await server.ask<Spent>('changes', roundSeconds);
      await wait(600);
      const heard = await subscribers.ask<Heard>('heard');
      told += heard.events;
      ours.push(spent);
      latency.push(latencies(spent.bookings, heard, WATCHERS));
      await watchIs(false);
    };
    const broadcast = async () => {
      bare.push(await server.ask<Spent>('broadcast', { seconds: roundSeconds, bytes }));
      await wait(600);
      await subscribers.ask<Heard>('heard');
    };
    for (const turn of time % 2 === 0 ? [watched, broadcast] : [broadcast, watched]) await turn();
  }

  // How many calls are booked while they are watched, and while they are not.
  const booked: Record<'watched' | 'alone', Round[]> = { watched: [], alone: [] };
  let toldUnderLoad = 0;
  for (let time = 0; time < ROUNDS; time += 1) {
    for (const turn of time % 2 === 0 ? (['watched', 'alone'] as const) : (['alone', 'watched'] as const)) {
      await watchIs(turn === 'watched');
      booked[turn].push(await round(load, side, CONCURRENCY, Math.max(3, seconds * 2)));
      if (turn === 'watched') toldUnderLoad += (await subscribers.ask<Heard>('heard')).events;
    }
  }
  await watchIs(false);
  const open = await subscribers.ask<number>('count');
  const { open: pending } = await server.ask<{ open: number }>('booked');
  return { ours, bare, latency, booked, bytes, told, toldUnderLoad, open, pending, roundSeconds };
}

async function hold(minutes: number, folder: string) {
  await using database = await createDatabase('live');
  await using server = await startServer(database.url, folder, { env: environment, node: ['--expose-gc'] });
  await using subscribers = await startSubscribers();
  const { url, apiKey } = await server.ask<Started>('started');
  await server.ask<Spent>('changes', 2);
  const before = await server.ask<Memory>('memory');
  await subscribers.ask('open', { url, apiKey, count: MANY } satisfies Clients);
  const connected = await server.ask<Memory>('memory');
  await subscribers.ask('subscribe', QUERY);
  await untilTold(subscribers, MANY);
  // What comes first makes room that is used again from then on.
  await server.ask<Spent>('changes', 5);
  const samples: Memory[] = [await server.ask<Memory>('memory')];
  const pauseSeconds = (minutes * 60) / SAMPLES;
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    // They are told something all the time.
    await server.ask<Spent>('changes', pauseSeconds);
    await subscribers.ask<Heard>('heard');
    samples.push(await server.ask<Memory>('memory'));
  }
  const open = await subscribers.ask<number>('count');
  await subscribers.ask('unsubscribe');
  await wait(1_000);
  const after = await server.ask<Memory>('memory');
  return { before, connected, samples, open, after };
}

const kept = ({ heap, external }: Memory) => heap + external;
const KIB = 1024;
const MIB = 2 ** 20;

export const live: Bench = {
  name: 'live',
  needsPostgres: true,
  async run({ seconds, minutes }) {
    const folder = await mkdtemp(join(tmpdir(), 'solvent-bench-'));
    try {
      const found = await fanOut(seconds, folder);
      const held = await hold(minutes, folder);

      const all = found.latency.flat();
      const p99 = spread(found.latency.map((list) => quantile([...list], 0.99)));
      const cpuMs = (list: readonly Spent[]) => list.map((spent) => spent.cpuMs / found.roundSeconds);
      const cpu = ratios(cpuMs(found.ours), cpuMs(found.bare));
      const rate = (list: readonly Round[]) => list.map(({ perSecond }) => perSecond);
      const share = ratios(rate(found.booked.watched), rate(found.booked.alone));
      const [first] = held.samples;
      const last = held.samples.at(-1);
      if (!first || !last) throw new Error('No memory was measured.');
      const each = (from: Memory, to: Memory) => (kept(to) - kept(from)) / MANY / KIB;
      const growth = kept(last) / kept(first) - 1;
      return {
        question: `live profit over ${WATCHERS.toLocaleString('en')} WebSockets at four changes a second, beside \`ws\` alone; ${MANY.toLocaleString('en')} subscriptions held open`,
        configuration: {
          ...(await postgresSettings()),
          'bytes of an event': found.bytes,
          roundSeconds: found.roundSeconds,
          rounds: ROUNDS,
          minutes,
          'callers that book': CONCURRENCY,
        },
        columns: ['', 'watched', 'beside'],
        rows: [
          [
            'processor ms a second: watched, and ws alone',
            figures(spread(cpuMs(found.ours))),
            figures(spread(cpuMs(found.bare))),
          ],
          [
            'calls booked a second: watched, and not',
            figures(spread(rate(found.booked.watched))),
            figures(spread(rate(found.booked.alone))),
          ],
          [
            'from booking to arrival, p50 / p99 / most ms',
            `${figure(median(all))} / ${figure(quantile([...all], 0.99))} / ${figure(quantile([...all], 1))}`,
          ],
          [
            'KiB a connection without, and a subscription on it',
            figure(each(held.before, held.connected)),
            figure(each(held.connected, first)),
          ],
          [
            'MiB kept: at first, and then',
            figure(kept(first) / MIB),
            held.samples
              .slice(1)
              .map((sample) => figure(kept(sample) / MIB))
              .join(' '),
          ],
          [
            'resident MiB: before, at first, at last',
            `${figure(held.before.rss / MIB)} ${figure(first.rss / MIB)} ${figure(last.rss / MIB)}`,
          ],
        ],
        targets: [
          {
            what: 'from booking to arrival, p99 of all sockets',
            target: `< ${TARGET_P99_MS} ms`,
            found: `${figures(p99)} ms`,
            met: p99.median < TARGET_P99_MS,
          },
          {
            what: 'processor time of the server over that of a bare broadcast by ws',
            target: `≤ ${TARGET_CPU} times`,
            found: figures(cpu),
            met: cpu.median <= TARGET_CPU,
          },
          {
            what: 'calls booked a second while 2,000 watch, of those while nobody does',
            target: `≥ ${TARGET_SHARE * 100} %`,
            found: percents(share),
            met: share.median >= TARGET_SHARE,
          },
          {
            what: `memory kept after ${minutes} min of ${MANY.toLocaleString('en')} subscriptions, over that at first`,
            target: `≤ + ${TARGET_GROWTH * 100} %`,
            found: `${growth < 0 ? '−' : '+'} ${Math.abs(growth * 100).toFixed(1)} %`,
            met: growth <= TARGET_GROWTH,
          },
          {
            what: 'kept for each subscription, its connection included',
            target: '',
            found: `${figure(each(held.before, last))} KiB`,
            met: null,
          },
          {
            what: 'sockets that were closed, and reservations left open',
            target: '0',
            found: `${WATCHERS - found.open + MANY - held.open}, ${found.pending}`,
            met: found.open === WATCHERS && held.open === MANY && found.pending === 0,
          },
        ],
        notes: [
          'Both sides book four times a second: beside the broadcast, what is measured is the reading of the sums, the writing of the event and the sending.',
          'Server, Postgres, load generator and 2,000 clients share the cores: what the clients cost is taken from the bookings too.',
          `Under the load of ${CONCURRENCY} callers ${found.toldUnderLoad.toLocaleString('en')} events were heard.`,
        ],
        figures: {
          ...found,
          latency: found.latency.map((list) => ({
            p50: quantile([...list], 0.5),
            p99: quantile([...list], 0.99),
          })),
          held,
        },
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
