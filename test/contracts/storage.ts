/**
 * What every store owes to Solvent, wherever its files lie. The suite knows server/storage/storage.ts and nothing of
 * disks and buckets; what differs comes in by a {@link StorageHarness}.
 */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Storage, StorageError } from '../../server/storage/index.ts';
import { type Handler, output, PIXEL, png, quiet, startFileServer } from '../storage/support.ts';

/** What a test may change of a store. */
export interface StorageSettings {
  readonly maxBytes?: number;
  readonly knownMs?: number;
  readonly retryDelaysMs?: readonly number[];
  readonly stallMs?: number;
}

/** One store in a place of its own, which goes away with it. */
export interface StorageSession extends AsyncDisposable {
  readonly storage: Storage;
  /** The same place, as another process sees it. */
  another(settings?: StorageSettings): Storage;
  /** The names of all that lies there, and of all that is on its way, in order. */
  files(): Promise<string[]>;
  /** From now on the place refuses everything, until it is mended. */
  break(): Promise<void>;
  mend(): Promise<void>;
}

/** Opens a store for a test. */
export interface StorageHarness {
  start(settings?: StorageSettings): Promise<StorageSession>;
}

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const pathOf = (hash: string) => `${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`;
/** Larger than what is gathered in memory, and than what a client sends without asking first. */
const LARGE = png('large', 3_000_000);
const film = (tag: string, bytes: number) => {
  const head = Buffer.from('\0\0\0\x18ftypisom\0\0\x02\0isomavc1', 'latin1');
  return Buffer.concat([head, png(tag, bytes)]);
};

const send =
  (bytes: Buffer): Handler =>
  (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.end(bytes);
  };
const cutOff =
  (bytes: Buffer): Handler =>
  (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  };

async function read(storage: Storage, hash: string, range?: { start: number; end: number }) {
  const file = await storage.open(hash, range);
  return file && Buffer.from(await new Response(file.stream).arrayBuffer());
}

