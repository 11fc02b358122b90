import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { isInnerAddress } from '../../server/storage/addresses.ts';
import { createFolderStorage, StorageError } from '../../server/storage/index.ts';
import { type Handler, output, PIXEL, png, quiet, startFileServer, startStore } from './support.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
/** Larger than what is gathered in memory, so that it goes to the disk as it arrives. */
const LARGE = png('large', 1_500_000);

const send =
  (bytes: Buffer, status = 200): Handler =>
  (_, response) => {
    response.writeHead(status, { 'content-length': bytes.length, 'content-type': 'image/png' });
    response.end(bytes);
  };
/** One handler for each request in turn; the last one stays. */
const inTurn = (...handlers: Handler[]): Handler => {
  let turn = 0;
  return (request, response) => {
    handlers[Math.min(turn, handlers.length - 1)]?.(request, response);
    turn += 1;
  };
};
/** Sends half and breaks the connection. */
const cutOff =
  (bytes: Buffer): Handler =>
  (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  };
/** Sends half and nothing more. */
const stall =
  (bytes: Buffer): Handler =>
  (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, bytes.length / 2));
  };
const redirect =
  (location: string): Handler =>
  (_, response) => {
    response.writeHead(302, { location });
    response.end();
  };

async function failureOf(stored: Promise<unknown>): Promise<StorageError> {
  const error: unknown = await stored.then(
    () => new Error('It was stored.'),
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(StorageError);
  return error as StorageError;
}

describe('a download', () => {
  test.each([
    ['a small file', PIXEL],
    ['a large file', LARGE],
  ])('%s is stored whole, and nothing else is left in the folder', async (_, bytes) => {
    await using server = await startFileServer(send(bytes));
    await using store = await startStore();
    const stored = await store.storage.store(output({ url: `${server.url}/a.png?signature=s` }), quiet());
    expect(stored).toMatchObject({ sha256: sha256(bytes), bytes: bytes.length, width: 1, height: 1 });
    expect(await store.files()).toEqual([expect.stringContaining(stored.sha256)]);
    const file = await store.storage.open(stored.sha256);
    expect(Buffer.from(await new Response(file?.stream).arrayBuffer()).equals(bytes)).toBe(true);
    expect(server.requests.map(({ path }) => path)).toEqual(['/a.png?signature=s']);
  });

  test('the same file downloaded and given as bytes is one file', async () => {
    await using server = await startFileServer(send(LARGE));
    await using store = await startStore();
    const downloaded = await store.storage.store(output({ url: server.url }), quiet());
    expect(await store.storage.store(output(LARGE), quiet())).toEqual(downloaded);
    expect(await store.files()).toHaveLength(1);
  });

  test('no credentials are sent, not even those in the address', async () => {
    await using server = await startFileServer(send(PIXEL));
    await using store = await startStore();
    await store.storage.store(output({ url: `http://user:secret@127.0.0.1:${server.port}/a` }), quiet());
    expect(Object.keys(server.requests[0]?.headers ?? {}).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
  });

  test('a body without a length is stored up to its end', async () => {
    await using server = await startFileServer((_, response) => {
      response.write(LARGE.subarray(0, 700_000));
      response.end(LARGE.subarray(700_000));
    });
    await using store = await startStore();
    expect(await store.storage.store(output({ url: server.url }), quiet())).toMatchObject({
      sha256: sha256(LARGE),
    });
  });

  test('downloads one after another share a connection', async () => {
    const sockets = new Set<unknown>();
    await using server = await startFileServer((request, response) => {
      sockets.add(request.socket);
      send(PIXEL)(request, response);
    });
    await using store = await startStore();
    for (let index = 0; index < 5; index += 1)
      await store.storage.store(output({ url: server.url }), quiet());
    expect(sockets.size).toBe(1);
  });

  test('many downloads at once do not mix up their bytes', async () => {
    await using server = await startFileServer((request, response) => {
      send(png(request.url ?? '', 400_000))(request, response);
    });
    await using store = await startStore();
    const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);
    const all = await Promise.all(
      paths.map((path) => store.storage.store(output({ url: server.url + path }), quiet())),
    );
    expect(all.map((stored) => stored.sha256)).toEqual(paths.map((path) => sha256(png(path, 400_000))));
  });
});

describe('a download that breaks', () => {
  test.each<[string, Handler]>([
    ['a connection that is cut off', cutOff(LARGE)],
    ['a small file that is cut off', cutOff(PIXEL)],
    ['a server that fails', send(Buffer.from('oops'), 503)],
    ['a connection that is closed without a word', (request) => void request.socket.destroy()],
  ])('%s is asked again, and what arrives then is whole', async (_, fault) => {
    await using server = await startFileServer(inTurn(fault, fault, send(LARGE)));
    await using store = await startStore();
    const stored = await store.storage.store(output({ url: server.url }), quiet());
    expect(stored).toMatchObject({ sha256: sha256(LARGE), bytes: LARGE.length });
    expect(server.requests).toHaveLength(3);
    expect(await store.files()).toHaveLength(1);
  });

  test('three times is an error that names the host but not the signature, and leaves nothing behind', async () => {
    await using server = await startFileServer(cutOff(LARGE));
    await using store = await startStore();
    const error = await failureOf(
      store.storage.store(output({ url: `${server.url}/a.png?sig=secret` }), quiet()),
    );
    expect(error).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: 'The finished file could not be fetched from the provider.',
      detail: expect.stringMatching(/^GET http:\/\/127\.0\.0\.1:\d+\/a\.png: .+, 3 times\.$/),
    });
    expect(server.requests).toHaveLength(3);
    expect(await store.files()).toEqual([]);
  });

  test('a cut-off body without a length is noticed too', async () => {
    await using server = await startFileServer((_, response) => {
      response.write(LARGE.subarray(0, 700_000), () => response.destroy());
    });
    await using store = await startStore();
    expect(await failureOf(store.storage.store(output({ url: server.url }), quiet()))).toMatchObject({
      code: 'DOWNLOAD_FAILED',
    });
    expect(await store.files()).toEqual([]);
  });

  test.each([400, 403, 404, 410, 204, 206, 304])('an answer of %i is final', async (status) => {
    await using server = await startFileServer((_, response) => void response.writeHead(status).end());
    await using store = await startStore();
    expect(await failureOf(store.storage.store(output({ url: server.url }), quiet()))).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: expect.stringContaining(`the server answered ${status}`),
    });
    expect(server.requests).toHaveLength(1);
  });

  test('a port that refuses connections is an error', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => listener.once('listening', resolve));
    const { port } = listener.address() as AddressInfo;
    await new Promise((resolve) => listener.close(resolve));
    await using store = await startStore();
    const error = await failureOf(store.storage.store(output({ url: `http://127.0.0.1:${port}/` }), quiet()));
    expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', detail: expect.stringContaining('3 times') });
  });

  test.each<[string, Handler]>([
    ['in the middle', stall(LARGE)],
    ['before its first byte', () => {}],
  ])('a download that stalls %s is given up, and leaves nothing behind', async (_, handler) => {
    await using server = await startFileServer(handler);
    await using store = await startStore({ stallMs: 60, retryDelaysMs: [] });
    const started = performance.now();
    const error = await failureOf(store.storage.store(output({ url: server.url }), quiet()));
    expect(error).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: expect.stringContaining('nothing arrived for 60 ms'),
    });
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(await store.files()).toEqual([]);
  });

  test('a download that is slow but never stalls is not given up', async () => {
    await using server = await startFileServer((_, response) => {
      response.writeHead(200);
      let sent = 0;
      const timer = setInterval(() => {
        response.write(LARGE.subarray(sent, sent + 150_000));
        sent += 150_000;
        if (sent < LARGE.length) return;
        clearInterval(timer);
        response.end();
      }, 30);
    });
    await using store = await startStore({ stallMs: 250, retryDelaysMs: [] });
    expect(await store.storage.store(output({ url: server.url }), quiet())).toMatchObject({
      sha256: sha256(LARGE),
    });
  });

  test.each<[string, Handler]>([
    ['in the middle', stall(LARGE)],
    ['before its first byte', () => {}],
  ])(
    'a caller that gives up %s is obeyed at once, is not asked again for, and leaves nothing',
    async (_, handler) => {
      const arrived = Promise.withResolvers<void>();
      await using server = await startFileServer((request, response) => {
        handler(request, response);
        setImmediate(arrived.resolve);
      });
      await using store = await startStore();
      const caller = new AbortController();
      const stored = failureOf(store.storage.store(output({ url: server.url }), caller.signal));
      await arrived.promise;
      const aborted = performance.now();
      caller.abort(new Error('enough'));
      expect(await stored).toMatchObject({
        code: 'DOWNLOAD_FAILED',
        message: 'The copying of the finished file was stopped.',
        cause: expect.objectContaining({ message: 'enough' }),
      });
      expect(performance.now() - aborted).toBeLessThan(500);
      expect(server.requests).toHaveLength(1);
      expect(await store.files()).toEqual([]);
    },
  );

  test('a caller that gives up between two tries is obeyed at once', async () => {
    const asked = Promise.withResolvers<void>();
    await using server = await startFileServer((request, response) => {
      send(Buffer.from('oops'), 500)(request, response);
      response.once('close', () => setImmediate(asked.resolve));
    });
    await using store = await startStore({ retryDelaysMs: [600_000] });
    const caller = new AbortController();
    const stored = failureOf(store.storage.store(output({ url: server.url }), caller.signal));
    await asked.promise;
    caller.abort();
    expect(await stored).toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('a download that is refused', () => {
  test('for its announced length is refused before its body', async () => {
    await using server = await startFileServer(stall(LARGE));
    await using store = await startStore({ maxBytes: 1_000_000 });
    const error = await failureOf(store.storage.store(output({ url: server.url }), quiet()));
    expect(error).toMatchObject({
      code: 'TOO_LARGE',
      detail: expect.stringContaining(`announces ${LARGE.length}`),
    });
    expect(server.requests).toHaveLength(1);
  });

  test('for a length that it did not announce is refused as soon as it is too long', async () => {
    let closed = Promise.withResolvers<void>();
    await using server = await startFileServer((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(LARGE)) {}
      };
      response.on('drain', more);
      response.on('close', closed.resolve);
      response.write(PIXEL);
      more();
    });
    for (const maxBytes of [1_000, 1_000_000]) {
      await using store = await startStore({ maxBytes });
      const error = await failureOf(store.storage.store(output({ url: server.url }), quiet()));
      expect(error).toMatchObject({ code: 'TOO_LARGE' });
      expect(await store.files()).toEqual([]);
      // An endless body is not read on.
      await closed.promise;
      closed = Promise.withResolvers<void>();
    }
    expect(server.requests).toHaveLength(2);
  });

  test.each<[string, Buffer]>([
    ['a page that calls itself a picture', Buffer.from('<!DOCTYPE html><script>alert(1)</script>')],
    ['a long page that calls itself a picture', Buffer.from('<!DOCTYPE html>'.padEnd(1_000_000))],
    ['an SVG with a script', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')],
    [
      'a long SVG with a script at its end',
      Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${'<g/>'.repeat(200_000)}<script/></svg>`),
    ],
    ['nothing', Buffer.alloc(0)],
  ])('%s is refused, not asked again for, and leaves nothing behind', async (_, bytes) => {
    await using server = await startFileServer(send(bytes));
    await using store = await startStore();
    const error = await failureOf(store.storage.store(output({ url: server.url }), quiet()));
    expect(error).toMatchObject({ code: 'WRONG_TYPE' });
    expect(server.requests).toHaveLength(1);
    expect(await store.files()).toEqual([]);
  });

  test('a long SVG that is plain is stored', async () => {
    const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${'<g/>'.repeat(200_000)}</svg>`);
    await using server = await startFileServer(send(svg));
    await using store = await startStore();
    const stored = await store.storage.store(output({ url: server.url }, 'image/svg+xml'), quiet());
    expect(stored).toMatchObject({ sha256: sha256(svg), contentType: 'image/svg+xml' });
  });

  test.each(['ftp://example.com/a.png', 'file:///etc/passwd', 'data:image/png;base64,AAAA', 'a.png', ''])(
    'the address "%s" is refused',
    async (url) => {
      await using store = await startStore();
      expect(await failureOf(store.storage.store(output({ url }), quiet()))).toMatchObject({
        code: 'DOWNLOAD_FAILED',
        detail: expect.stringContaining('only http and https'),
      });
    },
  );
});

describe('redirects', () => {
  test('up to three are followed, also relative ones', async () => {
    await using server = await startFileServer(
      inTurn(redirect('/b'), redirect('c'), redirect('?d'), send(PIXEL)),
    );
    await using store = await startStore();
    expect(await store.storage.store(output({ url: `${server.url}/a` }), quiet())).toMatchObject({
      width: 1,
    });
    expect(server.requests.map(({ path }) => path)).toEqual(['/a', '/b', '/c', '/c?d']);
  });

  test('a loop is an error after the third', async () => {
    await using server = await startFileServer(redirect('/again'));
    await using store = await startStore();
    const error = await failureOf(store.storage.store(output({ url: server.url }), quiet()));
    expect(error).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: expect.stringContaining('more than 3 times'),
    });
    expect(server.requests).toHaveLength(4);
  });

  test('to anything but http and https are not followed', async () => {
    await using server = await startFileServer(redirect('file:///etc/passwd'));
    await using store = await startStore();
    expect(await failureOf(store.storage.store(output({ url: server.url }), quiet()))).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: expect.stringContaining('file:'),
    });
  });
});

