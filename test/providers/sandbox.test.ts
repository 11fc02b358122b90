import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import type {
  GenerationRequest,
  Provider,
  ProviderOutput,
  ProviderSuccess,
  SubmitRequest,
  SubmitResult,
} from '../../server/providers/provider.ts';
import { createSandbox } from '../../server/providers/sandbox/index.ts';

const IMAGE: GenerationRequest = { operation: 'GENERATE_IMAGE', prompt: 'A red kite over the sea', count: 1 };
const VIDEO: GenerationRequest = { operation: 'GENERATE_VIDEO', prompt: 'A red kite over the sea', count: 1 };
const START = '2026-03-01T12:00:00.000Z';

const quiet = () => new AbortController().signal;

function submitOf(request: GenerationRequest, signal: AbortSignal = quiet()): SubmitRequest {
  return {
    generationId: '019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91',
    model: 'replicate/flux-1.1-pro',
    vendorModel: 'black-forest-labs/flux-1.1-pro',
    request,
    endUser: 'user_6f1ed002ab5595859014ebf0951522d9',
    signal,
  };
}

const instant = () => createSandbox({ clock: new FakeClock(START) });

async function outputsOf(
  request: GenerationRequest,
  provider: Provider = instant(),
): Promise<readonly ProviderOutput[]> {
  const result = await provider.submit(submitOf(request));
  expect(result).toMatchObject({ status: 'succeeded', costMicros: null });
  return (result as ProviderSuccess).outputs;
}

async function fileOf(request: GenerationRequest, provider?: Provider): Promise<Buffer> {
  const [output] = await outputsOf(request, provider);
  return bytesOf(output);
}

