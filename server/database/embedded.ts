import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite, type PGliteOptions } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { PrismaClient } from './client/client.ts';
import type { Database } from './database.ts';

const INT8 = 20;
const INT8_ARRAY = 1016;

const parsers: NonNullable<PGliteOptions['parsers']> = {
  [INT8]: BigInt,
  [INT8_ARRAY]: (text: string) => text.slice(1, -1).split(',').filter(Boolean).map(BigInt),
};

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Takes a folder for this process. Two processes that opened one PGlite folder would destroy it, and PGlite
 * itself does not look.
 *
 * @returns what lets go of it.
 * @throws when a living process has it.
 */
function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'lock');
  const mine = `${process.pid}\n`;
  try {
    writeFileSync(file, mine, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const owner = Number(readFileSync(file, 'utf8'));
    if (owner !== process.pid && owner > 0 && isAlive(owner)) {
      throw new Error(
        `The embedded database in ${folder} is in use by process ${owner}. Stop that one, set DATA_DIR to another folder, or set DATABASE_URL to a Postgres that several processes can share.`,
      );
    }
    writeFileSync(file, mine);
  }
  return () => rmSync(file, { force: true });
}

/**
 * Opens PGlite: Postgres in WebAssembly, in this process.
 *
 * @param folder where it keeps its data; undefined keeps it in memory, for tests.
 * @param template a dumped data folder to start from, which saves the seconds that a new one takes.
 */
export async function openEmbedded(folder: string | undefined, template?: Blob): Promise<Database> {
  const unlock = folder ? lockFolder(folder) : () => {};
  const client = await PGlite.create({
    ...(folder ? { dataDir: join(folder, 'postgres') } : {}),
    ...(template ? { loadDataDir: template } : {}),
    parsers,
  });
  const prisma = new PrismaClient({ adapter: new PrismaPGlite(client) });
  return {
    kind: 'pglite',
    prisma,
    query: <Row>(text: string, parameters?: readonly unknown[]) =>
      client.query<Row>(text, parameters as unknown[]).then((result) => result.rows),
    transaction: (work) =>
      client.transaction((transaction) =>
        work({
          query: <Row>(text: string, parameters?: readonly unknown[]) =>
            transaction.query<Row>(text, parameters as unknown[]).then((result) => result.rows),
        }),
      ),
    script: (text) => client.exec(text).then(() => undefined),
    async close() {
      await prisma.$disconnect();
      await client.close();
      unlock();
    },
  };
}
