/** Reads that would be one query a row are gathered within one request. */
import DataLoader from 'dataloader';
import type { AlertChange, Channel } from '../server/alerts/index.ts';
import type { Core } from '../server/core.ts';
import type { OutputRecord } from '../server/ledger/index.ts';

/** Reads that one request gathers. */
export interface Loaders {
  outputs(generationId: string): Promise<readonly OutputRecord[]>;
  /** All changes of an alert. */
  alertChangesOf(alertId: string): Promise<readonly AlertChange[]>;
  /** The changes with these numbers. */
  alertChanges(sequences: readonly number[]): Promise<readonly AlertChange[]>;
  alertChannel(id: string): Promise<Channel | null>;
}

/** A loader that is made when it is first asked: most paid calls use none. */
function lazy<Key, Value>(read: (keys: readonly Key[]) => Promise<readonly Value[]>) {
  let loader: DataLoader<Key, Value> | undefined;
  return (key: Key): Promise<Value> => {
    loader ??= new DataLoader(read);
    return loader.load(key);
  };
}

/** Loaders for one request. */
export function createLoaders(core: Core): Loaders {
  const change = lazy(async (sequences: readonly number[]) => {
    const found = new Map((await core.alerts.changes(sequences)).map((each) => [each.sequence, each]));
    return sequences.map((sequence) => found.get(sequence) ?? null);
  });
  return {
    outputs: lazy(async (ids: readonly string[]) => {
      const found = await core.generations.outputsOf(ids);
      return ids.map((id) => found.get(id) ?? []);
    }),
    alertChangesOf: lazy(async (ids: readonly string[]) => {
      const found = Map.groupBy(await core.alerts.changesOf(ids), ({ alert }) => alert.id);
      return ids.map((id) => found.get(id) ?? []);
    }),
    alertChanges: async (sequences) =>
      (await Promise.all(sequences.map(change))).filter((each) => each !== null),
    alertChannel: lazy(async (ids: readonly string[]) => {
      const found = new Map((await core.alerts.deliveries.channels()).map((each) => [each.id, each]));
      return ids.map((id) => found.get(id) ?? null);
    }),
  };
}
