/** How outputs end, how their files leave, and what may happen meanwhile. */
import { afterEach, expect, test } from 'vitest';
import { newId } from '../../server/ids.ts';
import {
  createFolderStorage,
  createOutputs,
  REMOVAL_DELAY_MS,
  type Storage,
  StorageError,
  sweepOutputs,
} from '../../server/storage/index.ts';
import { type DatabaseKind, describeOnEachDatabase } from '../support/databases.ts';
import { openWorld, type World } from '../support/world.ts';
import { output, PIXEL, png, quiet, startStore } from './support.ts';

const DAY_MS = 86_400_000;
const HASH = /^[0-9a-f]{64}$/;

async function start(kind: DatabaseKind) {
  const world = await openWorld({ kind });
  const store = await startStore();
  const accountId = await world.account({ credits: 1_000 });
  const outputs = createOutputs({ database: world.database, clock: world.clock });
  const ids = new Map<string, string>();

  /** Writes an output of a file that has been stored, as a call does when it settles. */
  async function settle(sha256: string, bytes = PIXEL.length): Promise<string> {
    const id = newId();
    const generationId = await world.reserve(accountId);
    await world.post(generationId, {
      outputs: [
        {
          id,
          position: 0,
          sha256,
          contentType: 'image/png',
          bytes,
          width: 1,
          height: 1,
          durationSeconds: null,
        },
      ],
    });
    ids.set(id, generationId);
    return id;
  }
  const keep = async (bytes: Buffer) => (await store.storage.store(output(bytes), quiet())).sha256;
  return {
    world,
    store,
    outputs,
    generationOf: (id: string) => ids.get(id),
    settle,
    keep,
    /** Stores a file and writes an output of it. */
    async make(bytes: Buffer) {
      const sha256 = await keep(bytes);
      return { sha256, id: await settle(sha256, bytes.length) };
    },
    sweep: (options: { days?: number; limit?: number; storage?: Storage } = {}) =>
      sweepOutputs({
        database: world.database,
        clock: world.clock,
        storage: options.storage ?? store.storage,
        retentionDays: options.days,
        limit: options.limit ?? 100,
      }),
    /** Sweeps, lets the delay pass, and sweeps again. */
    async sweepToTheEnd(days?: number) {
      await this.sweep(days === undefined ? {} : { days });
      world.clock.advance(REMOVAL_DELAY_MS);
      return this.sweep(days === undefined ? {} : { days });
    },
    state: async (id: string) =>
      (
        await world.rows<{ revoked: boolean; expired: boolean }>(
          'SELECT revoked_at IS NOT NULL AS revoked, expired_at IS NOT NULL AS expired FROM output WHERE id = $1',
          [id],
        )
      )[0],
    removals: () => world.rows<{ sha256: string }>('SELECT sha256 FROM removal'),
    /** The hashes of what lies in the store, wherever it lies. */
    async files() {
      return [...new Set((await store.files()).map((path) => path.split('/').at(-1) ?? ''))].sort();
    },
  };
}

const NOTHING = { expired: 0, setAside: 0, restored: 0, deleted: 0, failures: [] };

