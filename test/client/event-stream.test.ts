/** What the pages make of a stream of server-sent events, from a real server. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { readEvents } from '../../client/admin/graphql/event-stream.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../support/server.ts';

/** A page that somebody looks at. */
const seen = Object.assign(new EventTarget(), { visibilityState: 'visible' });

let server: TestServer;
beforeAll(async () => {
  vi.stubGlobal('document', seen);
  server = await startTestServer();
});
afterAll(async () => {
  vi.unstubAllGlobals();
  await server.close();
});
afterEach(() => {
  vi.restoreAllMocks();
});

test('what cannot be watched is told once, and not asked for again for ever as if the connection were lost', async () => {
  const send = fetch;
  // A page has a cookie in the place of the key.
  vi.spyOn(globalThis, 'fetch').mockImplementation((url, init) =>
    send(url, { ...init, headers: { ...(init?.headers as object), authorization: `Bearer ${ADMIN_KEY}` } }),
  );
  const query = 'subscription { generation(id: "gen_01a22a06-c930-7000-89b3-8e584a75c05b") { id } }';
  const onOpen = vi.fn();
  const told: unknown[] = [];
  const end = await readEvents(
    `${server.url}/graphql`,
    { query },
    new AbortController().signal,
    onOpen,
    (result) => told.push(result),
  );
  expect(told).toMatchObject([{ errors: [{ extensions: { code: 'NOT_FOUND' } }] }]);
  expect(end).toBe('complete');
  expect(onOpen).toHaveBeenCalledOnce();
});

test.each([
  [403, 'text/html', '<h1>A proxy says no</h1>'],
  [200, 'text/html', '<h1>Sign in to the network</h1>'],
  [503, 'text/event-stream', 'event: next\ndata: {"errors":[{}]}\n\n'],
])('an answer of %i as %s is a connection that is lost', async (status, type, body) => {
  vi.spyOn(globalThis, 'fetch').mockResolvedValue(
    new Response(body, { status, headers: { 'content-type': type } }),
  );
  const never = vi.fn();
  const end = await readEvents('/graphql', { query: '' }, new AbortController().signal, never, never);
  expect(end).toBe('lost');
  expect(never).not.toHaveBeenCalled();
});
