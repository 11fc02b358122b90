/** Reads that would be one query a row are gathered within one request. */
import DataLoader from 'dataloader';
import type { AlertChange, Channel } from '../server/alerts/index.ts';
import type { Core } from '../server/core.ts';
import type { Prisma } from '../server/database/index.ts';
import { isUuid } from '../server/ids.ts';
import type { OutputRecord } from '../server/ledger/index.ts';
import { packNames, planNames } from '../server/plans/index.ts';
import type { Adjustment } from '../server/reconciliation/index.ts';

type AccountRow = Prisma.AccountGetPayload<object>;

/** Reads that one request gathers. */
export interface Loaders {
  outputs(generationId: string): Promise<readonly OutputRecord[]>;
  /** All changes of an alert. */
  alertChangesOf(alertId: string): Promise<readonly AlertChange[]>;
  /** The changes with these numbers. */
  alertChanges(sequences: readonly number[]): Promise<readonly AlertChange[]>;
  alertChannel(id: string): Promise<Channel | null>;
  /** What people call a plan; its id where no such plan was sold here, and empty for none. */
  planName(id: string): Promise<string>;
  /** What people call a pack, likewise. */
  packName(id: string): Promise<string>;
  /** Of an actor of the audit log, the name by which people know it. */
  actorName(actor: string): Promise<string>;
  /** Null when there is none. */
  costAdjustment(id: string): Promise<Adjustment | null>;
  /** Null when there is none. */
  account(id: string): Promise<AccountRow | null>;
}

/** Admins by their e-mail, keys by their name, accounts by the id that the operator gave them, all others as they are. */
async function namesOf({ database }: Core, actors: readonly string[]): Promise<string[]> {
  const idsOf = (kind: string) =>
    actors.flatMap((actor) => {
      const id = actor.slice(kind.length + 1);
      return actor.startsWith(`${kind}:`) && isUuid(id) ? [id] : [];
    });
  const [admins, keys, accounts] = await Promise.all([
    database.prisma.admin.findMany({
      where: { id: { in: idsOf('admin') } },
      select: { id: true, email: true },
    }),
    database.prisma.apiKey.findMany({
      where: { id: { in: idsOf('key') } },
      select: { id: true, name: true },
    }),
    database.prisma.account.findMany({
      where: { id: { in: idsOf('account') } },
      select: { id: true, externalId: true },
    }),
  ]);
  const known = new Map<string, string>([
    ...admins.map(({ id, email }) => [`admin:${id}`, email] as const),
    ...keys.map(({ id, name }) => [`key:${id}`, name] as const),
    ...accounts.map(({ id, externalId }) => [`account:${id}`, externalId] as const),
  ]);
  return actors.map((actor) => known.get(actor) ?? actor);
}

/** Rows in one question to the database. */
const MOST_ROWS = 1_000;

/** Reads what is asked for within one turn in one go. */
function gathered<Key, Value>(
  read: (keys: readonly Key[]) => Promise<readonly Value[]>,
  maxBatchSize = Number.POSITIVE_INFINITY,
) {
  const loader = new DataLoader(read, { maxBatchSize });
  return (key: Key): Promise<Value> => loader.load(key);
}

/** Loaders for one request, which costs nothing until one is asked: a paid call asks none. */
export function createLoaders(core: Core): Loaders {
  return new RequestLoaders(core);
}

class RequestLoaders implements Loaders {
  readonly #core: Core;
  #made: Loaders | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  get #loaders(): Loaders {
    this.#made ??= makeLoaders(this.#core);
    return this.#made;
  }

  outputs(generationId: string) {
    return this.#loaders.outputs(generationId);
  }
  alertChangesOf(alertId: string) {
    return this.#loaders.alertChangesOf(alertId);
  }
  alertChanges(sequences: readonly number[]) {
    return this.#loaders.alertChanges(sequences);
  }
  alertChannel(id: string) {
    return this.#loaders.alertChannel(id);
  }
  planName(id: string) {
    return this.#loaders.planName(id);
  }
  packName(id: string) {
    return this.#loaders.packName(id);
  }
  actorName(actor: string) {
    return this.#loaders.actorName(actor);
  }
  costAdjustment(id: string) {
    return this.#loaders.costAdjustment(id);
  }
  account(id: string) {
    return this.#loaders.account(id);
  }
}

function makeLoaders(core: Core): Loaders {
  const change = gathered(async (sequences: readonly number[]) => {
    const found = new Map((await core.alerts.changes(sequences)).map((each) => [each.sequence, each]));
    return sequences.map((sequence) => found.get(sequence) ?? null);
  });
  return {
    outputs: gathered(async (ids: readonly string[]) => {
      const found = await core.generations.outputsOf(ids);
      return ids.map((id) => found.get(id) ?? []);
    }),
    alertChangesOf: gathered(async (ids: readonly string[]) => {
      const found = Map.groupBy(await core.alerts.changesOf(ids), ({ alert }) => alert.id);
      return ids.map((id) => found.get(id) ?? []);
    }),
    alertChanges: async (sequences) =>
      (await Promise.all(sequences.map(change))).filter((each) => each !== null),
    alertChannel: gathered(async (ids: readonly string[]) => {
      const found = new Map((await core.alerts.deliveries.channels()).map((each) => [each.id, each]));
      return ids.map((id) => found.get(id) ?? null);
    }),
    costAdjustment: gathered(async (ids: readonly string[]) => {
      const found = new Map((await core.reconciliation.adjustmentsById(ids)).map((each) => [each.id, each]));
      return ids.map((id) => found.get(id) ?? null);
    }, MOST_ROWS),
    account: gathered(async (ids: readonly string[]) => {
      const rows = await core.database.prisma.account.findMany({ where: { id: { in: [...ids] } } });
      const found = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => found.get(id) ?? null);
    }, MOST_ROWS),
    planName: gathered((ids: readonly string[]) => planNames(core.database, ids)),
    packName: gathered((ids: readonly string[]) => packNames(core.database, ids)),
    actorName: gathered((actors: readonly string[]) => namesOf(core, actors)),
  };
}
