/** Reads that would be one query a row are gathered within one request. */
import DataLoader from 'dataloader';
import type { Core } from '../server/core.ts';
import { isUuid } from '../server/ids.ts';
import type { OutputRecord } from '../server/ledger/index.ts';

/** Reads that one request gathers. */
export interface Loaders {
  outputs(generationId: string): Promise<readonly OutputRecord[]>;
  /** Of an actor of the audit log, the name by which people know it. */
  actorName(actor: string): Promise<string>;
}

/** Admins by their e-mail, keys by their name, everybody else as they are. */
async function namesOf({ database }: Core, actors: readonly string[]): Promise<string[]> {
  const idsOf = (kind: string) =>
    actors.flatMap((actor) => {
      const id = actor.slice(kind.length + 1);
      return actor.startsWith(`${kind}:`) && isUuid(id) ? [id] : [];
    });
  const [admins, keys] = await Promise.all([
    database.prisma.admin.findMany({
      where: { id: { in: idsOf('admin') } },
      select: { id: true, email: true },
    }),
    database.prisma.apiKey.findMany({
      where: { id: { in: idsOf('key') } },
      select: { id: true, name: true },
    }),
  ]);
  const known = new Map<string, string>([
    ...admins.map(({ id, email }) => [`admin:${id}`, email] as const),
    ...keys.map(({ id, name }) => [`key:${id}`, name] as const),
  ]);
  return actors.map((actor) => known.get(actor) ?? actor);
}

/** Loaders for one request. Nothing is made before it is used: most paid calls use none. */
export function createLoaders(core: Core): Loaders {
  let outputs: DataLoader<string, readonly OutputRecord[]> | undefined;
  let actors: DataLoader<string, string> | undefined;
  return {
    outputs(generationId) {
      outputs ??= new DataLoader(async (ids: readonly string[]) => {
        const found = await core.generations.outputsOf(ids);
        return ids.map((id) => found.get(id) ?? []);
      });
      return outputs.load(generationId);
    },
    actorName(actor) {
      actors ??= new DataLoader((names: readonly string[]) => namesOf(core, names));
      return actors.load(actor);
    },
  };
}