function bytesOf(output: ProviderOutput | undefined): Buffer {
  expect(output?.content).toBeInstanceOf(Uint8Array);
  return Buffer.from(output?.content as Uint8Array);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

function chunksOf(png: Buffer): Chunk[] {
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const chunks: Chunk[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    chunks.push({
      type: png.toString('latin1', at + 4, at + 8),
      data: png.subarray(at + 8, at + 8 + length),
    });
    at += 12 + length;
  }
  expect(chunks.at(-1)?.type).toBe('IEND');
  return chunks;
}

const chunk = (png: Buffer, type: string): Buffer =>
  chunksOf(png).find((found) => found.type === type)?.data ?? Buffer.alloc(0);

const sizeOf = (png: Buffer) => `${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`;

describe('the files of the sandbox', () => {
  test('a picture is a PNG of exactly the asked size, with all of its pixels', async () => {
    for (const size of ['1024x1024', '1792x1024', '317x211', '16x16']) {
      const [output] = await outputsOf({ ...IMAGE, size });
      const png = bytesOf(output);
      const [width, height] = size.split('x').map(Number);
      expect(output).toMatchObject({ contentType: 'image/png', width, height });
      expect(sizeOf(png)).toBe(size);
      expect(inflateSync(chunk(png, 'IDAT'))).toHaveLength(((width ?? 0) + 1) * (height ?? 0));
    }
  });

  test('a picture without a size is 1024 by 1024, or has the asked shape with as many pixels', async () => {
    expect(sizeOf(await fileOf(IMAGE))).toBe('1024x1024');
    expect(sizeOf(await fileOf({ ...IMAGE, size: 'auto' }))).toBe('1024x1024');
    expect(sizeOf(await fileOf({ ...IMAGE, aspectRatio: '16:9' }))).toBe('1366x768');
  });

  test('equal requests make equal bytes in every process, and other words, seeds and pictures other bytes', async () => {
    const two = await outputsOf({ ...IMAGE, count: 2 });
    const hashes = new Set([
      ...two.map((output) => sha256(bytesOf(output))),
      sha256(await fileOf({ ...IMAGE, prompt: 'A red kite' })),
      sha256(await fileOf({ ...IMAGE, seed: 7 })),
    ]);
    expect(hashes.size).toBe(4);
    expect(sha256(await fileOf(IMAGE))).toBe(sha256(bytesOf(two[0])));
  });

  test('a picture of 1024 by 1024 stays under 60 kB', async () => {
    for (let seed = 0; seed < 12; seed += 1) {
      const prompt = 'A lighthouse on a cliff at dawn, in the style of a 1930s travel poster';
      expect((await fileOf({ ...IMAGE, prompt, seed })).length).toBeLessThan(60_000);
    }
  });

  test('the words are in the picture, and the picture grows no further when there are more than fit', async () => {
    const seed = 3;
    // The same landscape under other words cannot be had, so the ink is counted: the brightest entry of the palette.
    const inkOf = async (prompt: string) => {
      const png = await fileOf({ ...IMAGE, prompt, seed, size: '512x512' });
      const palette = chunk(png, 'PLTE');
      const white = [...palette.keys()].find(
        (at) => at % 3 === 0 && palette.readUIntBE(at, 3) === 0xffffff && at > 300,
      );
      const pixels = inflateSync(chunk(png, 'IDAT'));
      return pixels.filter((index) => index === (white ?? 0) / 3).length;
    };
    const [nothing, word, words] = [await inkOf('.'), await inkOf('words'), await inkOf('many more words')];
    expect(word).toBeGreaterThan(nothing * 2);
    expect(words).toBeGreaterThan(word);
    await expect(inkOf('never-ending '.repeat(5_000))).resolves.toBeGreaterThan(words);
    await expect(inkOf('W'.repeat(10_000))).resolves.toBeGreaterThan(words);
  });

  test('any character at all can be asked for', async () => {
    const prompt =
      'Ærøskøbing naïve café 日本 🙂 \ud800 \u0000 \u202e "quoted" <b>&amp;</b>\n\nsecond paragraph';
    expect(sizeOf(await fileOf({ ...IMAGE, prompt, size: '256x256' }))).toBe('256x256');
  });

  test('a video is an APNG that lasts exactly as long as it was asked to', async () => {
    for (const durationSeconds of [3, 5, 7.3, 120]) {
      const [output] = await outputsOf({ ...VIDEO, durationSeconds });
      const png = bytesOf(output);
      expect(output).toMatchObject({ contentType: 'image/apng', durationSeconds });
      const controls = chunksOf(png).filter(({ type }) => type === 'fcTL');
      const seconds = controls.map(({ data }) => data.readUInt16BE(20) / data.readUInt16BE(22));
      expect(seconds.reduce((sum, one) => sum + one, 0)).toBeCloseTo(durationSeconds, 6);
      expect(chunk(png, 'acTL').readUInt32BE(0)).toBe(controls.length);
    }
  });

  test('each frame of a video is numbered in order, lies within it and has all of its pixels', async () => {
    const png = await fileOf({ ...VIDEO, aspectRatio: '9:16' });
    expect(sizeOf(png)).toBe('360x640');
    const frames = chunksOf(png).filter(({ type }) => ['fcTL', 'IDAT', 'fdAT'].includes(type));
    let sequence = 0;
    let pixels = 0;
    for (const { type, data } of frames) {
      if (type !== 'IDAT') {
        expect(data.readUInt32BE(0)).toBe(sequence);
        sequence += 1;
      }
      if (type === 'fcTL') {
        const [width = 0, height = 0, x = 0, y = 0] = [4, 8, 12, 16].map((at) => data.readUInt32BE(at));
        expect(x + width).toBeLessThanOrEqual(360);
        expect(y + height).toBeLessThanOrEqual(640);
        pixels = (width + 1) * height;
      } else {
        expect(inflateSync(type === 'IDAT' ? data : data.subarray(4))).toHaveLength(pixels);
      }
    }
    expect(sequence).toBeGreaterThan(16);
  });

  test('a removed background is transparent, and what stays is not', async () => {
    const png = await fileOf({
      operation: 'REMOVE_BACKGROUND',
      imageUrl: 'https://example.com/dog.jpg',
      count: 1,
    });
    const alphas = chunk(png, 'tRNS');
    const pixels = inflateSync(chunk(png, 'IDAT'));
    const alphaAt = (x: number, y: number) => alphas[pixels[y * 1025 + 1 + x] ?? 0] ?? 255;
    expect([alphaAt(0, 0), alphaAt(1023, 0), alphaAt(0, 1023), alphaAt(1023, 1023)]).toEqual([0, 0, 0, 0]);
    expect(alphaAt(512, 512)).toBe(255);
  });

  test('an ordinary picture has no transparent pixel', async () => {
    const png = await fileOf(IMAGE);
    const alphas = chunk(png, 'tRNS');
    const used = new Set(inflateSync(chunk(png, 'IDAT')));
    expect([...used].filter((index) => (alphas[index] ?? 255) < 255)).toEqual([]);
  });

  test('an upscaled picture is larger than a picture', async () => {
    const png = await fileOf({
      operation: 'UPSCALE_IMAGE',
      imageUrl: 'https://example.com/dog.jpg',
      count: 1,
    });
    expect(sizeOf(png)).toBe('2048x2048');
  });

  test('a vector drawing is SVG that names its source, in which nothing of the source is markup', async () => {
    const imageUrl = 'https://example.com/a.png?x=<script>alert(1)</script>&y="onload=';
    const [output] = await outputsOf({ operation: 'VECTORIZE_IMAGE', imageUrl, count: 1 });
    const svg = bytesOf(output).toString('utf8');
    expect(output).toMatchObject({ contentType: 'image/svg+xml', width: 1024, height: 1024 });
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).toContain(
      'https://example.com/a.png?x=&lt;script&gt;alert(1)&lt;/script&gt;&amp;y=&quot;onload=',
    );
    expect(svg).not.toContain('<script');
  });

  test('a dubbed video is as long as the asked one', async () => {
    const [output] = await outputsOf({
      operation: 'DUB_VIDEO',
      videoUrl: 'https://example.com/talk.mp4',
      targetLanguage: 'pt-BR',
      durationSeconds: 60,
      count: 1,
    });
    expect(output).toMatchObject({ contentType: 'image/apng', durationSeconds: 60 });
  });
});