describe('private addresses', () => {
  test.each([
    '127.0.0.1',
    '127.9.9.9',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '0.0.0.0',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::127.0.0.1',
    'fd00::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'not an address',
  ])('%s is private', (address) => {
    expect(isInnerAddress(address)).toBe(true);
  });

  test.each(['8.8.8.8', '172.15.0.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    '%s is not',
    (address) => {
      expect(isInnerAddress(address)).toBe(false);
    },
  );

  test.each(['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1', '127.1'])(
    'a file at %s is not fetched, however it is written',
    async (host) => {
      await using server = await startFileServer(send(PIXEL));
      await using store = await startStore({ allowPrivateHosts: false });
      const error = await failureOf(
        store.storage.store(output({ url: `http://${host}:${server.port}/` }), quiet()),
      );
      expect(error).toMatchObject({
        code: 'DOWNLOAD_FAILED',
        message: expect.not.stringContaining(host),
        detail: expect.stringContaining('private address'),
      });
      expect(server.requests).toEqual([]);
    },
  );

  test('a redirect to one is not followed', async () => {
    await using inner = await startFileServer(send(PIXEL));
    await using store = await startStore();
    const seen: string[] = [];
    const storage = createFolderStorage({
      ...store.settings,
      allowPrivateHosts: false,
      fetch: async (url) => {
        seen.push(String(url));
        return Response.json(null, { status: 302, headers: { location: `${inner.url}/secret` } });
      },
    });
    const error = await failureOf(storage.store(output({ url: 'https://vendor.example/a' }), quiet()));
    expect(error).toMatchObject({ detail: expect.stringContaining('private address') });
    expect(seen).toEqual(['https://vendor.example/a']);
    expect(inner.requests).toEqual([]);
  });
});

describe("a fetch of the caller's", () => {
  test('is asked in place of the network, follows nothing by itself and is stored like any other', async () => {
    await using store = await startStore();
    let asked: RequestInit | undefined;
    const storage = createFolderStorage({
      ...store.settings,
      fetch: async (_, init) => {
        asked = init;
        return new Response(new Uint8Array(LARGE));
      },
    });
    const stored = await storage.store(output({ url: 'https://vendor.example/a' }), quiet());
    expect(stored.sha256).toBe(sha256(LARGE));
    expect(asked).toMatchObject({ redirect: 'manual', credentials: 'omit' });
  });

  test('of this runtime itself is cut off, stalls and is stopped like the own client', async () => {
    await using server = await startFileServer(inTurn(cutOff(LARGE), stall(LARGE), send(LARGE)));
    await using store = await startStore({ stallMs: 100 });
    const storage = createFolderStorage({ ...store.settings, fetch: globalThis.fetch });
    expect(await storage.store(output({ url: server.url }), quiet())).toMatchObject({
      sha256: sha256(LARGE),
    });
    expect(server.requests).toHaveLength(3);
    expect(await store.files()).toHaveLength(1);
  });

  test('that does not notice a body shorter than it was announced is not believed', async () => {
    await using store = await startStore();
    const storage = createFolderStorage({
      ...store.settings,
      fetch: async () => new Response(new Uint8Array(PIXEL), { headers: { 'content-length': '100' } }),
    });
    expect(
      await failureOf(storage.store(output({ url: 'https://vendor.example/a' }), quiet())),
    ).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: expect.stringContaining(`ended after ${PIXEL.length} of 100 bytes`),
    });
    expect(await store.files()).toEqual([]);
  });
});
