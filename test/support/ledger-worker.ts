/**
 * A server process as far as the ledger is concerned: tests fork several of them on one Postgres. It says `ready`,
 * waits for `go`, does its job and sends what came of it.
 */
import { FakeClock, systemClock } from '../../server/clock.ts';
import { openDatabase } from '../../server/database/index.ts';
import { newId } from '../../server/ids.ts';
import { type Ledger, openLedger } from '../../server/ledger/index.ts';
import { attempt, reserveItem, settleItem } from './world.ts';

/** As many reservations at once as told; then each that was admitted is posted. */
export interface RushJob {
  readonly does: 'rush';
  readonly url: string;
  /** At which all processes' clocks stand. */
  readonly now: string;
  readonly accountIds: readonly string[];
  readonly calls: number;
  readonly credits: number;
  /** What the vendor bills for each. */
  readonly costMicros: string;
  /** One key for all calls of all processes; else each has its own. */
  readonly key?: string;
}

/** Everything at once on accounts and budgets that all processes share, for so long. */
export interface HammerJob {
  readonly does: 'hammer';
  readonly url: string;
  readonly accountIds: readonly string[];
  readonly providers: readonly string[];
  readonly lanes: number;
  readonly durationMs: number;
}

export type Job = RushJob | HammerJob;

export interface WorkerResult {
  /** How often each outcome came. */
  readonly outcomes: Record<string, number>;
  /** Messages of what rejected. */
  readonly errors: readonly string[];
}

export type FromWorker = { readonly ready: true } | WorkerResult;

const outcomes: Record<string, number> = {};
const errors: string[] = [];
const count = (outcome: string) => {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
};
const attend = async (work: Promise<unknown>) => {
  try {
    await work;
  } catch (error) {
    errors.push(error instanceof Error ? error.message : String(error));
  }
};
const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)] as Item;

async function rush(job: RushJob, ledger: Ledger, now: Date): Promise<void> {
  const items = Array.from({ length: job.calls }, (_, index) =>
    reserveItem(job.accountIds[index % job.accountIds.length] ?? '', now, {
      credits: job.credits,
      ...(job.key ? { key: job.key } : {}),
    }),
  );
  await Promise.all(
    items.map((item) =>
      attend(
        ledger.reserve(item).then(async (reserved) => {
          count(reserved.status);
          if (reserved.status !== 'reserved') return;
          const settled = await ledger.settle(
            settleItem(item.id, 'POST', now, { credits: item.credits, costMicros: BigInt(job.costMicros) }),
          );
          count(settled.status);
        }),
      ),
    ),
  );
}

async function hammer(job: HammerJob, ledger: Ledger, setBudget: () => Promise<void>): Promise<void> {
  const until = performance.now() + job.durationMs;
  const mine: string[] = [];

  const step = async () => {
    const now = systemClock.now();
    const chance = Math.random();
    if (chance < 0.45) {
      const sent = Math.random() < 0.5;
      const item = reserveItem(pick(job.accountIds), now, {
        credits: Math.floor(Math.random() * 5),
        provider: pick(job.providers),
        key: Math.random() < 0.1 ? `shared-${Math.floor(Math.random() * 20)}` : newId(),
        sent: () => sent,
      });
      const reserved = await ledger.reserve(item);
      count(reserved.status);
      if (reserved.status === 'reserved') mine.push(item.id);
    } else if (chance < 0.85) {
      // Not always one that is still pending, and sometimes the same as a neighbour's.
      const id = Math.random() < 0.9 ? mine.shift() : mine[0];
      if (!id) return;
      // While one of these is asked for, the other comes: as a cancel and an answer do.
      if (Math.random() < 0.3) {
        const expiresAt = new Date(now.getTime() + 60_000);
        void attend(ledger.recordJob({ generationId: id, number: 1, jobId: 'job', expiresAt }));
        void attend(ledger.markSent(id, expiresAt).then((sent) => sent || count('not sent')));
      }
      const action = pick(['POST', 'POST', 'VOID', 'EXPIRE'] as const);
      const settled = await ledger.settle(
        settleItem(id, action, now, {
          credits: 0,
          attempts: [
            attempt(now, {
              provider: pick(job.providers),
              costMicros: BigInt(Math.floor(Math.random() * 50_000)),
            }),
          ],
        }),
      );
      count(settled.status);
    } else if (chance < 0.9) {
      const granted = await ledger.grant({
        accountId: pick(job.accountIds),
        namespace: 'api',
        key: newId(),
        inputHash: 'h',
        source: 'PURCHASE',
        credits: 5,
        revenueMicros: 33_333n,
        expiresAt: Math.random() < 0.5 ? new Date(now.getTime() + 500) : null,
        reason: 'Under load',
        actor: 'key:test',
      });
      count(granted.status);
    } else if (chance < 0.95) {
      await ledger.balance(pick(job.accountIds));
    } else if (chance < 0.97) {
      await ledger.expireGrants();
    } else if (chance < 0.99) {
      for (const orphan of await ledger.adoptOrphans(10)) mine.push(orphan.generationId);
    } else {
      await setBudget();
    }
  };

  await Promise.all(
    Array.from({ length: job.lanes }, async () => {
      while (performance.now() < until) await attend(step());
    }),
  );
}

async function main(job: Job): Promise<void> {
  const database = await openDatabase({ url: job.url, connections: 6 });
  const clock = job.does === 'rush' ? new FakeClock(job.now) : systemClock;
  const ledger = await openLedger({ database, clock });
  process.send?.({ ready: true } satisfies FromWorker);
  await new Promise((resolve) => process.once('message', resolve));
  if (job.does === 'rush') await rush(job, ledger, clock.now());
  else {
    await hammer(job, ledger, async () => {
      const subject = pick(job.providers);
      await database.query(
        `SELECT protection_set_budget($1, $2, 'PROVIDER', $3, $4::budget_period, $5, 'BLOCK', 'key:test')`,
        [
          clock.now(),
          newId(),
          subject,
          pick(['HOUR', 'DAY', 'MONTH']),
          String(pick([400_000, 4_000_000_000])),
        ],
      );
    });
  }
  await ledger.stop();
  await database.close();
  process.send?.({ outcomes, errors } satisfies FromWorker);
  process.disconnect();
}

await main(JSON.parse(process.argv[2] ?? '{}') as Job);