describe('what the sandbox does not take', () => {
  test.each<[string, GenerationRequest, RegExp]>([
    ['a picture without a prompt', { operation: 'GENERATE_IMAGE', count: 1 }, /needs a prompt/],
    ['an upscale without a picture', { operation: 'UPSCALE_IMAGE', count: 1 }, /needs an imageUrl/],
    [
      'a dubbing without a language',
      { operation: 'DUB_VIDEO', videoUrl: 'https://a.example/b', count: 1 },
      /targetLanguage/,
    ],
    ['a size that is none', { ...IMAGE, size: 'large' }, /size is "large"/],
    ['a size that would take all memory', { ...IMAGE, size: '99999x99999' }, /from 16 to 4096/],
    ['a shape that is a line', { ...VIDEO, aspectRatio: '1:900' }, /aspectRatio/],
    ['no pictures', { ...IMAGE, count: 0 }, /count is 0/],
    ['a video of no length', { ...VIDEO, durationSeconds: 0 }, /durationSeconds is 0/],
  ])('%s is refused with a sentence that says why, and is not billed', async (_, request, message) => {
    expect(await instant().submit(submitOf(request))).toMatchObject({
      status: 'failed',
      code: 'INVALID_INPUT',
      billed: 'no',
      retryable: false,
      message: expect.stringMatching(message),
    });
  });
});

