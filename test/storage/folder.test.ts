import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import type { GenerationRequest } from '../../server/providers/provider.ts';
import { createSandbox } from '../../server/providers/sandbox/index.ts';
import { createFolderStorage, StorageError } from '../../server/storage/index.ts';
import { output, PIXEL, png, quiet, startStore } from './support.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const pathOf = (hash: string) => `${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`;
const read = async (stream: ReadableStream<Uint8Array> | undefined) =>
  Buffer.from(await new Response(stream).arrayBuffer());

describe('storing bytes', () => {
  test('a file is kept whole under its hash, and nothing else is left in the folder', async () => {
    await using store = await startStore();
    const stored = await store.storage.store(output(PIXEL), quiet());
    expect(stored).toEqual({
      sha256: sha256(PIXEL),
      contentType: 'image/png',
      bytes: PIXEL.length,
      width: 1,
      height: 1,
      durationSeconds: undefined,
    });
    expect(await store.files()).toEqual([pathOf(stored.sha256)]);
    expect(await fs.readFile(join(store.folder, pathOf(stored.sha256)))).toEqual(PIXEL);
  });

  test.each([2 ** 31, 2 ** 32 - 1, 1.5, Number.NaN, -1])(
    'a side of %s pixels, which the books cannot hold, is not told',
    async (side) => {
      await using store = await startStore();
      const said = { ...output(PIXEL), width: side, height: side };
      expect(await store.storage.store(said, quiet())).toMatchObject({ width: undefined, height: undefined });
      const header = png('wide', 100);
      header.writeUInt32BE(Number.isInteger(side) && side > 0 ? side : 2 ** 31, 16);
      expect(await store.storage.store(output(header), quiet())).toMatchObject({ width: undefined });
    },
  );

  test('equal bytes are one file, however often and however many at once', async () => {
    await using store = await startStore();
    const all = await Promise.all(
      Array.from({ length: 50 }, () => store.storage.store(output(PIXEL), quiet())),
    );
    expect(new Set(all.map((stored) => stored.sha256)).size).toBe(1);
    expect(await store.files()).toEqual([pathOf(sha256(PIXEL))]);
  });

  test('many files at once are all there, each whole', async () => {
    await using store = await startStore();
    const files = Array.from({ length: 200 }, (_, index) => png(`file ${index}`, index * 100));
    const all = await Promise.all(files.map((bytes) => store.storage.store(output(bytes), quiet())));
    for (const [index, stored] of all.entries()) {
      const bytes = await read((await store.storage.open(stored.sha256))?.stream);
      expect(bytes.equals(files[index] ?? Buffer.alloc(0))).toBe(true);
    }
    expect(await store.files()).toHaveLength(200);
  });

  test('two stores in one folder see the same files', async () => {
    await using store = await startStore();
    const other = createFolderStorage(store.settings);
    const { sha256: hash } = await other.store(output(PIXEL), quiet());
    expect(await store.storage.open(hash)).toMatchObject({ bytes: PIXEL.length });
    await store.storage.store(output(PIXEL), quiet());
    expect(await store.files()).toHaveLength(1);
  });

  test('the repetition of equal bytes touches no file', async () => {
    await using store = await startStore();
    const first = await store.storage.store(output(PIXEL), quiet());
    // Without the folder, any call of the file system would fail or make it anew.
    await fs.rm(store.folder, { recursive: true });
    expect(await store.storage.store(output(PIXEL), quiet())).toEqual(first);
    await expect(fs.stat(store.folder)).rejects.toThrow('ENOENT');
  });

  test('a file that was deleted is written again once it has been missed', async () => {
    await using store = await startStore();
    const { sha256: hash } = await store.storage.store(output(PIXEL), quiet());
    await fs.rm(join(store.folder, pathOf(hash)));
    expect(await store.storage.open(hash)).toBeNull();
    await store.storage.store(output(PIXEL), quiet());
    expect(await read((await store.storage.open(hash))?.stream)).toEqual(PIXEL);
  });

  test('a file that a power cut has shortened is written again', async () => {
    await using store = await startStore();
    const path = join(store.folder, pathOf(sha256(PIXEL)));
    await fs.mkdir(join(path, '..'), { recursive: true });
    await fs.writeFile(path, '');
    await store.storage.store(output(PIXEL), quiet());
    expect(await fs.readFile(path)).toEqual(PIXEL);
  });

  test('what a crash has left unfinished is removed after a day, and not before', async () => {
    await using store = await startStore();
    const incoming = join(store.folder, 'incoming');
    await fs.mkdir(incoming);
    await fs.writeFile(join(incoming, 'old'), 'half');
    await fs.writeFile(join(incoming, 'new'), 'half');
    const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000);
    await fs.utimes(join(incoming, 'old'), twoDaysAgo, twoDaysAgo);
    await store.storage.store(output(PIXEL), quiet());
    expect(await store.files()).toEqual([pathOf(sha256(PIXEL)), 'incoming/new'].sort());
  });

  test('a file on its way to the disk itself is stored as well', async () => {
    await using store = await startStore({ durable: true });
    const { sha256: hash } = await store.storage.store(output(PIXEL), quiet());
    expect(await store.files()).toEqual([pathOf(hash)]);
  });

  test('what the provider tells of the picture stands, and the file tells the rest', async () => {
    await using store = await startStore();
    const told = { ...output(PIXEL), width: 640, height: 360, durationSeconds: 5 };
    expect(await store.storage.store(told, quiet())).toMatchObject({
      width: 640,
      height: 360,
      durationSeconds: 5,
    });
    expect(await store.storage.store(output(PIXEL), quiet())).toMatchObject({ width: 1, height: 1 });
  });

  test('a file that is too large is refused, and leaves nothing behind', async () => {
    await using store = await startStore({ maxBytes: 100 });
    await expect(store.storage.store(output(png('', 100)), quiet())).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
    expect(await store.files()).toEqual([]);
  });

  test('a folder that cannot be written to is an error with a code, and works again once it can be', async () => {
    await using store = await startStore();
    const folder = join(store.folder, 'store');
    const storage = createFolderStorage({ ...store.settings, folder });
    await fs.writeFile(folder, 'a file where the folder should be');
    const error: unknown = await storage.store(output(PIXEL), quiet()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ code: 'WRITE_FAILED', message: 'The finished file could not be kept.' });
    await fs.rm(folder);
    await expect(storage.store(output(PIXEL), quiet())).resolves.toMatchObject({ sha256: sha256(PIXEL) });
  });

  test('a caller that has given up stores nothing', async () => {
    await using store = await startStore();
    await expect(store.storage.store(output(PIXEL), AbortSignal.abort())).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
    });
    expect(await store.files()).toEqual([]);
  });

  test('everything that the sandbox makes can be stored as what it claims to be', async () => {
    await using store = await startStore();
    const sandbox = createSandbox({ clock: new FakeClock('2026-03-01T12:00:00Z') });
    const source = { imageUrl: 'https://a.example/b?x=<script>', videoUrl: 'https://a.example/v', count: 1 };
    const requests: GenerationRequest[] = [
      { operation: 'GENERATE_IMAGE', prompt: 'A kite', size: '512x256', count: 1 },
      { operation: 'GENERATE_VIDEO', prompt: 'A kite', count: 1 },
      { operation: 'UPSCALE_IMAGE', ...source },
      { operation: 'REMOVE_BACKGROUND', ...source },
      { operation: 'VECTORIZE_IMAGE', ...source },
      { operation: 'DUB_VIDEO', ...source, targetLanguage: 'es' },
    ];
    for (const request of requests) {
      const call = {
        generationId: 'g',
        model: 'm',
        vendorModel: 'm',
        endUser: 'u',
        signal: quiet(),
        request,
      };
      const result = await sandbox.submit(call);
      if (result.status !== 'succeeded') throw new Error(JSON.stringify(result));
      for (const made of result.outputs) {
        const stored = await store.storage.store(made, quiet());
        expect(stored).toMatchObject({
          contentType: made.contentType,
          width: made.width,
          height: made.height,
        });
      }
    }
  });
});

