/** Persisted documents: the admin's own by their hash, and nothing else where that is asked for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

const COMMITTED = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../client/admin/gql/persisted-documents.json'), 'utf8'),
) as Record<string, string>;
const idOf = (name: string) => Object.keys(COMMITTED).find((id) => COMMITTED[id]?.includes(name)) ?? '';
const VIEWER = idOf('query Session_ViewerQuery');
const BALANCE = idOf('subscription AccountFacts_BalanceSubscription');
const UNKNOWN = `sha256:${'0'.repeat(64)}`;
const ADMIN = { email: 'admin@example.com', password: 'correct horse battery' };

/** Everything that a page's request has and a program's has not. */
async function sessionOf(server: TestServer) {
  const page = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };
  const send = (body: object, cookie = '') =>
    fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { ...page, cookie },
      body: JSON.stringify(body),
    });
  const signedIn = await send({ documentId: idOf('mutation SignIn_SignInMutation'), variables: ADMIN });
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  return (body: object) => send(body, cookie);
}

describe.each(['off', 'on'])('with ADMIN_PERSISTED_ONLY=%s', (only) => {
  let server: TestServer;
  let send: (body: object) => Promise<Response>;
  beforeAll(async () => {
    server = await startTestServer({ env: { ADMIN_PERSISTED_ONLY: only } });
    await server.core.access.ensureFirstAdmin(ADMIN);
    send = await sessionOf(server);
  });
  afterAll(() => server.close());

  test('a session gets the answer to a document that it names by its hash', async () => {
    const response = await send({ documentId: VIEWER });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      data: { viewer: { kind: 'ADMIN', __typename: 'Viewer' } },
    });
  });

  test('a hash that nobody has agreed upon is not found', async () => {
    for (const documentId of [UNKNOWN, 'viewer', VIEWER.slice(7), 7]) {
      const response = await send({ documentId });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({
        errors: [{ extensions: { code: 'PERSISTED_DOCUMENT_NOT_FOUND' } }],
      });
    }
  });

  test(`another document of a session is ${only === 'on' ? 'refused' : 'answered'}, and one of an API key is answered`, async () => {
    const query = '{ viewer { kind } }';
    const response = await send({ query });
    if (only === 'on') {
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({
        errors: [{ extensions: { code: 'PERSISTED_DOCUMENT_REQUIRED' } }],
      });
      // The very text of one that was agreed upon is as good as its hash.
      expect((await send({ query: COMMITTED[VIEWER] })).status).toBe(200);
    } else
      expect(await response.json()).toEqual(expect.objectContaining({ data: { viewer: { kind: 'ADMIN' } } }));
    expect(await server.admin.ask(query)).toEqual({ viewer: { kind: 'API_KEY' } });
  });

  test('a subscription over a WebSocket is named by its hash too', async () => {
    const accountId = await server.admin.account(5);
    const socket = server.admin.socket();
    const events = socket.iterate({
      query: '',
      variables: { accountId },
      extensions: { documentId: BALANCE },
    });
    const { value } = await events.next();
    expect(value).toMatchObject({ data: { balance: { available: 5 } } });
    const unknown = socket.iterate({ query: '', extensions: { documentId: UNKNOWN } });
    await expect(unknown.next()).rejects.toMatchObject([
      { extensions: { code: 'PERSISTED_DOCUMENT_NOT_FOUND' } },
    ]);
    await events.return?.();
    await socket.dispose();
  });
});
