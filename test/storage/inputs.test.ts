/** What customers name by URL: that it cannot lead anywhere it should not, and that it is what it says. */
import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { isInnerAddress } from '../../server/storage/addresses.ts';
import { createInputs, InputError, type InputKind, type InputOptions } from '../../server/storage/index.ts';
import { matroska, mp3, mp4, tediousMp3, wav } from '../support/media.ts';
import { type Handler, PIXEL, png, quiet, startFileServer } from './support.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const JPEG = latin1(
  '\xff\xd8\xff\xe1\x00\x06EXIF\xff\xc2\x00\x11\x08\x01\x68\x02\x80\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xd9',
);
const WEBP = latin1('RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\x67\x01\0');
const GIF = latin1('GIF89a\x80\x02\x68\x01\0\0\0;');
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
const PAGE = Buffer.from('\n<!DOCTYPE html><html><body><img src="a.png"></body></html>');

/** Answers with a file, whatever it says that it is. */
const send =
  (bytes: Buffer, contentType = 'image/png'): Handler =>
  (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length, 'content-type': contentType });
    response.end(bytes);
  };
const open = (options: Partial<InputOptions> = {}) =>
  createInputs({ allowPrivateHosts: true, stallMs: 5_000, retryDelaysMs: [], ...options });
const closed = (options: Partial<InputOptions> = {}) => open({ allowPrivateHosts: false, ...options });

