/**
 * What the ledger itself can do: reserve and settle, without HTTP and GraphQL, beside a naive implementation of the same
 * bookkeeping and beside the bare statements that the ledger sends.
 */
import pg from 'pg';
import { runAudit } from '../../server/audit/index.ts';
import { systemClock } from '../../server/clock.ts';
import { openLedger } from '../../server/ledger/index.ts';
import { reserve as sendReserve, settle as sendSettle } from '../../server/ledger/statements.ts';
import type { Bench } from './bench.ts';
import { reserveNaively, settleNaively } from './naive.ts';
import { reserveItem, settleItem } from './support/calls.ts';
import { ACCOUNTS, createDatabase, open, postgresSettings, provision } from './support/database.ts';
import { figure, figures, median, percents, ratios, type Spread, spread } from './support/statistics.ts';

const CONCURRENCIES = [1, 64, 256];
/** The targets are judged at these. */
const JUDGED = [64, 256];
const NAIVE_CONCURRENCIES = [1, 4, 16];
const ROUNDS = 3;
const TARGET_TIMES_NAIVE = 15;
const TARGET_SHARE_OF_BARE = 0.6;
/** More than any of the three uses at once. */
const CONNECTIONS = 20;

/** Runs so many workers for so long, and says how many calls they finished a second. */
async function drive(workers: number, seconds: number, call: () => Promise<number>): Promise<number> {
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  let calls = 0;
  await Promise.all(
    Array.from({ length: workers }, async () => {
      while (performance.now() < until) {
        // Added after the wait: `calls += await …` would forget what the other workers have counted meanwhile.
        const made = await call();
        calls += made;
      }
    }),
  );
  return calls / ((performance.now() - startedAt) / 1000);
}

