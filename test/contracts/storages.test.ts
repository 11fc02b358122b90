/** The contract of server/storage/storage.ts over both stores, and what is peculiar to the bucket. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createFolderStorage, openS3Storage, type S3StorageOptions } from '../../server/storage/index.ts';
import { createS3Storage } from '../../server/storage/s3.ts';
import { output, PIXEL, png, quiet, startStore } from '../storage/support.ts';
import { S3_ACCOUNT, startTestBucket } from '../support/s3.ts';
import { type StorageHarness, storageContract } from './storage.ts';

const folder: StorageHarness = {
  async start(settings = {}) {
    const store = await startStore(settings);
    const away = `${store.folder}-away`;
    return {
      storage: store.storage,
      another: (more = {}) => createFolderStorage({ ...store.settings, ...more }),
      files: () => store.files(),
      // A file in the folder's place lets nothing be made within, for every user and on every system.
      async break() {
        await rename(store.folder, away);
        await writeFile(store.folder, '');
      },
      async mend() {
        await rm(store.folder);
        await rename(away, store.folder);
      },
      async [Symbol.asyncDispose]() {
        await rm(away, { recursive: true, force: true });
        await store[Symbol.asyncDispose]();
      },
    };
  },
};

/** A store in a loopback bucket, and all that a test may want to reach. */
async function startBucketStore(options: Partial<S3StorageOptions> = {}) {
  const bucket = await startTestBucket();
  const spoolFolder = await mkdtemp(join(tmpdir(), 'solvent-spool-'));
  const settings: S3StorageOptions = {
    ...S3_ACCOUNT,
    endpoint: bucket.url,
    prefix: '',
    forcePathStyle: true,
    spoolFolder,
    requestRetryDelaysMs: [1, 1],
    requestStallMs: 5_000,
    allowPrivateHosts: true,
    retryDelaysMs: [1, 1],
    stallMs: 5_000,
    ...options,
  };
  return {
    bucket,
    settings,
    storage: createS3Storage(settings),
    async files() {
      return [...bucket.objects.keys(), ...(await readdir(spoolFolder))].sort();
    },
    async [Symbol.asyncDispose]() {
      await bucket[Symbol.asyncDispose]();
      await rm(spoolFolder, { recursive: true, force: true });
    },
  };
}

