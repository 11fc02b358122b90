/** A reader that is slower than what it is told: what it misses, when it is cut off, and that it costs no memory. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { writeEvent } from '../../server/http/event.ts';
import { createEventStreams } from '../../server/http/event-stream.ts';
import { MOST_BEHIND_MS, MOST_WAITING, type Sink, Subscriber } from '../../server/http/subscriber.ts';
import { ADMIN_KEY, startTestServer } from '../support/server.ts';

/** A connection that takes as much as it is told to. */
class FakeSink implements Sink {
  readonly transport = 'websocket';
  readonly sent: string[] = [];
  room = 0;
  ended = false;
  cut = 0;
  send(event: ReturnType<typeof writeEvent>, skipped: number): boolean {
    if (this.room === 0) return false;
    this.room -= 1;
    this.sent.push(event.json(skipped).toString());
    return true;
  }
  end(): void {
    this.ended = true;
  }
  cutOff(): void {
    this.cut += 1;
  }
  endCredentials(): void {}
}

const event = (n: number) => writeEvent({ data: { n } });
const told = (n: number, skipped = 0) =>
  `{"data":{"n":${n}}${skipped > 0 ? `,"extensions":{"skipped":${skipped}}` : ''}}`;

function reader(isLossless: boolean) {
  const sink = new FakeSink();
  let over = 0;
  const subscriber = new Subscriber({
    caller: null,
    sink,
    isLossless,
    onOver: () => {
      over += 1;
    },
  });
  return { sink, subscriber, over: () => over };
}

describe('a reader that is behind', () => {
  test('of states is sent the newest alone', () => {
    const { sink, subscriber } = reader(false);
    sink.room = 1;
    for (const n of [1, 2, 3, 4]) subscriber.offer(event(n));
    expect(sink.sent).toEqual([told(1)]);
    sink.room = 5;
    subscriber.catchUp(performance.now());
    expect(sink.sent).toEqual([told(1), told(4)]);
    expect(subscriber.isBehind).toBe(false);
    subscriber.offer(event(5));
    expect(sink.sent.at(-1)).toBe(told(5));
  });

  test('of happenings is sent each of them in order, and told how many it missed beyond what can wait', () => {
    const { sink, subscriber } = reader(true);
    for (let n = 1; n <= MOST_WAITING + 7; n += 1) subscriber.offer(event(n));
    sink.room = 100;
    subscriber.catchUp(performance.now());
    subscriber.offer(event(9_001));
    sink.room = 10_000;
    subscriber.catchUp(performance.now());
    subscriber.offer(event(9_002));
    expect(sink.sent).toEqual([
      ...Array.from({ length: MOST_WAITING }, (_, index) => told(index + 1)),
      told(9_001, 7),
      told(9_002),
    ]);
  });

  test('is cut off when it takes nothing for too long, once, and is sent nothing more', () => {
    const { sink, subscriber, over } = reader(false);
    subscriber.offer(event(1));
    subscriber.catchUp(performance.now() + MOST_BEHIND_MS / 2);
    expect(sink.cut).toBe(0);
    subscriber.catchUp(performance.now() + MOST_BEHIND_MS + 1_000);
    subscriber.catchUp(performance.now() + 2 * MOST_BEHIND_MS);
    sink.room = 10;
    subscriber.offer(event(2));
    expect({ cut: sink.cut, sent: sink.sent, over: over() }).toEqual({ cut: 1, sent: [], over: 1 });
  });

  test('is not cut off while it takes something, however slowly', () => {
    const { sink, subscriber } = reader(true);
    for (let n = 1; n <= 5; n += 1) subscriber.offer(event(n));
    for (let n = 1; n <= 5; n += 1) {
      sink.room = 1;
      subscriber.catchUp(performance.now() + n * (MOST_BEHIND_MS - 1_000));
    }
    expect({ cut: sink.cut, sent: sink.sent.length }).toEqual({ cut: 0, sent: 5 });
  });

  test('is told the last event before the end', async () => {
    const { sink, subscriber, over } = reader(false);
    subscriber.offer(event(1));
    subscriber.complete();
    expect({ ended: sink.ended, over: over() }).toEqual({ ended: false, over: 0 });
    sink.room = 1;
    subscriber.catchUp(performance.now());
    expect(await subscriber.next()).toMatchObject({ done: true });
    expect({ sent: sink.sent, ended: sink.ended, over: over() }).toEqual({
      sent: [told(1)],
      ended: true,
      over: 1,
    });
  });

  test('that leaves is over at once', async () => {
    const { sink, subscriber, over } = reader(true);
    subscriber.offer(event(1));
    await subscriber.return();
    await subscriber.return();
    sink.room = 1;
    subscriber.catchUp(performance.now());
    expect({ sent: sink.sent, over: over() }).toEqual({ sent: [], over: 1 });
  });
});

test('an event stream that is not read is told no more, then ended with TOO_SLOW, and dropped when that is not read either', async () => {
  let cut = 0;
  const streams = createEventStreams(() => {
    cut += 1;
  });
  const response = Promise.withResolvers<ServerResponse>();
  const server = createServer((_request, answer) => response.resolve(answer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).end();
  const sink = streams.sinkOf(await response.promise);
  const large = writeEvent({ data: { text: 'x'.repeat(100_000) } });
  expect(sink.send(large, 0)).toBe(true);
  const [incoming] = (await once(client, 'response')) as [IncomingMessage];
  incoming.pause();
  // What the kernel takes for both ends has to be full first.
  let sent = 1;
  while (sink.send(large, 0)) {
    sent += 1;
    await new Promise((resolve) => setImmediate(resolve));
    if (sent > 1_000) throw new Error('It takes all that is sent.');
  }
  expect((await response.promise).writableLength).toBeLessThan(1024 * 1024);
  sink.cutOff();
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
  expect(text.match(/^event: next$/gm)).toHaveLength(sent + 1);
  expect(text).toMatch(/"code":"TOO_SLOW"[^\n]*\n\nevent: complete\ndata:\n\n$/);
  expect(cut).toBe(1);
  streams.close();
  server.close();
  server.closeAllConnections();
});

test('a WebSocket that asks and never reads is closed with 4413, before its answers fill the memory', async () => {
  await using server = await startTestServer();
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await new Promise((resolve) => socket.once('open', resolve));
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: ADMIN_KEY } }));
  await new Promise((resolve) => socket.once('message', resolve));
  // What the kernel holds for both ends is not the server's memory, and has to be full first.
  const names = Array.from({ length: 30 }, (_, index) => `a${index}: catalog { id model provider }`).join(
    ' ',
  );
  socket.pause();
  const before = process.memoryUsage().rss;
  const cutOff = async () =>
    /^solvent_subscribers_cut_off_total 1$/m.test(await (await server.admin.fetch('/metrics')).text());
  let id = 0;
  do {
    for (let more = 0; more < 20; more += 1) {
      id += 1;
      socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query: `{ ${names} }` } }));
    }
    if (id > 2_000) throw new Error('It is not cut off.');
  } while (!(await cutOff()));
  expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
  socket.resume();
  expect(await closed).toEqual({ code: 4413, reason: expect.stringContaining('Too slow') });
}, 40_000);
