/** Reads that would be one query a row are gathered within one request. */
import DataLoader from 'dataloader';
import type { Core } from '../server/core.ts';
import type { Prisma } from '../server/database/index.ts';
import type { OutputRecord } from '../server/ledger/index.ts';

type AccountRow = Prisma.AccountGetPayload<object>;

/** Reads that one request gathers. */
export interface Loaders {
  outputs(generationId: string): Promise<readonly OutputRecord[]>;
  /** Null when there is none. */
  account(id: string): Promise<AccountRow | null>;
}

/** Loaders for one request. Nothing is made before it is used: most paid calls use none. */
export function createLoaders(core: Core): Loaders {
  let outputs: DataLoader<string, readonly OutputRecord[]> | undefined;
  let accounts: DataLoader<string, AccountRow | null> | undefined;
  return {
    outputs(generationId) {
      outputs ??= new DataLoader(async (ids: readonly string[]) => {
        const found = await core.generations.outputsOf(ids);
        return ids.map((id) => found.get(id) ?? []);
      });
      return outputs.load(generationId);
    },
    account(id) {
      accounts ??= new DataLoader(
        async (ids: readonly string[]) => {
          const rows = await core.database.prisma.account.findMany({ where: { id: { in: [...ids] } } });
          const found = new Map(rows.map((row) => [row.id, row]));
          return ids.map((one) => found.get(one) ?? null);
        },
        { maxBatchSize: 1_000 },
      );
      return accounts.load(id);
    },
  };
}
