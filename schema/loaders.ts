/** Reads that would be one query a row are gathered within one request. */
import DataLoader from 'dataloader';
import type { Core } from '../server/core.ts';
import type { OutputRecord } from '../server/ledger/index.ts';

/** Reads that one request gathers. */
export interface Loaders {
  outputs(generationId: string): Promise<readonly OutputRecord[]>;
}

/** Loaders for one request. Nothing is made before it is used: most paid calls use none. */
export function createLoaders(core: Core): Loaders {
  let outputs: DataLoader<string, readonly OutputRecord[]> | undefined;
  return {
    outputs(generationId) {
      outputs ??= new DataLoader(async (ids: readonly string[]) => {
        const found = await core.generations.outputsOf(ids);
        return ids.map((id) => found.get(id) ?? []);
      });
      return outputs.load(generationId);
    },
  };
}