describeOnEachDatabase('retention', (kind) => {
  let open: Awaited<ReturnType<typeof start>> | undefined;
  const begin = async () => {
    open = await start(kind);
    return open;
  };
  afterEach(async () => {
    await open?.world.expectSound();
    await open?.store[Symbol.asyncDispose]();
    await open?.world.close();
    open = undefined;
  });
  const clockOf = ({ world }: { world: World }) => world.clock;

  test('an output ends when its days are over, and its file is gone a day later', async () => {
    const it = await begin();
    const { id, sha256 } = await it.make(PIXEL);
    clockOf(it).advance(30 * DAY_MS - 1);
    expect(await it.sweep({ days: 30 })).toEqual(NOTHING);
    clockOf(it).advance(1);
    expect(await it.sweep({ days: 30 })).toEqual({ ...NOTHING, expired: 1, setAside: 1 });
    expect(await it.state(id)).toEqual({ revoked: false, expired: true });
    expect(await it.store.files()).toEqual([`aside/${sha256}`]);
    clockOf(it).advance(REMOVAL_DELAY_MS - 1);
    expect(await it.sweep({ days: 30 })).toEqual(NOTHING);
    clockOf(it).advance(1);
    expect(await it.sweep({ days: 30 })).toEqual({ ...NOTHING, deleted: 1 });
    expect(await it.store.files()).toEqual([]);
    expect(await it.removals()).toEqual([]);
    expect(await it.sweep({ days: 30 })).toEqual(NOTHING);
  });

  test('without a number of days nothing expires, and what is revoked leaves all the same', async () => {
    const it = await begin();
    const kept = await it.make(PIXEL);
    const taken = await it.make(png('taken back'));
    await it.outputs.revoke(taken.id, 'admin:test');
    clockOf(it).advance(3_650 * DAY_MS);
    expect(await it.sweepToTheEnd()).toEqual({ ...NOTHING, deleted: 1 });
    expect(await it.files()).toEqual([kept.sha256]);
    expect(await it.state(kept.id)).toEqual({ revoked: false, expired: false });
  });

  test('a file goes with the last output that needs it, whether that is revoked or expires', async () => {
    const it = await begin();
    const { id, sha256 } = await it.make(PIXEL);
    clockOf(it).advance(20 * DAY_MS);
    const second = await it.settle(sha256);
    const third = await it.settle(sha256);
    clockOf(it).advance(10 * DAY_MS);
    expect(await it.sweep({ days: 30 })).toEqual({ ...NOTHING, expired: 1 });
    expect(await it.state(id)).toEqual({ revoked: false, expired: true });
    await it.outputs.revoke(second, 'admin:test');
    await it.sweepToTheEnd(30);
    expect(await it.files()).toEqual([sha256]);
    clockOf(it).advance(20 * DAY_MS);
    await it.sweepToTheEnd(30);
    expect(await it.state(third)).toEqual({ revoked: false, expired: true });
    expect(await it.files()).toEqual([]);
    expect(await it.removals()).toEqual([]);
  });

  test('many are ended in batches, the oldest first', async () => {
    const it = await begin();
    const made = [];
    for (let index = 0; index < 7; index += 1) {
      made.push(await it.make(png(`file ${index}`)));
      clockOf(it).advance(1_000);
    }
    clockOf(it).advance(30 * DAY_MS);
    expect(await it.sweep({ days: 30, limit: 3 })).toMatchObject({ expired: 3, setAside: 3 });
    expect(await Promise.all(made.map(({ id }) => it.state(id).then((state) => state?.expired)))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(await it.sweep({ days: 30, limit: 3 })).toMatchObject({ expired: 3 });
    expect(await it.sweep({ days: 30, limit: 3 })).toMatchObject({ expired: 1 });
    for (let index = 0; index < 10; index += 1) {
      clockOf(it).advance(REMOVAL_DELAY_MS);
      await it.sweep({ days: 30, limit: 3 });
    }
    expect(await it.store.files()).toEqual([]);
  });

  test('two sweeps at once do each thing once', async () => {
    const it = await begin();
    for (let index = 0; index < 12; index += 1) await it.make(png(`file ${index}`));
    clockOf(it).advance(30 * DAY_MS);
    const first = await Promise.all([it.sweep({ days: 30 }), it.sweep({ days: 30 })]);
    expect(first.reduce((sum, { expired }) => sum + expired, 0)).toBe(12);
    // One of the two may have looked before the other had ended anything.
    const more = await it.sweep({ days: 30 });
    expect([...first, more].reduce((sum, { setAside }) => sum + setAside, 0)).toBe(12);
    clockOf(it).advance(REMOVAL_DELAY_MS);
    const second = await Promise.all([it.sweep({ days: 30 }), it.sweep({ days: 30 })]);
    expect(second.reduce((sum, { deleted }) => sum + deleted, 0)).toBe(12);
    expect([...first, more, ...second].flatMap(({ failures }) => failures)).toEqual([]);
    expect(await it.store.files()).toEqual([]);
  });

  test('a call that believed a file to be there when it was set aside gets it back', async () => {
    const it = await begin();
    const { id, sha256 } = await it.make(PIXEL);
    await it.outputs.revoke(id, 'admin:test');
    // It has seen the file, and settles only after the sweep: nothing in the database says so yet.
    await it.keep(PIXEL);
    expect(await it.sweep()).toMatchObject({ setAside: 1 });
    const late = await it.settle(sha256);
    expect((await it.store.storage.open(sha256))?.bytes).toBe(PIXEL.length);
    clockOf(it).advance(REMOVAL_DELAY_MS);
    expect(await it.sweep()).toEqual({ ...NOTHING, restored: 1 });
    expect(await it.store.files()).toEqual([`${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`]);
    expect(await it.removals()).toEqual([]);
    // And goes with that output, when it ends in its turn.
    await it.outputs.revoke(late, 'admin:test');
    await it.sweepToTheEnd();
    expect(await it.files()).toEqual([]);
  });

  test('a call whose file another process sets aside while it stores it gets it back', async () => {
    const it = await begin();
    const { id, sha256 } = await it.make(PIXEL);
    await it.outputs.revoke(id, 'admin:test');
    // The process of the sweep has its own memory of what is there; the call's process still believes in the file.
    const other = createFolderStorage(it.store.settings);
    await it.sweep({ storage: other });
    await it.keep(PIXEL);
    expect(await it.store.files()).toEqual([`aside/${sha256}`]);
    await it.settle(sha256);
    clockOf(it).advance(REMOVAL_DELAY_MS);
    expect(await it.sweep({ storage: other })).toMatchObject({ restored: 1 });
    expect((await it.store.storage.open(sha256))?.bytes).toBe(PIXEL.length);
  });

  test('bytes that are stored anew between the two steps are not deleted by the second', async () => {
    const it = await begin();
    const { id, sha256 } = await it.make(PIXEL);
    await it.outputs.revoke(id, 'admin:test');
    await it.sweep();
    await it.keep(PIXEL);
    clockOf(it).advance(REMOVAL_DELAY_MS);
    // The deletion begins with nobody in sight who needs it, and the output is written while it is under way.
    const storage: Storage = {
      ...it.store.storage,
      remove: async (hash) => {
        await it.settle(sha256);
        await it.store.storage.remove(hash);
      },
    };
    expect(await it.sweep({ storage })).toMatchObject({ deleted: 1 });
    expect(await it.store.files()).toEqual([`${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`]);
    expect(await it.removals()).toEqual([]);
  });

  test('what was stored anew and has ended as well goes round again, and is not left behind', async () => {
    const it = await begin();
    const first = await it.make(PIXEL);
    await it.outputs.revoke(first.id, 'admin:test');
    await it.sweep();
    const second = await it.make(PIXEL);
    await it.outputs.revoke(second.id, 'admin:test');
    clockOf(it).advance(REMOVAL_DELAY_MS);
    expect(await it.sweep()).toEqual({ ...NOTHING, deleted: 1, setAside: 1 });
    clockOf(it).advance(REMOVAL_DELAY_MS);
    expect(await it.sweep()).toEqual({ ...NOTHING, deleted: 1 });
    expect(await it.files()).toEqual([]);
    expect(await it.removals()).toEqual([]);
  });

  test('an output that ends while the sweep finds its file needed is not forgotten', async () => {
    const it = await begin();
    const { id, sha256 } = await it.make(PIXEL);
    const second = await it.settle(sha256);
    await it.outputs.revoke(id, 'admin:test');
    // Between the look at who needs the file and the note that nothing is to be done.
    const { database } = it.world;
    let ended = false;
    const slow = {
      ...database,
      query: async <Row>(text: string, parameters?: readonly unknown[], name?: string) => {
        if (text.startsWith('DELETE FROM removal') && !ended) {
          ended = true;
          await it.outputs.revoke(second, 'admin:test');
        }
        return database.query<Row>(text, parameters, name);
      },
    };
    const swept = await sweepOutputs({
      database: slow,
      clock: clockOf(it),
      storage: it.store.storage,
      retentionDays: undefined,
      limit: 100,
    });
    expect(swept).toMatchObject({ setAside: 1 });
    clockOf(it).advance(REMOVAL_DELAY_MS);
    await it.sweep();
    expect(await it.files()).toEqual([]);
  });

  test('a file that storage refuses to move is told, keeps no other from leaving, and is tried again', async () => {
    const it = await begin();
    const first = await it.make(PIXEL);
    const second = await it.make(png('other'));
    for (const { id } of [first, second]) await it.outputs.revoke(id, 'admin:test');
    const storage: Storage = {
      ...it.store.storage,
      setAside: async (sha256) => {
        if (sha256 === first.sha256) throw new StorageError('WRITE_FAILED', 'No.', 'The disk is sulking.');
        return it.store.storage.setAside(sha256);
      },
    };
    expect(await it.sweep({ storage })).toEqual({
      ...NOTHING,
      setAside: 1,
      failures: [{ sha256: first.sha256, detail: 'The disk is sulking.' }],
    });
    expect(await it.sweep()).toEqual(NOTHING);
    clockOf(it).advance(60 * 60_000);
    expect(await it.sweep()).toEqual({ ...NOTHING, setAside: 1 });
  });

  test('a crash after the first step, before it was written down, loses nothing and leaves nothing', async () => {
    const it = await begin();
    const { id, sha256 } = await it.make(PIXEL);
    await it.outputs.revoke(id, 'admin:test');
    await it.store.storage.setAside(sha256);
    expect(await it.sweep()).toEqual({ ...NOTHING, setAside: 1 });
    clockOf(it).advance(REMOVAL_DELAY_MS);
    expect(await it.sweep()).toEqual({ ...NOTHING, deleted: 1 });
    expect(await it.files()).toEqual([]);
  });

  test('a revocation is written down once, with who did it, and ends nothing but its output', async () => {
    const it = await begin();
    const { id, sha256 } = await it.make(PIXEL);
    const other = await it.settle(sha256);
    expect(await it.outputs.owner(id)).toMatchObject({ generationId: it.generationOf(id) });
    expect(await it.outputs.owner(newId())).toBeNull();
    await it.outputs.revoke(id, 'key:someone');
    const [before] = await it.world.rows<{ at: Date }>('SELECT revoked_at AS at FROM output WHERE id = $1', [
      id,
    ]);
    clockOf(it).advance(5_000);
    await it.outputs.revoke(id, 'key:another');
    await it.outputs.revoke(newId(), 'key:someone');
    const [after] = await it.world.rows<{ at: Date }>('SELECT revoked_at AS at FROM output WHERE id = $1', [
      id,
    ]);
    expect(after).toEqual(before);
    expect(await it.state(other)).toEqual({ revoked: false, expired: false });
    expect(
      await it.world.rows("SELECT actor, subject, detail FROM audit_log WHERE action = 'output.revoked'"),
    ).toEqual([
      {
        actor: 'key:someone',
        subject: id,
        detail: { generation: it.generationOf(id), sha256: expect.stringMatching(HASH) },
      },
    ]);
  });
});