describe('directives', () => {
  const ask = (directives: string, signal?: AbortSignal) =>
    instant().submit(submitOf({ ...IMAGE, size: '64x64', prompt: `A cat ${directives}` }, signal));

  const ENDINGS = [
    ['[sandbox:fail]', { code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: true }],
    ['[sandbox:refuse]', { code: 'CONTENT_REFUSED', billed: 'no', retryable: false }],
    ['[sandbox:bill-failure]', { code: 'PROVIDER_UNAVAILABLE', billed: 'yes', retryable: true }],
    ['[sandbox:unknown]', { code: 'PROVIDER_UNAVAILABLE', billed: 'unknown', retryable: true }],
    [
      '[sandbox:rate-limit=45]',
      { code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: true, retryAfterSeconds: 45 },
    ],
  ] as const;

  test.each(ENDINGS)('%s fails just so', async (directive, expected) => {
    expect(await ask(directive)).toEqual({
      status: 'failed',
      ...expected,
      message: expect.stringMatching(/^[A-Z].*\.$/),
      detail: expect.stringContaining(directive.replace(/=.*/, '')),
    });
  });

  test.each(ENDINGS)('a job with %s runs first and fails just so afterwards', async (directive, expected) => {
    const clock = new FakeClock(START);
    const provider = createSandbox({ clock });
    const running = await provider.submit(
      submitOf({ ...IMAGE, prompt: `A cat ${directive}[sandbox:job=3000]` }),
    );
    expect(running).toMatchObject({ status: 'running', progress: 0 });
    clock.advance(3000);
    const jobId = jobIdOf(running);
    expect(await provider.check(jobId, quiet())).toMatchObject({ status: 'failed', ...expected, jobId });
  });

  test('a directive does not show: the picture is the one of the prompt without it', async () => {
    const plain = sha256(await fileOf({ ...IMAGE, prompt: 'A cat in a hat' }));
    expect(sha256(await fileOf({ ...IMAGE, prompt: 'A cat [sandbox:slow=1] in a hat' }))).toBe(plain);
    expect(sha256(await fileOf({ ...IMAGE, prompt: '[SANDBOX:Slow=0]A cat in a hat' }))).toBe(plain);
  });

  test('a prompt of nothing but a directive still makes a picture', async () => {
    expect(sizeOf(await fileOf({ ...IMAGE, prompt: '[sandbox:slow=0]' }))).toBe('1024x1024');
  });

  test.each([
    'https://example.com/cat.png#[sandbox:refuse]',
    'https://example.com/cat.png?[sandbox:refuse]',
    'https://example.com/cat.png?size=3&x=[sandbox:refuse]#top',
    'https://example.com/cat.png?a=1&%5Bsandbox%3Arefuse%5D',
  ])('%s is a directive too', async (imageUrl) => {
    const result = await instant().submit(submitOf({ operation: 'UPSCALE_IMAGE', imageUrl, count: 1 }));
    expect(result).toMatchObject({ status: 'failed', code: 'CONTENT_REFUSED' });
  });

  test("a URL's directive does not show, and its path is left alone", async () => {
    const svgOf = async (imageUrl: string) =>
      (await fileOf({ operation: 'VECTORIZE_IMAGE', imageUrl, count: 1 })).toString('utf8');
    const plain = await svgOf('https://example.com/cat.png');
    expect(await svgOf('https://example.com/cat.png#[sandbox:slow=0]')).toBe(plain);
    expect(await svgOf('https://example.com/cat.png?%5Bsandbox:slow=0%5D')).toBe(plain);
    const kept = await svgOf('https://example.com/cat.png?[sandbox:slow=0]&amp;w=1');
    expect(kept).not.toContain('sandbox:');
    expect(await svgOf('https://example.com/[sandbox:refuse].png')).toContain('[sandbox:refuse].png');
  });

  test('an unknown directive is refused with the list of those that exist', async () => {
    const result = await ask('[sandbox:explode]');
    expect(result).toMatchObject({ status: 'failed', code: 'INVALID_INPUT', billed: 'no' });
    for (const name of ['slow', 'fail', 'refuse', 'bill-failure', 'unknown', 'rate-limit', 'hang', 'job']) {
      expect(result).toMatchObject({ message: expect.stringContaining(`[sandbox:${name}`) });
    }
  });

  test.each(['[sandbox:slow=soon]', '[sandbox:slow=-1]', '[sandbox:fail=1]', '[sandbox:job=]', '[sandbox:]'])(
    '%s is refused, since it says nothing that can be done',
    async (directive) => {
      expect(await ask(directive)).toMatchObject({ status: 'failed', code: 'INVALID_INPUT', billed: 'no' });
    },
  );

  test('two directives that contradict each other are refused', async () => {
    expect(await ask('[sandbox:fail][sandbox:refuse]')).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('contradict'),
    });
  });

  test('slow answers when its time has come, and not before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      let answered = false;
      const submitted = ask('[sandbox:slow=2000][sandbox:fail]').then((result) => {
        answered = true;
        return result;
      });
      await vi.advanceTimersByTimeAsync(1999);
      expect(answered).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(await submitted).toMatchObject({ status: 'failed' });
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each([
    ['[sandbox:hang]', 'no'],
    ['[sandbox:slow=60000]', 'no'],
    ['[sandbox:hang][sandbox:unknown]', 'unknown'],
    ['[sandbox:hang][sandbox:bill-failure]', 'yes'],
  ])('%s ends at once when the caller gives up, and is billed: %s', async (directive, billed) => {
    const caller = new AbortController();
    const submitted = ask(directive, caller.signal);
    const started = performance.now();
    setImmediate(() => caller.abort());
    expect(await submitted).toMatchObject({ status: 'failed', code: 'PROVIDER_UNAVAILABLE', billed });
    expect(performance.now() - started).toBeLessThan(200);
  });
});

