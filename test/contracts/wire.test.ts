/** The one request that a provider's SDK may put on the wire: server/providers/wire.ts. */
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { Exchange, WireError } from '../../server/providers/wire.ts';
import {
  cutOff,
  type HttpVendor,
  hang,
  refusingUrl,
  reply,
  startHttpVendor,
  status,
} from '../support/vendors/http-vendor.ts';

const start = (): Promise<HttpVendor> =>
  startHttpVendor({
    kindOf: (method) => (method === 'POST' ? 'submit' : 'check'),
    answer: ({ body }) => ({ status: 200, body: { heard: body }, headers: { 'x-two': 'a' } }),
    envelope: () => ({ body: null }),
  });
const exchange = (timeoutMs = 5_000, signal = new AbortController().signal) =>
  new Exchange(signal, timeoutMs);
const post = { method: 'POST', body: '{"prompt":"é"}', headers: { 'content-type': 'application/json' } };

async function lossOf(promise: Promise<Response>): Promise<WireError> {
  const error: unknown = await promise.then(
    () => new Error('It was answered.'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WireError);
  return error as WireError;
}

test('an exchange sends what it is given and answers what was answered', async () => {
  await using vendor = await start();
  const once = exchange();
  expect(once.sent).toBe(false);
  const response = await once.fetch(`${vendor.url}/x?y=1`, post);
  expect(once.sent).toBe(true);
  expect(response).toMatchObject({ ok: true, status: 200 });
  expect(response.headers.get('x-two')).toBe('a');
  expect(await response.json()).toEqual({ heard: post.body });
  expect(vendor.hits).toMatchObject([
    { method: 'POST', path: '/v1/x?y=1', headers: { 'content-length': '15' } },
  ]);
});

test('an exchange that is given up while its form is written sends nothing', async () => {
  await using vendor = await start();
  const caller = new AbortController();
  const form = new FormData();
  form.set('film', new File([new Uint8Array(1_000_000)], 'film.mp4'));
  const sending = exchange(5_000, caller.signal).fetch(vendor.url, { method: 'POST', body: form });
  caller.abort();
  expect(await lossOf(sending)).toMatchObject({ loss: 'aborted', sent: false });
  expect(vendor.submits).toBe(0);
});

test.each([
  { after: 'a success', fault: undefined },
  { after: 'a rate limit', fault: status(429, '') },
  { after: 'a break', fault: cutOff() },
])('an exchange refuses to send a second request after $after', async ({ fault }) => {
  await using vendor = await start();
  if (fault) vendor.script(fault);
  const once = exchange();
  await once.fetch(vendor.url, post).catch(() => undefined);
  expect(await lossOf(once.fetch(vendor.url, post))).toMatchObject({ loss: 'repeated', sent: true });
  expect(vendor.submits).toBe(1);
});

test('an exchange refuses to send a second request beside the first', async () => {
  await using vendor = await start();
  const once = exchange();
  const both = await Promise.allSettled([once.fetch(vendor.url, post), once.fetch(vendor.url, post)]);
  expect(both.map((one) => one.status)).toEqual(['fulfilled', 'rejected']);
  expect(vendor.submits).toBe(1);
});

test('exchanges one after the other share a connection', async () => {
  await using vendor = await start();
  for (let time = 0; time < 5; time += 1) await exchange().fetch(vendor.url, post);
  expect(vendor.connections).toBe(1);
});

test('a deadline that passes before there is a connection finds nothing sent', async () => {
  // It takes the connection, but never shakes hands.
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  expect(await lossOf(exchange(50).fetch(`https://127.0.0.1:${port}/`, post))).toMatchObject({
    loss: 'late',
    sent: false,
  });
  silent.close();
});

test('a deadline that passes after the request was written finds it sent', async () => {
  await using vendor = await start();
  vendor.script(hang());
  expect(await lossOf(exchange(50).fetch(vendor.url, post))).toMatchObject({ loss: 'late', sent: true });
});

test('a refused connection and a name that does not resolve find nothing sent', async () => {
  expect(await lossOf(exchange().fetch(await refusingUrl(), post))).toMatchObject({
    loss: 'broken',
    sent: false,
  });
  expect(await lossOf(exchange().fetch('http://nowhere.invalid/', post))).toMatchObject({
    loss: 'broken',
    sent: false,
  });
});

test('bytes and forms arrive as they are, and an answer can be read as bytes', async () => {
  await using vendor = await start();
  const bytes = Buffer.from([0, 255, 128, 10, 13]);
  vendor.script(
    reply(({ raw }) => ({ status: 200, body: raw })),
    { times: 2 },
  );
  const answer = await exchange().fetch(vendor.url, { method: 'POST', body: bytes });
  expect(Buffer.from(await answer.bytes())).toEqual(bytes);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
  expect(await (await answer.blob()).bytes()).toEqual(await answer.bytes());

  const form = new FormData();
  form.append('image', new Blob([bytes], { type: 'image/png' }), 'image.png');
  const sent = await exchange().fetch(vendor.url, { method: 'POST', body: form });
  const read = await new Response(await sent.arrayBuffer(), {
    headers: { 'content-type': vendor.hits[1]?.headers['content-type'] ?? '' },
  }).formData();
  expect(Buffer.from(await (read.get('image') as File).arrayBuffer())).toEqual(bytes);
});

test('what cannot be sent is not sent', async () => {
  await using vendor = await start();
  expect(await lossOf(exchange().fetch('no address', post))).toMatchObject({ loss: 'broken', sent: false });
  expect(vendor.submits).toBe(0);
});

test('a caller who hangs up is answered at once', async () => {
  await using vendor = await start();
  vendor.script(hang());
  const caller = new AbortController();
  const arrived = vendor.arrived();
  const lost = lossOf(exchange(5_000, caller.signal).fetch(vendor.url, post));
  await arrived;
  caller.abort();
  expect(await lost).toMatchObject({ loss: 'aborted', sent: true });
});