async function failureOf(fetched: Promise<unknown>): Promise<InputError> {
  const error: unknown = await fetched.then(
    () => new Error('It was fetched.'),
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  // Sentences for people, the last of which says what would be right; and nothing of our network.
  expect(message).toMatch(/^[A-Z].*\. ?(Give|Try) .+\.$/);
  expect(message).not.toMatch(/ECONN|ENOTFOUND|127\.0|169\.254|10\.\d|signature/);
  return error as InputError;
}

/** A resolver that knows these names, and counts how often it is asked. */
function resolver(names: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  return {
    asked,
    resolve: (
      host: string,
      _options: object,
      callback: (error: Error | null, addresses: LookupAddress[]) => void,
    ) => {
      asked.push(host);
      const found = names[host];
      const addresses = (found ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      setImmediate(() => callback(found ? null : new Error(`getaddrinfo ENOTFOUND ${host}`), addresses));
    },
  };
}

const PRIVATE = 'The URL leads to a private address. Give one that anybody on the internet can open.';

describe('a URL that leads into our own network', () => {
  test.each([
    '127.0.0.1',
    '127.1',
    '127.0.0.1.',
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '017700000001',
    '0',
    '0.0.0.0',
    '10.0.0.1',
    '10.255.255.255',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '2852039166',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:169.254.169.254]',
    '[::ffff:0:127.0.0.1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b::a9fe:a9fe]',
    '[64:ff9b:1::a00:1]',
    '[2002:7f00:1::]',
    '[2001:0:7f00:1::]',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
    '[100::1]',
    '[4000::1]',
    'localhost',
    'LOCALHOST',
    '①②⑦.⓪.⓪.①',
  ])('at %s is refused, and nothing is asked there', async (host) => {
    await using server = await startFileServer(send(PIXEL));
    const error = await failureOf(closed().fetch(`http://${host}:${server.port}/a.png`, 'image', quiet()));
    expect(error.message).toBe(PRIVATE);
    expect(error.detail).toMatch(/has a private address\.$/);
    expect(server.requests).toEqual([]);
  });

  test.each<[string, readonly string[]]>([
    ['a private address', ['127.0.0.1']],
    ['a private address of IPv6', ['::1']],
    ['the address of a cloud that keeps credentials', ['169.254.169.254']],
    ['a private address in the clothes of IPv6', ['::ffff:10.0.0.1']],
    ['a private address behind a translator', ['64:ff9b::a00:1']],
    ['a public and a private address', ['93.184.216.34', '127.0.0.1']],
    ['a private and a public address', ['::1', '2606:4700::1111']],
  ])('by a name that has %s is refused', async (_, addresses) => {
    await using server = await startFileServer(send(PIXEL));
    const dns = resolver({ 'pictures.example': addresses });
    const error = await failureOf(
      closed(dns).fetch(`http://pictures.example:${server.port}/`, 'image', quiet()),
    );
    expect(error.message).toBe(PRIVATE);
    expect(dns.asked).toEqual(['pictures.example']);
    expect(server.requests).toEqual([]);
  });

  test('by a name whose second answer is a private one is connected to by its first, which was looked at', async () => {
    // Private ones are allowed here, so that the first may be one at which nobody is; what counts is that the name is
    // asked for once, and that its second answer is not connected to.
    const asked: string[] = [];
    const answers = ['240.0.0.1', '127.0.0.1'];
    await using server = await startFileServer(send(PIXEL));
    const inputs = createInputs({
      allowPrivateHosts: true,
      retryDelaysMs: [],
      timeoutMs: { image: 2_000 },
      resolve: (host, _options, callback) => {
        asked.push(host);
        callback(null, [{ address: answers[asked.length - 1] ?? '', family: 4 }]);
      },
    });
    await failureOf(inputs.fetch(`http://rebinding.example:${server.port}/`, 'image', quiet()));
    expect(asked).toEqual(['rebinding.example']);
    expect(server.requests).toEqual([]);
  });

  test.each(['http://127.0.0.1', 'http://[::1]', 'http://localhost', 'http://0x7f.1', '//127.0.0.1'])(
    'by a redirect from a public one to %s is refused',
    async (location) => {
      await using inner = await startFileServer(send(PIXEL));
      const dns = resolver({ localhost: ['127.0.0.1'] });
      const seen: string[] = [];
      const inputs = closed({
        fetch: async (url) => {
          const { hostname } = new URL(String(url));
          seen.push(hostname);
          // The public host; the rest is asked of the own client, as it would be.
          if (hostname === 'pictures.example') {
            return new Response(null, {
              status: 302,
              headers: { location: `${location}:${inner.port}/secret` },
            });
          }
          throw await failureOf(closed(dns).fetch(String(url), 'image', quiet()));
        },
      });
      const error = await failureOf(inputs.fetch('http://pictures.example/a.png', 'image', quiet()));
      expect(error.message).toBe(PRIVATE);
      expect(seen[0]).toBe('pictures.example');
      expect(inner.requests).toEqual([]);
    },
  );

  test('is fetched where the operator allows it', async () => {
    await using server = await startFileServer(send(PIXEL));
    expect(await open().fetch(`${server.url}/a.png`, 'image', quiet())).toMatchObject({
      width: 1,
      height: 1,
    });
  });
});

test.each(['::ffff:8.8.8.8', '2606:4700::1111', '2a00:1450::1', '8.8.8.8'])(
  '%s is of the public internet',
  (address) => {
    expect(isInnerAddress(address)).toBe(false);
  },
);

describe('a URL that is no such thing', () => {
  test.each([
    'file:///etc/passwd',
    'data:image/png;base64,iVBORw0KGgo=',
    'gopher://127.0.0.1:70/1',
    'ftp://example.com/a.png',
    'blob:https://example.com/1',
    'javascript:alert(1)',
    'about:blank',
  ])('%s is refused for its protocol', async (url) => {
    const error = await failureOf(closed().fetch(url, 'image', quiet()));
    expect(error.message).toBe(
      'Only http and https URLs are fetched. Give one such as https://example.com/picture.png.',
    );
  });

  test.each(['', 'a.png', '/etc/passwd', 'http://', 'https://exa mple.com/'])(
    '"%s" is refused',
    async (url) => {
      const error = await failureOf(closed().fetch(url, 'video', quiet()));
      expect(error.message).toBe('This is no URL. Give one such as https://example.com/film.mp4.');
    },
  );

  test.each(['file:///etc/passwd', 'gopher://127.0.0.1/'])(
    'a redirect to %s is not followed',
    async (location) => {
      await using server = await startFileServer((_, response) => {
        response.writeHead(302, { location }).end();
      });
      const error = await failureOf(open().fetch(server.url, 'image', quiet()));
      expect(error.message).toMatch(/^Only http and https/);
      expect(server.requests).toHaveLength(1);
    },
  );

  test('with a user name or a password is refused, and they are not sent', async () => {
    await using server = await startFileServer(send(PIXEL));
    for (const user of ['user:secret', 'user', ':secret']) {
      const error = await failureOf(
        open().fetch(`http://${user}@127.0.0.1:${server.port}/`, 'image', quiet()),
      );
      expect(error.message).toBe('The URL has a user name or a password in it. Give one that needs neither.');
      expect(error.detail).not.toContain('secret');
    }
    expect(server.requests).toEqual([]);
  });
});

describe('a server that does not do its part', () => {
  test('and redirects in a loop is given up after three', async () => {
    await using server = await startFileServer(
      (_, response) => void response.writeHead(302, { location: '/' }).end(),
    );
    const error = await failureOf(open().fetch(server.url, 'image', quiet()));
    expect(error.message).toBe(
      'The URL is redirected more than 3 times. Give the one at which the picture itself is.',
    );
    expect(server.requests).toHaveLength(4);
  });

  test.each([
    [401, 'The server does not give the file to everybody (401).'],
    [403, 'The server does not give the file to everybody (403).'],
    [404, 'The server has no such file (404).'],
    [204, 'The server does not give the file (204).'],
  ])('and answers %i is told as it is, and the signature is told to nobody', async (status, sentence) => {
    await using server = await startFileServer((_, response) => void response.writeHead(status).end());
    const error = await failureOf(open().fetch(`${server.url}/a?signature=secret`, 'image', quiet()));
    expect(error.message).toBe(`${sentence} Give a URL at which anybody can get the picture itself.`);
    expect(error.detail).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/a: the server answered \d+\.$/);
  });

  test('and breaks off once is asked again; for good, it is told without a word of our network', async () => {
    let turn = 0;
    await using server = await startFileServer((request, response) => {
      turn += 1;
      if (request.url === '/always' || turn === 1) request.socket.destroy();
      else send(PIXEL)(request, response);
    });
    const inputs = open({ retryDelaysMs: [1] });
    expect(await inputs.fetch(server.url, 'image', quiet())).toMatchObject({ width: 1 });
    const error = await failureOf(inputs.fetch(`${server.url}/always`, 'image', quiet()));
    expect(error.message).toMatch(
      /^The picture could not be fetched: its server cannot be reached, or breaks off\./,
    );
  });

  test('and is not there, or has no address, is told the same way', async () => {
    const dns = resolver({});
    const error = await failureOf(closed(dns).fetch('http://nowhere.example/a.png', 'image', quiet()));
    expect(error.message).toMatch(/^The picture could not be fetched/);
    expect(error.detail).toContain('ENOTFOUND');
  });

  test('and announces too much is refused before its body', async () => {
    await using server = await startFileServer((_, response) => {
      response.writeHead(200, { 'content-length': 26 * 1024 * 1024 });
      response.write(PIXEL);
    });
    const error = await failureOf(open().fetch(server.url, 'image', quiet()));
    expect(error.message).toBe('The picture is too large. Give one of at most 25 MB.');
  });

  test('and never stops sending is cut off at the size', async () => {
    const ended = Promise.withResolvers<void>();
    await using server = await startFileServer((_, response) => {
      response.on('close', ended.resolve);
      response.write(PIXEL);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) {}
      };
      response.on('drain', more);
      more();
    });
    const inputs = open({ maxBytes: { image: 1_000_000, video: 2 } });
    const error = await failureOf(inputs.fetch(server.url, 'image', quiet()));
    expect(error.message).toBe('The picture is too large. Give one of at most 1000000 bytes.');
    await ended.promise;
  });

  test('and sends a little now and then is cut off at the time, however long it would go on', async () => {
    const ended = Promise.withResolvers<void>();
    await using server = await startFileServer((_, response) => {
      response.write(PIXEL);
      const timer = setInterval(() => response.write('.'), 10);
      response.on('close', () => {
        clearInterval(timer);
        ended.resolve();
      });
    });
    const started = performance.now();
    const error = await failureOf(open({ timeoutMs: { image: 150 } }).fetch(server.url, 'image', quiet()));
    expect(error.message).toBe(
      'The picture did not arrive within 0.15 seconds. Give one that is smaller, or on a faster server.',
    );
    expect(performance.now() - started).toBeLessThan(2_000);
    await ended.promise;
  });

  test('and falls silent is given up', async () => {
    await using server = await startFileServer((_, response) => void response.write(PIXEL));
    const error = await failureOf(open({ stallMs: 50 }).fetch(server.url, 'image', quiet()));
    expect(error.message).toMatch(/^The picture could not be fetched/);
    expect(error.detail).toContain('nothing arrived for 50 ms');
  });

  test('is no fault of the customer when the caller gives up: its own reason comes back', async () => {
    const arrived = Promise.withResolvers<void>();
    await using server = await startFileServer(() => arrived.resolve());
    const caller = new AbortController();
    const fetched = open().fetch(server.url, 'image', caller.signal);
    const reason = new Error('The customer has canceled.');
    await arrived.promise;
    caller.abort(reason);
    await expect(fetched).rejects.toBe(reason);
    await expect(open().fetch(server.url, 'image', caller.signal)).rejects.toBe(reason);
    expect(server.requests).toHaveLength(1);
  });
});

