/** Where the sandbox keeps Stripe's objects: in memory for tests, in a table for a site that is tried out. */
import type { Database } from '../../database/index.ts';
import { addObjects, findObjects, lockObjects, putObject, readObject } from './statements.ts';
import type { AnyObject, Kind, Kinds } from './wire.ts';

/** Fields at the top of an object, with what they must be. */
export type Where = Readonly<Record<string, string | number>>;

/** The objects, as one request sees them. */
export interface Shelf {
  /** The object of this kind, or null. */
  get<K extends Kind>(kind: K, id: string): Promise<Kinds[K] | null>;
  /** Keeps an object in the place of the one with its id. */
  put(object: AnyObject): Promise<void>;
  /** All of a kind whose fields have these values, the oldest first. */
  all<K extends Kind>(kind: K, where?: Where): Promise<Kinds[K][]>;
}

/** Does one request after another, each of them whole or not at all. */
export interface Store {
  work<Result>(task: (shelf: Shelf) => Promise<Result>): Promise<Result>;
}

/** A store in memory. */
export interface MemoryStore extends Store {
  /** Writes all that it has into the table, which has none of it yet: for what was made up in one go. */
  keep(database: Database): Promise<void>;
}

/** A store that is gone with its process unless it is kept. Its tasks must not fail half-way. */
export function createMemoryStore(): MemoryStore {
  const objects = new Map<string, AnyObject>();
  const shelf: Shelf = {
    get: async (kind, id) => {
      const object = objects.get(id);
      return object?.object === kind ? (structuredClone(object) as never) : null;
    },
    put: async (object) => void objects.set(object.id, structuredClone(object)),
    all: async (kind, where = {}) =>
      [...objects.values()].filter(
        (object) =>
          object.object === kind &&
          Object.entries(where).every(([field, value]) => (object as never)[field] === value),
      ) as never,
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    work(task) {
      const result = last.then(() => task(shelf));
      last = result.catch(() => {});
      return result;
    },
    keep: (database) => addObjects(database, [...objects.values()]),
  };
}

/** A store in the database, which a restart keeps and all processes of a site share. */
export function createTableStore(database: Database): Store {
  return {
    work: (task) =>
      database.transaction(async (sql) => {
        await lockObjects(sql);
        return task({
          get: (kind, id) => readObject(sql, kind, id),
          put: (object) => putObject(sql, object),
          all: (kind, where = {}) => findObjects(sql, kind, where),
        });
      }),
  };
}