export const ledger: Bench = {
  name: 'ledger',
  needsPostgres: true,
  async run({ seconds }) {
    await using benchDatabase = await createDatabase('ledger');
    const database = await open(benchDatabase.url, CONNECTIONS);
    const pool = new pg.Pool({ connectionString: benchDatabase.url, max: 2 });
    pool.on('error', () => {});
    try {
      const accounts = await provision(database);
      // One global budget for all three: its row is what every call has to pass.
      await database.query(`DELETE FROM budget WHERE action = 'WARN'`);
      const ours = await openLedger({ database, clock: systemClock });
      let made = 0;
      let turn = 0;
      const nextAccount = () => {
        turn += 1;
        return accounts[turn % accounts.length] ?? '';
      };

      const callLedger = async () => {
        const item = reserveItem(nextAccount());
        const reserved = await ours.reserve(item);
        if (reserved.status !== 'reserved') throw new Error(`Not reserved: ${reserved.status}`);
        const settled = await ours.settle(settleItem(item.id));
        if (settled.status !== 'settled') throw new Error(`Not settled: ${settled.status}`);
        made += 1;
        return 1;
      };

      const callNaively = async () => {
        const item = reserveItem(nextAccount());
        const reserved = await reserveNaively(database.prisma, ours.processId, item);
        if (reserved !== 'reserved') throw new Error(`Not reserved: ${reserved}`);
        const settled = await settleNaively(database.prisma, item.accountId, settleItem(item.id));
        if (settled !== 'settled') throw new Error(`Not settled: ${settled}`);
        made += 1;
        return 1;
      };

      /** Ready-made batches: their parameters are written before the clock runs. */
      const prepareBare = async (size: number, batches: number) => {
        const ready: { reserve: pg.QueryConfig; settle: pg.QueryConfig }[] = [];
        const capture = async (send: (sql: { query: typeof database.query }) => Promise<unknown>) => {
          let taken = { text: '', values: [] as unknown[] };
          await send({
            query: async (text, parameters) => {
              taken = { text, values: [...(parameters ?? [])] };
              return [];
            },
          });
          return taken;
        };
        for (let batch = 0; batch < batches; batch += 1) {
          const items = Array.from({ length: size }, () => reserveItem(nextAccount()));
          ready.push({
            reserve: await capture((sql) => sendReserve(sql, new Date(), ours.processId, items, false)),
            settle: await capture((sql) =>
              sendSettle(
                sql,
                new Date(),
                items.map(({ id }) => settleItem(id)),
              ),
            ),
          });
        }
        return async () => {
          const batch = ready.pop();
          if (!batch) throw new Error('The ready-made batches have run out.');
          const reserved = await pool.query(batch.reserve);
          if (reserved.rows.some((row) => row.outcome !== 'RESERVED')) throw new Error('Not reserved.');
          const settled = await pool.query(batch.settle);
          if (settled.rows.some((row) => row.outcome !== 'SETTLED')) throw new Error('Not settled.');
          made += size;
          return size;
        };
      };

      // Warm-up, and at which concurrency the naive one is at its best.
      await drive(64, seconds, callLedger);
      const naiveBy = new Map<number, number>();
      await drive(4, seconds / 2, callNaively);
      for (const workers of NAIVE_CONCURRENCIES) {
        naiveBy.set(workers, await drive(workers, seconds / 2, callNaively));
      }
      const best = [...naiveBy].reduce((a, b) => (b[1] > a[1] ? b : a))[0];

      const found = CONCURRENCIES.map((concurrency) => ({
        concurrency,
        ledger: [] as number[],
        bare: [] as number[],
        batch: [] as number[],
      }));
      const naive: number[] = [];
      for (let time = 0; time < ROUNDS; time += 1) {
        for (const one of found) {
          const before = ours.counts();
          one.ledger.push(await drive(one.concurrency, seconds, callLedger));
          const after = ours.counts();
          const size =
            (after.reserve.items - before.reserve.items) / (after.reserve.batches - before.reserve.batches);
          one.batch.push(size);
          const whole = Math.max(1, Math.round(size));
          // Twice what the ledger did, so that they do not run out; both lanes, as the ledger has two.
          const enough = Math.ceil(((one.ledger.at(-1) ?? 0) * seconds * 3) / whole) + 100;
          const callBare = await prepareBare(whole, enough);
          one.bare.push(await drive(one.concurrency === 1 ? 1 : 2, seconds, callBare));
        }
        naive.push(await drive(best, seconds, callNaively));
      }

      const [booked] = await database.query<{ posted: number; other: number }>(
        `SELECT count(*) FILTER (WHERE status = 'POSTED')::int AS posted,
          count(*) FILTER (WHERE status <> 'POSTED')::int AS other FROM reservation`,
      );
      const broken = (await runAudit(database)).filter((line) => !line.ok);
      const sound = booked?.posted === made && booked.other === 0 && broken.length === 0;

      const times = new Map(found.map((one) => [one.concurrency, ratios(one.ledger, naive)]));
      const shares = new Map(found.map((one) => [one.concurrency, ratios(one.ledger, one.bare)]));
      const worst = (by: Map<number, Spread>) =>
        JUDGED.map((concurrency) => by.get(concurrency) ?? spread([])).reduce((a, b) =>
          b.median < a.median ? b : a,
        );
      return {
        question:
          'reserve+settle a second through the ledger, beside a naive implementation and the bare statements',
        configuration: {
          ...(await postgresSettings()),
          accounts: ACCOUNTS,
          budgets: 'one, GLOBAL, a day, SHUTDOWN',
          roundSeconds: seconds,
          rounds: ROUNDS,
          'naive at its best': `${best} at once`,
        },
        columns: [
          'reserve+settle a second',
          'ledger',
          'bare statements',
          'ledger / bare',
          'batch',
          '× naive',
        ],
        rows: [
          ...found.map((one) => [
            `${one.concurrency} at once`,
            figures(spread(one.ledger)),
            figures(spread(one.bare)),
            percents(shares.get(one.concurrency) ?? spread([])),
            figure(median(one.batch)),
            figures(times.get(one.concurrency) ?? spread([])),
          ]),
          [`naive, ${best} at once`, figures(spread(naive)), '', '', '1', '1'],
          [
            '  naive by concurrency',
            [...naiveBy].map(([workers, rate]) => `${workers}: ${figure(rate)}`).join(', '),
            '',
            '',
            '',
            '',
          ],
        ],
        targets: [
          {
            what: `ledger / naive, the lesser of ${JUDGED.join(' and ')} at once`,
            target: `≥ ${TARGET_TIMES_NAIVE}`,
            found: figures(worst(times)),
            met: worst(times).median >= TARGET_TIMES_NAIVE,
          },
          {
            what: `ledger / bare statements, the lesser of ${JUDGED.join(' and ')} at once`,
            target: `≥ ${TARGET_SHARE_OF_BARE * 100} %`,
            found: percents(worst(shares)),
            met: worst(shares).median >= TARGET_SHARE_OF_BARE,
          },
          {
            what: 'every call is settled, and the audit passes over all three',
            target: 'no finding',
            found: sound
              ? `${made.toLocaleString('en')} settled, no finding`
              : `${made} made, ${booked?.posted} posted, ${booked?.other} not; ${broken.map((line) => `${line.invariant}: ${line.findings[0]}`).join('; ')}`,
            met: sound,
          },
        ],
        notes: [
          'The bare statements come in batches as large as the ledger’s were, their parameters ready, on two connections.',
          'A round trip here never leaves the machine; over a network the naive one, with some thirty of them, falls further behind.',
        ],
        figures: { found, naive, naiveBy: Object.fromEntries(naiveBy) },
      };
    } finally {
      await pool.end();
      await database.close();
    }
  },
};