function jobIdOf(result: SubmitResult): string {
  expect(result.status).toBe('running');
  return result.jobId ?? '';
}

describe('jobs', () => {
  const JOB: GenerationRequest = { ...VIDEO, prompt: 'A red kite over the sea [sandbox:job=4000]' };

  test('a job tells how far it is by the clock, and ends with the same file as without a job', async () => {
    const clock = new FakeClock(START);
    const provider = createSandbox({ clock });
    const jobId = jobIdOf(await provider.submit(submitOf(JOB)));
    clock.advance(1000);
    expect(await provider.check(jobId, quiet())).toEqual({
      status: 'running',
      jobId,
      progress: 0.25,
      pollAfterMs: 1000,
    });
    clock.advance(2900);
    expect(await provider.check(jobId, quiet())).toMatchObject({ status: 'running', pollAfterMs: 100 });
    clock.advance(100);
    const result = await provider.check(jobId, quiet());
    expect(result).toMatchObject({ status: 'succeeded', jobId, costMicros: null });
    const [output] = (result as ProviderSuccess).outputs;
    expect(sha256(bytesOf(output))).toBe(sha256(await fileOf(VIDEO)));
  });

  test('a job is answered for after a restart', async () => {
    const clock = new FakeClock(START);
    const jobId = jobIdOf(await createSandbox({ clock }).submit(submitOf(JOB)));
    const restarted = createSandbox({ clock });
    expect(await restarted.check(jobId, quiet())).toMatchObject({ status: 'running' });
    clock.advance(4000);
    expect(await restarted.check(jobId, quiet())).toMatchObject({ status: 'succeeded' });
  });

  test('a clock that was set back shows no negative progress', async () => {
    const clock = new FakeClock(START);
    const provider = createSandbox({ clock });
    const jobId = jobIdOf(await provider.submit(submitOf(JOB)));
    clock.advance(-60_000);
    expect(await provider.check(jobId, quiet())).toMatchObject({ status: 'running', progress: 0 });
  });

  test('a canceled job stays canceled, and bills nothing', async () => {
    const clock = new FakeClock(START);
    const provider = createSandbox({ clock });
    const jobId = jobIdOf(await provider.submit(submitOf(JOB)));
    expect(await provider.cancel(jobId, quiet())).toEqual({ status: 'stopped', billed: 'no' });
    expect(await provider.cancel(jobId, quiet())).toEqual({ status: 'stopped', billed: 'no' });
    for (const milliseconds of [0, 4000, 86_400_000]) {
      clock.advance(milliseconds);
      expect(await provider.check(jobId, quiet())).toMatchObject({ status: 'failed', billed: 'no', jobId });
    }
  });

  test('a job that is done cannot be canceled', async () => {
    const clock = new FakeClock(START);
    const provider = createSandbox({ clock });
    const jobId = jobIdOf(await provider.submit(submitOf(JOB)));
    clock.advance(4000);
    expect(await provider.cancel(jobId, quiet())).toMatchObject({ status: 'goes-on' });
    expect(await provider.check(jobId, quiet())).toMatchObject({ status: 'succeeded' });
  });

  test('whoever stops asking hears that the job runs on, not that it failed', async () => {
    const clock = new FakeClock(START);
    const provider = createSandbox({ clock });
    const jobId = jobIdOf(await provider.submit(submitOf(JOB)));
    clock.advance(4000);
    expect(await provider.check(jobId, AbortSignal.abort())).toMatchObject({ status: 'running', jobId });
  });

  test('two equal submits at the same instant are two jobs', async () => {
    const provider = instant();
    const [one, two] = await Promise.all([provider.submit(submitOf(JOB)), provider.submit(submitOf(JOB))]);
    expect(jobIdOf(one)).not.toBe(jobIdOf(two));
  });

  test('a forged or unknown id is a failure that was not billed, and cannot be canceled', async () => {
    const provider = instant();
    const jobId = jobIdOf(await provider.submit(submitOf(JOB)));
    const [body = '', sum = ''] = jobId.split('.');
    const forged = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as { ready: number };
    forged.ready = 0;
    const changed = Buffer.from(JSON.stringify(forged)).toString('base64url');
    for (const id of [`${changed}.${sum}`, `${jobId}.x`, `${body}.`, body, 'no-such-job', '', '.']) {
      expect(await provider.check(id, quiet())).toMatchObject({ status: 'failed', billed: 'no', jobId: id });
      expect(await provider.cancel(id, quiet())).toMatchObject({ status: 'goes-on' });
    }
  });

  test('the id of the longest job is short enough for an index of Postgres', async () => {
    const prompt = `[sandbox:job][sandbox:rate-limit=30]${'日本語🙂'.repeat(3000)}`;
    const result = await instant().submit({
      ...submitOf({ ...VIDEO, prompt, durationSeconds: 1234.567 }),
      model: `some-gateway/${'long-name-'.repeat(40)}`,
    });
    expect(jobIdOf(result).length).toBeLessThan(1_500);
  });
});