const bucket: StorageHarness = {
  async start(settings = {}) {
    const store = await startBucketStore(settings);
    return {
      storage: store.storage,
      another: (more = {}) => createS3Storage({ ...store.settings, ...more }),
      files: () => store.files(),
      break: async () => store.bucket.fail({ status: 503, code: 'SlowDown' }),
      mend: async () => store.bucket.mend(),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  },
};

storageContract('a folder', folder);
storageContract('an S3-compatible bucket', bucket);

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const LARGE = png('large', 3_000_000);

test('a start without a bucket loads neither the SDK for one nor what reads films', async () => {
  // Prints each package that is asked for while the application is loaded, and again with a bucket opened.
  const script = `
    import { registerHooks } from 'node:module';
    const asked = new Set();
    registerHooks({ resolve: (name, context, next) => { asked.add(name); return next(name, context); } });
    const { openS3Storage } = await import('./server/storage/index.ts');
    await import('./server/core.ts');
    const heavy = () => [...asked].filter((name) => /^(@aws-sdk\\/client-s3|music-metadata)$/.test(name));
    const before = heavy();
    await openS3Storage({ bucket: 'b', region: 'r', accessKeyId: 'a', secretAccessKey: 's', prefix: '', forcePathStyle: true,
      endpoint: undefined, spoolFolder: 'never-made' });
    console.log(JSON.stringify([before, heavy()]));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(import.meta.dirname, '../..'),
    env: {},
  });
  expect(JSON.parse(stdout)).toEqual([[], ['@aws-sdk/client-s3']]);
});

describe('a bucket', () => {
  test('is opened by its door, and keeps files under a prefix, as what they are', async () => {
    await using store = await startBucketStore();
    const storage = await openS3Storage({ ...store.settings, prefix: 'solvent/outputs/' });
    const { sha256 } = await storage.store(output(PIXEL), quiet());
    const path = `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;
    expect([...store.bucket.objects]).toEqual([
      [`solvent/outputs/${path}`, { bytes: PIXEL, contentType: 'image/png' }],
    ]);
    await storage.setAside(sha256);
    expect(await store.files()).toEqual([`solvent/outputs/aside/${sha256}`]);
    await storage.restore(sha256);
    expect(await store.files()).toEqual([`solvent/outputs/${path}`]);
  });

  test('is told with each body what it hashes to, whether it is sent from memory or from the disk', async () => {
    await using store = await startBucketStore({
      fetch: async () => new Response(new Uint8Array(LARGE)),
    });
    for (const content of [PIXEL, { url: 'https://vendor.example/a' }]) {
      await store.storage.store(output(content), quiet());
    }
    const puts = store.bucket.requests.filter(({ method }) => method === 'PUT');
    expect(puts.map(({ headers }) => headers['x-amz-content-sha256'])).toEqual([
      sha256Of(PIXEL),
      sha256Of(LARGE),
    ]);
    expect(puts.map(({ headers }) => headers['content-length'])).toEqual([
      String(PIXEL.length),
      String(LARGE.length),
    ]);
  });

  test('is not asked again for a file that was seen lately', async () => {
    await using store = await startBucketStore();
    const first = await store.storage.store(output(PIXEL), quiet());
    const before = store.bucket.requests.length;
    store.bucket.fail('closed');
    expect(await store.storage.store(output(PIXEL), quiet())).toEqual(first);
    expect(store.bucket.requests.length).toBe(before);
  });

  test.each([
    ['is overloaded', { status: 503, code: 'SlowDown' }],
    ['breaks', { status: 500, code: 'InternalError' }],
    ['closes the connection', 'closed'],
  ] as const)(
    'that %s twice is asked again, for small files and large ones, and for reading',
    async (_, fault) => {
      await using store = await startBucketStore({ fetch: async () => new Response(new Uint8Array(LARGE)) });
      for (const [content, bytes] of [
        [PIXEL, PIXEL],
        [{ url: 'https://vendor.example/a' }, LARGE],
      ] as const) {
        store.bucket.fail(fault, { method: 'PUT', times: 2 });
        const { sha256 } = await store.storage.store(output(content), quiet());
        store.bucket.fail(fault, { method: 'HEAD', times: 2 });
        const file = await store.storage.open(sha256);
        store.bucket.fail(fault, { method: 'GET', times: 2 });
        const read = Buffer.from(await new Response(file?.stream).arrayBuffer());
        expect(read.equals(bytes)).toBe(true);
      }
      expect(await store.files()).toHaveLength(2);
    },
  );

  test('that never answers is given up', async () => {
    await using store = await startBucketStore({ requestStallMs: 60, requestRetryDelaysMs: [] });
    store.bucket.fail('silence');
    const started = performance.now();
    await expect(store.storage.store(output(PIXEL), quiet())).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    await expect(store.storage.open(sha256Of(PIXEL))).rejects.toMatchObject({ code: 'READ_FAILED' });
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  test('that refuses is named with its status and code, without the secret, and is not asked again', async () => {
    await using store = await startBucketStore({ secretAccessKey: 'wrong/secret' });
    const error: unknown = await store.storage
      .store(output(PIXEL), quiet())
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'WRITE_FAILED',
      detail: 'The bucket refused it: it answered 403 SignatureDoesNotMatch: It was refused.',
    });
    expect(JSON.stringify(error)).not.toContain('wrong/secret');
    expect(store.bucket.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
    expect(store.bucket.objects.size).toBe(0);
  });

  test('that is not there is an error when something is stored', async () => {
    await using store = await startBucketStore({ bucket: 'another' });
    await expect(store.storage.store(output(PIXEL), quiet())).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      detail: expect.stringContaining('NoSuchBucket'),
    });
  });

  test('may hide whether a file is there from keys that cannot list: then it is written again', async () => {
    await using store = await startBucketStore();
    store.bucket.fail({ status: 403, code: 'AccessDenied' }, { method: 'HEAD' });
    const { sha256 } = await store.storage.store(output(PIXEL), quiet());
    store.bucket.mend();
    expect(await store.storage.open(sha256)).toMatchObject({ bytes: PIXEL.length });
  });

  test('whose connection breaks for good while a file is read fails the reader, and never ends early', async () => {
    await using store = await startBucketStore();
    const { sha256 } = await store.storage.store(output(LARGE), quiet());
    const file = await store.storage.open(sha256);
    store.bucket.fail({ status: 503, code: 'SlowDown' }, { method: 'GET' });
    await expect(new Response(file?.stream).arrayBuffer()).rejects.toThrow();
  });

  test('gets a large download from the disk, where nothing is left of it when the bucket refuses it', async () => {
    const bytes = 48 * 1024 * 1024;
    await using store = await startBucketStore({
      fetch: async () => {
        let sent = 0;
        return new Response(
          new ReadableStream({
            pull(controller) {
              const chunk = new Uint8Array(1024 * 1024);
              if (sent === 0) chunk.set(PIXEL);
              controller.enqueue(chunk);
              sent += chunk.length;
              if (sent >= bytes) controller.close();
            },
          }),
        );
      },
    });
    store.bucket.fail({ status: 403, code: 'AccessDenied' }, { method: 'PUT' });
    let spooled = 0;
    const watch = setInterval(async () => {
      spooled = Math.max(spooled, (await readdir(store.settings.spoolFolder)).length);
    }, 5);
    await expect(
      store.storage.store(output({ url: 'https://vendor.example/a' }), quiet()),
    ).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    clearInterval(watch);
    expect(spooled).toBe(1);
    expect(await store.files()).toEqual([]);
  });

  test('whose folder for downloads cannot be written to is an error, and nothing is sent', async () => {
    await using store = await startBucketStore({ fetch: async () => new Response(new Uint8Array(LARGE)) });
    const file = join(store.settings.spoolFolder, 'file');
    await writeFile(file, '');
    const storage = createS3Storage({ ...store.settings, spoolFolder: join(file, 'below') });
    await expect(storage.store(output({ url: 'https://vendor.example/a' }), quiet())).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      detail: expect.stringContaining('folder for downloads'),
    });
    expect(store.bucket.requests).toEqual([]);
  });
});