async function failureOf(done: Promise<unknown>): Promise<StorageError> {
  const error: unknown = await done.then(
    () => new Error('It went well.'),
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(StorageError);
  return error as StorageError;
}

/** Runs the suite over one kind of store. */
export function storageContract(name: string, harness: StorageHarness): void {
  describe(`the store's contract: ${name}`, () => {
    test('bytes lie whole under their hash, with what they are, and nothing else lies there', async () => {
      await using session = await harness.start();
      const stored = await session.storage.store(output(PIXEL), quiet());
      expect(stored).toEqual({
        sha256: sha256Of(PIXEL),
        contentType: 'image/png',
        bytes: PIXEL.length,
        width: 1,
        height: 1,
        durationSeconds: undefined,
      });
      expect(await session.files()).toEqual([pathOf(stored.sha256)]);
      expect(await read(session.storage, stored.sha256)).toEqual(PIXEL);
    });

    test.each([
      ['a small file', PIXEL],
      ['a large file', LARGE],
    ])('%s that is named by URL is fetched, and lies whole under its hash', async (_, bytes) => {
      await using server = await startFileServer(send(bytes));
      await using session = await harness.start();
      const stored = await session.storage.store(output({ url: `${server.url}/a.png` }), quiet());
      expect(stored).toMatchObject({ sha256: sha256Of(bytes), bytes: bytes.length, width: 1, height: 1 });
      expect(await session.files()).toEqual([pathOf(stored.sha256)]);
      expect((await read(session.storage, stored.sha256))?.equals(bytes)).toBe(true);
    });

    test('equal bytes are one file, however they come, however many at once, from whichever process', async () => {
      await using server = await startFileServer(send(LARGE));
      await using session = await harness.start();
      const other = session.another();
      const all = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          (index % 2 ? session.storage : other).store(
            output(index % 3 ? LARGE : { url: server.url }),
            quiet(),
          ),
        ),
      );
      expect(new Set(all.map((stored) => stored.sha256))).toEqual(new Set([sha256Of(LARGE)]));
      expect(await session.files()).toEqual([pathOf(sha256Of(LARGE))]);
    });

    test('many different files at once are each whole', async () => {
      await using session = await harness.start();
      const files = Array.from({ length: 60 }, (_, index) => png(`file ${index}`, index * 2_000));
      const all = await Promise.all(files.map((bytes) => session.storage.store(output(bytes), quiet())));
      for (const [index, { sha256 }] of all.entries()) {
        expect((await read(session.storage, sha256))?.equals(files[index] ?? PIXEL)).toBe(true);
      }
      expect(await session.files()).toHaveLength(files.length);
    });

    test('a part of a film is exactly that part, and its whole length is told with it', async () => {
      await using session = await harness.start();
      const bytes = film('0123456789', 400_000);
      const { sha256 } = await session.storage.store(output(bytes, 'video/mp4'), quiet());
      for (const [start, end] of [
        [0, 0],
        [10, 19],
        [60_000, 340_000],
        [bytes.length - 1, bytes.length - 1],
      ] as const) {
        expect((await session.storage.open(sha256, { start, end }))?.bytes).toBe(bytes.length);
        const part = await read(session.storage, sha256, { start, end });
        expect(part?.equals(bytes.subarray(start, end + 1))).toBe(true);
      }
    });

    test('a reader that goes away half-way, or never comes, leaves the store as it was', async () => {
      await using session = await harness.start();
      const { sha256 } = await session.storage.store(output(LARGE), quiet());
      for (let index = 0; index < 5; index += 1) {
        await session.storage.open(sha256);
        const reader = (await session.storage.open(sha256))?.stream.getReader();
        await reader?.read();
        await reader?.cancel();
      }
      expect((await read(session.storage, sha256))?.equals(LARGE)).toBe(true);
    });

    test.each(['', 'a'.repeat(64), '../../etc/passwd', `${'a'.repeat(63)}/`, 'A'.repeat(64), 'aside'])(
      'there is no file "%s", and none is set aside, put back or deleted',
      async (missing) => {
        await using session = await harness.start();
        const { sha256 } = await session.storage.store(output(PIXEL), quiet());
        expect(await session.storage.open(missing)).toBeNull();
        expect(await session.storage.setAside(missing)).toBe(false);
        await session.storage.restore(missing);
        await session.storage.remove(missing);
        expect(await session.files()).toEqual([pathOf(sha256)]);
      },
    );

    test('a file that is too large is refused, given or fetched, and leaves nothing behind', async () => {
      await using server = await startFileServer((_, response) => void response.end(LARGE));
      await using session = await harness.start({ maxBytes: 1_000_000 });
      for (const content of [LARGE, { url: server.url }]) {
        const error = await failureOf(session.storage.store(output(content), quiet()));
        expect(error).toMatchObject({
          code: 'TOO_LARGE',
          message: 'The finished file is too large to be kept.',
        });
      }
      expect(await session.files()).toEqual([]);
    });

    test.each<[string, Buffer]>([
      ['a page', Buffer.from('<!DOCTYPE html><script>alert(1)</script>')],
      ['a long page', Buffer.from('<!DOCTYPE html>'.padEnd(1_000_000))],
      ['an SVG with a script', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')],
      ['a film', film('', 500_000)],
    ])(
      '%s that calls itself a picture is refused, given or fetched, and leaves nothing',
      async (_, bytes) => {
        await using server = await startFileServer(send(bytes));
        await using session = await harness.start();
        for (const content of [bytes, { url: server.url }]) {
          const error = await failureOf(session.storage.store(output(content), quiet()));
          expect(error).toMatchObject({
            code: 'WRONG_TYPE',
            message: 'The provider sent a file that cannot be served.',
          });
        }
        expect(await session.files()).toEqual([]);
      },
    );

    test('a download that breaks is asked again; one that always breaks is an error and leaves nothing', async () => {
      let turn = 0;
      await using server = await startFileServer((request, response) => {
        turn += 1;
        (request.url === '/always' || turn < 3 ? cutOff(LARGE) : send(LARGE))(request, response);
      });
      await using session = await harness.start();
      const stored = await session.storage.store(output({ url: server.url }), quiet());
      expect(stored.sha256).toBe(sha256Of(LARGE));
      const error = await failureOf(session.storage.store(output({ url: `${server.url}/always` }), quiet()));
      expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', detail: expect.stringContaining('3 times') });
      expect(await session.files()).toEqual([pathOf(stored.sha256)]);
    });

    test('a caller that gives up stops a download, and nothing is left of it', async () => {
      const arrived = Promise.withResolvers<void>();
      await using server = await startFileServer((_, response) => {
        response.writeHead(200, { 'content-length': LARGE.length });
        response.write(LARGE.subarray(0, 1_000_000), () => arrived.resolve());
      });
      await using session = await harness.start();
      const caller = new AbortController();
      const failed = failureOf(session.storage.store(output({ url: server.url }), caller.signal));
      await arrived.promise;
      caller.abort(new Error('enough'));
      expect(await failed).toMatchObject({ code: 'DOWNLOAD_FAILED' });
      expect(await session.files()).toEqual([]);
    });

    test('a place that refuses is an error that says so, shows nothing half-written, and works once it is mended', async () => {
      await using server = await startFileServer(send(LARGE));
      await using session = await harness.start();
      await session.break();
      for (const content of [PIXEL, { url: server.url }]) {
        const error = await failureOf(session.storage.store(output(content), quiet()));
        expect(error).toMatchObject({
          code: 'WRITE_FAILED',
          message: 'The finished file could not be kept.',
          detail: expect.stringMatching(/refused it: ./),
        });
      }
      // What the store could not keep was not downloaded again and again.
      expect(server.requests).toHaveLength(1);
      await session.mend();
      expect(await session.files()).toEqual([]);
      for (const content of [PIXEL, { url: server.url }]) {
        const { sha256 } = await session.storage.store(output(content), quiet());
        expect(await read(session.storage, sha256)).not.toBeNull();
      }
    });

    test('a place that does not say whether a file is there is an error, and not a missing file', async () => {
      await using session = await harness.start();
      const { sha256 } = await session.storage.store(output(PIXEL), quiet());
      await session.break();
      const read = await session.storage.open(sha256).catch((error: unknown) => error);
      // A folder that is gone has no files; a bucket that does not answer may have them.
      expect(read === null || (read instanceof StorageError && read.code === 'READ_FAILED')).toBe(true);
    });

    test('a file that is set aside can still be read, and is written anew when it is stored anew', async () => {
      await using session = await harness.start();
      const { sha256 } = await session.storage.store(output(PIXEL), quiet());
      expect(await session.storage.setAside(sha256)).toBe(true);
      expect(await session.storage.setAside(sha256)).toBe(true);
      expect(await session.files()).toEqual([`aside/${sha256}`]);
      expect(await read(session.storage, sha256)).toEqual(PIXEL);
      expect((await session.storage.open(sha256, { start: 1, end: 3 }))?.bytes).toBe(PIXEL.length);
      await session.storage.store(output(PIXEL), quiet());
      expect(await session.files()).toEqual([pathOf(sha256), `aside/${sha256}`].sort());
    });

    test('deleting takes what was set aside, and never what was stored since', async () => {
      await using session = await harness.start();
      const { sha256 } = await session.storage.store(output(PIXEL), quiet());
      await session.storage.remove(sha256);
      expect(await session.files()).toEqual([pathOf(sha256)]);
      await session.storage.setAside(sha256);
      await session.storage.store(output(PIXEL), quiet());
      await session.storage.remove(sha256);
      expect(await session.files()).toEqual([pathOf(sha256)]);
      await session.storage.setAside(sha256);
      await session.storage.remove(sha256);
      expect(await session.files()).toEqual([]);
      expect(await session.storage.open(sha256)).toBeNull();
      expect(await session.storage.setAside(sha256)).toBe(false);
    });

    test('a file that is put back is where it was, also when it was stored anew meanwhile', async () => {
      await using session = await harness.start();
      const { sha256 } = await session.storage.store(output(PIXEL), quiet());
      await session.storage.setAside(sha256);
      await session.storage.restore(sha256);
      expect(await session.files()).toEqual([pathOf(sha256)]);
      await session.storage.setAside(sha256);
      await session.storage.store(output(PIXEL), quiet());
      await session.storage.restore(sha256);
      await session.storage.restore(sha256);
      expect(await session.files()).toEqual([pathOf(sha256)]);
      expect(await read(session.storage, sha256)).toEqual(PIXEL);
    });

    test('what another process has set aside is believed to be there for a while, and then written anew', async () => {
      await using session = await harness.start();
      const quick = session.another({ knownMs: 0 });
      const { sha256 } = await session.storage.store(output(PIXEL), quiet());
      await quick.store(output(PIXEL), quiet());
      await session.another().setAside(sha256);
      await session.storage.store(output(PIXEL), quiet());
      expect(await session.files()).toEqual([`aside/${sha256}`]);
      // Meanwhile it can be read all the same.
      expect(await read(session.storage, sha256)).toEqual(PIXEL);
      await quick.store(output(PIXEL), quiet());
      expect(await session.files()).toEqual([pathOf(sha256), `aside/${sha256}`].sort());
    });
  });
}