describe('speed', () => {
  test('at once, a submit sets no timer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate'] });
    try {
      for (const request of [IMAGE, VIDEO]) expect(await outputsOf(request)).toHaveLength(1);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('plausibly, a picture takes part of a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const provider = createSandbox({ clock: new FakeClock(START), speed: 'plausible' });
      let answered = false;
      const submitted = provider.submit(submitOf(IMAGE)).then((result) => {
        answered = true;
        return result;
      });
      await vi.advanceTimersByTimeAsync(349);
      expect(answered).toBe(false);
      await vi.advanceTimersByTimeAsync(500);
      expect(await submitted).toMatchObject({ status: 'succeeded' });
    } finally {
      vi.useRealTimers();
    }
  });

  test.each<[string, GenerationRequest]>([
    ['a video', VIDEO],
    [
      'a dubbing',
      { operation: 'DUB_VIDEO', videoUrl: 'https://a.example/b', targetLanguage: 'es', count: 1 },
    ],
  ])('plausibly, %s is a job of two to four seconds', async (_, request) => {
    const clock = new FakeClock(START);
    const provider = createSandbox({ clock, speed: 'plausible' });
    const jobId = jobIdOf(await provider.submit(submitOf(request)));
    clock.advance(1999);
    expect(await provider.check(jobId, quiet())).toMatchObject({ status: 'running' });
    clock.advance(2001);
    expect(await provider.check(jobId, quiet())).toMatchObject({ status: 'succeeded' });
  });

  test('an aborted submit makes nothing and costs nothing', async () => {
    expect(await instant().submit(submitOf(IMAGE, AbortSignal.abort()))).toMatchObject({
      status: 'failed',
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'no',
      retryable: true,
    });
  });

  test('others get their turn while each of several pictures is packed', async () => {
    let turns = 0;
    const count = () => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await outputsOf({ ...IMAGE, count: 8, seed: 99 });
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(8);
  });
});
