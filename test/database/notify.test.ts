/** Hearing what is said on a channel of Postgres, through breaks of the connection. */
import { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listen, type NativePostgres, notify } from '../../server/database/index.ts';
import { describeOnPostgres, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { openProxy } from '../support/proxy.ts';
import { until } from '../support/server.ts';

/** Between tries, in these tests. */
const RECONNECT_MS = 20;

/** A database by its URL, and all sockets that were made to it. */
function nativeOf(url: string): { native: NativePostgres; sockets: Socket[] } {
  const sockets: Socket[] = [];
  const stream = () => {
    const socket = new Socket();
    sockets.push(socket);
    return socket;
  };
  return { native: { kind: 'postgres', url, stream }, sockets };
}

describeOnPostgres('listening', (kind) => {
  let opened: TestDatabase;
  beforeAll(async () => {
    opened = await openTestDatabase(kind);
  });
  afterAll(() => opened.close());

  test('goes on after an outage, whose every second has but one try to connect', async () => {
    await using proxy = await openProxy(opened.url ?? '');
    const { native, sockets } = nativeOf(proxy.url);
    const heard: string[] = [];
    const listening = await listen(
      native,
      'channel',
      {
        said: (payload) => heard.push(payload),
        lost: () => heard.push('lost'),
        back: () => heard.push('back'),
      },
      RECONNECT_MS,
    );
    proxy.cutAnswers();
    const say = (payload: string) => notify(opened.database, 'channel', [payload]);
    // The connection breaks when something would have come over it.
    await say('unheard');
    const since = performance.now();
    await until('it has tried eight times', () => sockets.length > 8);
    expect(performance.now() - since).toBeGreaterThan(6 * RECONNECT_MS);
    expect(sockets.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(1);
    proxy.restore();
    await until('it is back', () => heard.includes('back'));
    await say('heard');
    await until('it is heard', () => heard.includes('heard'));
    expect(heard).toEqual(['lost', 'back', 'heard']);
    await listening.close();
  });

  test('is given up at once while it is connecting', async () => {
    await using proxy = await openProxy(opened.url ?? '');
    const { native, sockets } = nativeOf(proxy.url);
    const listening = await listen(
      native,
      'channel',
      { said: () => {}, lost: () => {}, back: () => {} },
      RECONNECT_MS,
    );
    proxy.hang();
    sockets[0]?.destroy();
    await until('it connects anew, in vain', () => sockets.length > 1);
    await listening.close();
    expect(sockets.every((socket) => socket.destroyed)).toBe(true);
  });
});
