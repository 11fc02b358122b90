/** Whose address counts, behind proxies and without: nobody may choose his own, nor be kept out by another's. */
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readEnvironment } from '../../server/environment.ts';
import { addressOf } from '../../server/http/address.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const seen = (trusted: string, remoteAddress: string, forwarded?: string) =>
  addressOf(
    { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as unknown as IncomingMessage,
    readEnvironment({ TRUSTED_PROXIES: trusted }).http.trustedProxies,
  );

test.each([
  // Nobody is trusted.
  ['', '198.51.100.1', '203.0.113.7', '198.51.100.1'],
  ['', '::ffff:198.51.100.1', undefined, '198.51.100.1'],
  // Somebody else is.
  ['10.0.0.0/8', '198.51.100.1', '203.0.113.7', '198.51.100.1'],
  ['127.0.0.1', '127.0.0.1', undefined, '127.0.0.1'],
  ['127.0.0.1', '::ffff:127.0.0.1', '203.0.113.7', '203.0.113.7'],
  ['127.0.0.1', '127.0.0.1', '203.0.113.7:4711', '203.0.113.7'],
  ['::1', '::1', '[2001:db8::7]:4711', '2001:db8::7'],
  // What the client wrote itself stands before what the proxy says of it.
  ['127.0.0.1', '127.0.0.1', '192.0.2.66, 203.0.113.7', '203.0.113.7'],
  ['127.0.0.1, 10.0.0.0/8', '127.0.0.1', '192.0.2.66, 203.0.113.7,10.1.2.3', '203.0.113.7'],
  ['10.0.0.0/8', '10.0.0.1', '203.0.113.7, unknown', '10.0.0.1'],
  ['10.0.0.0/8', '10.0.0.1', '10.0.0.2', '10.0.0.2'],
  ['0.0.0.0/0, ::/0', '198.51.100.1', '203.0.113.7', '203.0.113.7'],
])('trusting "%s", a connection from %s that says "%s" is of %s', (trusted, from, said, address) => {
  expect(seen(trusted, from, said)).toBe(address);
});

describe('behind a proxy that is trusted', () => {
  const admin = { email: 'ada@example.com', password: 'correct horse battery' };
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ env: { TRUSTED_PROXIES: '127.0.0.1', RATE_LIMIT_PER_MINUTE: '20' } });
    await server.core.access.ensureFirstAdmin(admin);
  });
  afterAll(() => server.close());

  const signIn = (from: string, password: string) =>
    server
      .as(null)
      .send(
        'mutation ($email: String!, $password: String!) { signIn(email: $email, password: $password) { kind } }',
        { email: admin.email, password },
        { 'sec-fetch-site': 'same-origin', 'x-forwarded-for': from },
      );

  test('who tries passwords keeps out himself, and not the admin', async () => {
    for (let tries = 0; tries < 5; tries += 1) {
      expect(await signIn('203.0.113.7', 'wrong')).toMatchObject({ code: 'UNAUTHENTICATED' });
    }
    expect(await signIn('203.0.113.7', admin.password)).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await signIn('198.51.100.1', admin.password)).toMatchObject({ status: 200, errors: [] });
    const noted = await server.rows(
      "SELECT detail->>'ip' AS ip FROM audit_log WHERE action = 'admin.signed-in'",
    );
    expect(noted).toEqual([{ ip: '198.51.100.1' }]);
  });

  test('who sends too much without credentials uses up nobody else’s share', async () => {
    const ask = (from: string) => server.as(null).send('{ __typename }', {}, { 'x-forwarded-for': from });
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask('203.0.113.8')));
    expect(answers.filter(({ code }) => code === 'RATE_LIMITED').length).toBeGreaterThanOrEqual(9);
    expect((await ask('203.0.113.9')).status).toBe(200);
  });
});
