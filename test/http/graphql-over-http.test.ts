/** The audits of the package `graphql-http`: what the specification of GraphQL over HTTP asks of a server. */
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let url = '';
beforeAll(async () => {
  server = await startTestServer();
  url = server.url;
});
afterAll(async () => {
  expect(server.log).toEqual([]);
  await server.close();
});

describe('GraphQL over HTTP', () => {
  const audits = serverAudits({ url: () => `${url}/graphql`, fetchFn: fetch });
  for (const audit of audits) {
    test(`${audit.id}: ${audit.name}`, async () => {
      const result = await audit.fn();
      if (result.status !== 'ok') expect.fail(`${result.status}: ${result.reason}`);
    });
  }
});
