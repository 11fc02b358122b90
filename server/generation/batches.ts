/**
 * Generations that have time, sent many at once: those of low priority whose provider has a lower price for that. They wait
 * in a queue of their own until there are enough of them or some seconds are over. From there on each is as any other: its
 * call is written down as sent before it goes out, becomes a job with an id of its own, and is asked after, booked, given
 * up and taken up after a crash by itself.
 */
import type { Catalog } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { Log } from '../log.ts';
import type { BatchSubmits, Provider, Providers, SubmitResult } from '../providers/index.ts';
import type { Queue } from '../queue/index.ts';
import type { Routing } from '../routing/index.ts';
import * as outcome from './outcome.ts';
import { submitOf } from './provider-call.ts';
import { type GenerationRecord, isOverdue, priorityOf, requestOf, type Work } from './record.ts';
import type { Runner } from './runner.ts';
import type { Slots } from './slots.ts';
import * as statements from './statements.ts';

/** What says whether a generation can be sent together with others. */
type Batchable = Pick<GenerationRecord, 'provider' | 'model' | 'request'>;

/** What sends generations together. */
export interface Batches {
  /** Whether a generation is to be sent together with others. */
  takes(record: Batchable): boolean;
  /**
   * Sends those of these generations that wait for it, and hands on those that are to be sent alone. May be called again with
   * the same ones.
   *
   * @throws what the database throws. What has not been sent then is found by the next call.
   */
  submit(generationIds: readonly string[]): Promise<void>;
}

/** How long a batch waits for a provider that does not work at present. */
const UNHEALTHY_PAUSE_MS = 60_000;

/** Generations that may go into one batch. */
interface Group {
  readonly provider: Provider;
  readonly batch: BatchSubmits;
  readonly vendorModel: string;
  readonly works: Work[];
}

/** Makes the batches of one process. */
export function createBatches(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly catalog: Catalog;
  readonly providers: Providers;
  readonly routing: Routing;
  readonly queue: Queue;
  readonly slotsOf: (provider: string) => Slots;
  readonly runner: () => Pick<Runner, 'take' | 'finish' | 'publish' | 'expiryOf'>;
}): Batches {
  const { database, clock, log, ledger, catalog, providers, routing, queue } = options;

  /** Who makes a generation together with others; undefined when nobody does. */
  function groupOf(record: Batchable): Omit<Group, 'works'> | undefined {
    if (priorityOf(record) === 'NORMAL') return undefined;
    const provider = providers.serving(record.provider);
    const vendorModel = catalog.model(record.model)?.vendorModel;
    if (!provider?.batch || vendorModel === undefined) return undefined;
    return { provider, batch: provider.batch, vendorModel };
  }

  /** Puts generations into as few groups as may be sent, in their order. */
  function gather(works: readonly Work[]): Group[] {
    const open = new Map<string, { group: Group; items: number }>();
    const groups: Group[] = [];
    for (const work of works) {
      const found = groupOf(work.record);
      if (!found) continue;
      const { count } = requestOf(work.record);
      const key = `${found.provider.name} ${found.vendorModel}`;
      let last = open.get(key);
      if (!last || last.items + count > found.batch.maxItems) {
        last = { group: { ...found, works: [] }, items: 0 };
        open.set(key, last);
        groups.push(last.group);
      }
      last.group.works.push(work);
      last.items += count;
    }
    return groups;
  }

  async function send(group: Group): Promise<void> {
    const { provider } = group;
    if (!routing.isHealthy(provider.name)) {
      await Promise.all(
        group.works.map(({ record }) => queue.put('batch', record.id, UNHEALTHY_PAUSE_MS, 'LOW')),
      );
      return;
    }
    const { sent, results, failure } = await goOut(group);
    await allOf(sent, async (work, index) => {
      const result = results?.[index];
      if (result) await options.runner().take(work, provider, result);
      else {
        const item = outcome.lost(work, clock.now(), 'VOID', 'The call could not be followed to its end.');
        await options.runner().finish(work.record, item);
      }
    });
    if (failure) throw failure.reason;
  }

  /** Holds one slot of the provider while its one call is under way. */
  async function goOut(group: Group) {
    const slot = options.slotsOf(group.provider.name);
    await slot.take();
    try {
      const { sent, failure } = await markSent(group);
      return { sent, failure, results: sent.length > 0 ? await call(group, sent) : [] };
    } finally {
      slot.give();
    }
  }

  /**
   * Writes down that these go out, and gives those that may. One that cannot be written down keeps nobody else from going:
   * the others are written down already, and would count as sent.
   */
  async function markSent({ provider, works }: Group): Promise<{
    readonly sent: readonly Work[];
    readonly failure: PromiseRejectedResult | undefined;
  }> {
    const now = clock.now();
    const expiresAt = options.runner().expiryOf(provider, now);
    const marks = await Promise.allSettled(works.map(({ record }) => ledger.markSent(record.id, expiresAt)));
    const sent = works
      .filter((_, index) => {
        const mark = marks[index];
        return mark?.status === 'fulfilled' && mark.value;
      })
      .map((work): Work => ({ ...work, record: { ...work.record, status: 'RUNNING', sentAt: now } }));
    for (const { record } of sent) options.runner().publish(record);
    return { sent, failure: marks.find((mark) => mark.status === 'rejected') };
  }

  /** The result of each; null when the provider threw, against its contract. */
  async function call(
    { provider, batch, vendorModel }: Group,
    sent: readonly Work[],
  ): Promise<readonly SubmitResult[] | null> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), provider.timeoutMs);
    const { signal } = deadline;
    let results: readonly SubmitResult[] | undefined;
    try {
      // One batch is one call: what it says of the provider is learnt once.
      const answer = await routing.call(provider.name, async () => {
        results = await batch.submit(sent.map((work) => submitOf(work, { vendorModel, signal })));
        return representative(results);
      });
      return results ?? sent.map(() => answer);
    } catch (error) {
      log.error({ provider: provider.name, error }, 'A provider threw.');
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    takes: (record) => groupOf(record) !== undefined,

    async submit(generationIds) {
      const read = await Promise.all(generationIds.map((id) => statements.readWork(database, id)));
      // One that was sent belongs to whoever sent it.
      const waiting = read.filter(
        (work) => work !== null && work.record.completedAt === null && work.record.sentAt === null,
      ) as Work[];
      const now = clock.now();
      const over = waiting.filter(({ record }) => isOverdue(record, now));
      const works = waiting.filter((work) => !over.includes(work));
      await Promise.all(over.map((work) => options.runner().finish(work.record, outcome.overdue(work))));
      const alone = works.filter(({ record }) => !groupOf(record));
      await queue.putAll(
        'submit',
        alone.map(({ record }) => record.id),
        'LOW',
      );
      await allOf(gather(works), send);
    },
  };
}

/** Does something with each, and throws the first exception when all are done: none is left half-way. */
async function allOf<Item>(
  items: readonly Item[],
  act: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  const done = await Promise.allSettled(items.map(act));
  for (const each of done) if (each.status === 'rejected') throw each.reason;
}

/** What a batch's results say of its provider: that it took it, else why not, else nothing. */
function representative(results: readonly SubmitResult[]): SubmitResult {
  const result =
    results.find(({ status }) => status !== 'failed') ??
    results.find((each) => each.status === 'failed' && each.code === 'PROVIDER_UNAVAILABLE') ??
    results[0];
  if (!result) throw new Error('A batch has a result for each of its submits.');
  return result;
}