describe('opening a file', () => {
  test('a large file is read as it was written', async () => {
    await using store = await startStore();
    const bytes = png('large', 3_000_000);
    const { sha256: hash } = await store.storage.store(output(bytes), quiet());
    const file = await store.storage.open(hash);
    expect(file?.bytes).toBe(bytes.length);
    expect((await read(file?.stream)).equals(bytes)).toBe(true);
  });

  test('a part of a file is exactly that part', async () => {
    await using store = await startStore();
    const bytes = png('0123456789', 200_000);
    const { sha256: hash } = await store.storage.store(output(bytes), quiet());
    for (const [start, end] of [
      [0, 0],
      [10, 19],
      [60_000, 140_000],
      [bytes.length - 1, bytes.length - 1],
    ] as const) {
      const file = await store.storage.open(hash, { start, end });
      expect(file?.bytes).toBe(bytes.length);
      expect((await read(file?.stream)).equals(bytes.subarray(start, end + 1))).toBe(true);
    }
  });

  // Only Linux tells a process of its open files.
  test.runIf(process.platform === 'linux')(
    'a reader that goes away half-way, or never comes, keeps no file open',
    async () => {
      await using store = await startStore();
      const { sha256: hash } = await store.storage.store(output(png('', 500_000)), quiet());
      const openFiles = async () => (await fs.readdir('/proc/self/fd')).length;
      const before = await openFiles();
      for (let index = 0; index < 20; index += 1) {
        await store.storage.open(hash);
        const reader = (await store.storage.open(hash))?.stream.getReader();
        await reader?.read();
        await reader?.cancel();
      }
      expect(await openFiles()).toBeLessThan(before + 10);
    },
  );

  test.each(['', 'a'.repeat(64), '../../etc/passwd', `${'a'.repeat(63)}/`, 'A'.repeat(64), 'incoming'])(
    'there is no file "%s"',
    async (name) => {
      await using store = await startStore();
      await store.storage.store(output(PIXEL), quiet());
      expect(await store.storage.open(name)).toBeNull();
    },
  );
});