describe('what is at the URL', () => {
  const IMAGES = 'Give a picture as PNG, JPEG, WebP or GIF.';
  const FILMS = 'Give a film as MP4, MOV, WebM or MKV, or a recording as MP3, WAV or M4A.';

  test.each<[InputKind, string, Buffer, string]>([
    ['image', 'an SVG with a script', SVG, `At the URL is an SVG. ${IMAGES}`],
    ['image', 'a page that claims to be a PNG', PAGE, `At the URL is a web page. ${IMAGES}`],
    ['image', 'an AVIF', mp4('avif', 1), `At the URL is an AVIF picture. ${IMAGES}`],
    ['image', 'a HEIC', mp4('heic', 1), `At the URL is a HEIC picture. ${IMAGES}`],
    ['image', 'a film', mp4('isom', 1_000), `At the URL is a film. ${IMAGES}`],
    ['image', 'a recording', wav(10), `At the URL is a recording. ${IMAGES}`],
    ['image', 'a document', Buffer.from('%PDF-1.7'), `At the URL is a file of another type. ${IMAGES}`],
    ['image', 'nothing', Buffer.alloc(0), `At the URL is an empty file. ${IMAGES}`],
    ['video', 'a picture', PIXEL, `At the URL is a picture. ${FILMS}`],
    ['video', 'a page', PAGE, `At the URL is a web page. ${FILMS}`],
    ['video', 'a playlist', Buffer.from('#EXTM3U\n'), `At the URL is a file of another type. ${FILMS}`],
  ])('as %s must not be %s', async (kind, _, bytes, message) => {
    await using server = await startFileServer(send(bytes, kind === 'image' ? 'image/png' : 'video/mp4'));
    expect((await failureOf(open().fetch(server.url, kind, quiet()))).message).toBe(message);
    expect(server.requests).toHaveLength(1);
  });

  test('is let go of as soon as its beginning is the wrong thing', async () => {
    const ended = Promise.withResolvers<void>();
    await using server = await startFileServer((_, response) => {
      response.on('close', ended.resolve);
      // More would come, for as long as anybody listens.
      response.write(Buffer.concat([PAGE, Buffer.alloc(8_192, ' ')]));
    });
    await failureOf(open().fetch(server.url, 'video', quiet()));
    await ended.promise;
  });

  test.each<[string, Buffer, string, number, number]>([
    ['PNG', PIXEL, 'image/png', 1, 1],
    ['a PNG of some size', png('large', 2_000_000), 'image/png', 1, 1],
    ['JPEG', JPEG, 'image/jpeg', 640, 360],
    ['WebP', WEBP, 'image/webp', 640, 360],
    ['GIF', GIF, 'image/gif', 640, 360],
  ])(
    'may be %s, whatever the server says, and its size is told',
    async (_, bytes, contentType, width, height) => {
      await using server = await startFileServer(send(bytes, 'text/plain'));
      const url = `${server.url}/picture?signature=s`;
      const { bytes: got, ...rest } = await open().fetch(url, 'image', quiet());
      expect(rest).toEqual({ url, contentType, width, height });
      expect(Buffer.from(got).equals(bytes)).toBe(true);
    },
  );

  test('may be an animated PNG, which is a PNG to a vendor', async () => {
    const apng = Buffer.concat([
      PIXEL.subarray(0, 33),
      latin1('\0\0\0\x08acTL\0\0\0\x01\0\0\0\0crc!'),
      PIXEL.subarray(33),
    ]);
    await using server = await startFileServer(send(apng));
    expect(await open().fetch(server.url, 'image', quiet())).toMatchObject({
      contentType: 'image/png',
      width: 1,
    });
  });

  test.each<[string, Buffer]>([
    ['a PNG that is cut off in its header', PIXEL.subarray(0, 18)],
    ['a JPEG without a frame', latin1('\xff\xd8\xff\xd9')],
    ['a GIF of no width', latin1('GIF89a\0\0\x68\x01\0\0\0;')],
  ])('must not be %s', async (_, bytes) => {
    await using server = await startFileServer(send(bytes));
    expect((await failureOf(open().fetch(server.url, 'image', quiet()))).message).toMatch(
      /^The picture is damaged: its width and height cannot be read\./,
    );
  });

  test.each<[string, Buffer, string, number]>([
    ['MP4', mp4('isom', 12_500), 'video/mp4', 12.5],
    ['MP4, as long as its longest track', mp4('mp42', 90_000, 61_000), 'video/mp4', 90],
    ['MOV', mp4('qt  ', 3_000, 4_000), 'video/quicktime', 4],
    ['MOV from before there was a box that says so', mp4('qt  ', 2_000).subarray(20), 'video/quicktime', 2],
    ['WebM', matroska('webm', 61_250), 'video/webm', 61.25],
    ['MKV', matroska('matroska', 5_040), 'video/x-matroska', 5.04],
    ['M4A', mp4('M4A ', 7_000), 'audio/mp4', 7],
    ['WAV', wav(1_500), 'audio/wav', 1.5],
    ['MP3', mp3(100), 'audio/mpeg', (100 * 1_152) / 44_100],
  ])('may be %s, and its length is told', async (_, bytes, contentType, seconds) => {
    await using server = await startFileServer(send(bytes, 'application/octet-stream'));
    const input = await open().fetch(server.url, 'video', quiet());
    expect(input).toMatchObject({
      url: server.url,
      contentType,
      durationSeconds: expect.closeTo(seconds, 1),
    });
    expect(Buffer.from(input.bytes).equals(bytes)).toBe(true);
  });

  test.each<[string, Buffer]>([
    ['a film without a track', mp4('isom')],
    ['a film that is cut off in its header', mp4('isom', 1_000).subarray(0, 60)],
    ['a film that is nothing but zeros', Buffer.concat([mp4('isom').subarray(0, 20), Buffer.alloc(100_000)])],
  ])('that is %s has no length, and the vendor decides', async (_, bytes) => {
    await using server = await startFileServer(send(bytes));
    expect((await open().fetch(server.url, 'video', quiet())).durationSeconds).toBeUndefined();
  });

  test('keeps nothing else waiting, however tedious it is to read, and is given up at the time', async () => {
    await using server = await startFileServer(send(tediousMp3(48 * 1024 * 1024)));
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const inputs = open({ timeoutMs: { video: 1_500 } });
    const error = await failureOf(inputs.fetch(server.url, 'video', quiet()));
    clearInterval(timer);
    expect(error.message).toMatch(/^The film (cannot be read in the time|did not arrive within)/);
    // Read in this thread it would be seconds.
    expect(longest).toBeLessThan(1_000);
  });
});
