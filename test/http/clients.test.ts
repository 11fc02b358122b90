/** The clients that people use, each against a running server: the present state first, then a change, then a clean end. */
import { spawn, spawnSync } from 'node:child_process';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { fetchExchange, subscriptionExchange, Client as UrqlClient } from '@urql/core';
import { EventSource } from 'eventsource';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { ADMIN_KEY, startTestServer, type TestServer, until } from '../support/server.ts';

const BALANCE = 'subscription Balance($id: ID) { balance(accountId: $id) { posted } }';
const headers = { authorization: `Bearer ${ADMIN_KEY}` };

describe('a running server', () => {
  let server: TestServer;
  let accountId: string;
  let posted = 0;
  beforeAll(async () => {
    server = await startTestServer();
    accountId = await server.admin.account(10);
    posted = 10;
  });
  afterAll(async () => {
    await until('nobody listens any more', () => server.core.live.listeners === 0);
    expect(server.log).toEqual([]);
    await server.close();
  });

  /** What a client hears: the state as it is, and the state after a change, one after the other. */
  class Heard {
    readonly values: unknown[] = [];
    readonly next = (value: unknown) => void this.values.push(value);
    /** Waits for the present state, makes a change, and waits for that. */
    async follow(): Promise<void> {
      await until('the present state is heard', () => this.values.length === 1);
      expect(this.values[0]).toEqual({ balance: expect.objectContaining({ posted }) });
      await server.admin.grant(accountId, 5);
      posted += 5;
      await until('the change is heard', () => this.values.length === 2);
      expect(this.values[1]).toEqual({ balance: expect.objectContaining({ posted }) });
    }
  }
  const socketClient = () =>
    createSocketClient({
      url: `${server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: headers,
    });
  const variables = () => ({ id: accountId });

  test('is watched by graphql-ws', async () => {
    const client = socketClient();
    const heard = new Heard();
    const unsubscribe = client.subscribe(
      { query: BALANCE, variables: variables() },
      { next: ({ data }) => heard.next(data), error: heard.next, complete: () => {} },
    );
    await heard.follow();
    unsubscribe();
    await client.dispose();
  });

  test.each(['a WebSocket', 'server-sent events'])('is asked and watched by urql, over %s', async (way) => {
    const sockets = socketClient();
    const client = new UrqlClient({
      url: `${server.url}/graphql`,
      preferGetMethod: false,
      fetchOptions: { headers },
      fetchSubscriptions: way === 'server-sent events',
      exchanges:
        way === 'server-sent events'
          ? [fetchExchange]
          : [
              fetchExchange,
              subscriptionExchange({
                forwardSubscription: ({ query = '', variables }) => ({
                  subscribe: (sink) => ({
                    unsubscribe: sockets.subscribe({ query, variables: variables as never }, sink as never),
                  }),
                }),
              }),
            ],
    });
    const { data } = await client.query('{ viewer { kind } }', {}).toPromise();
    expect(data).toMatchObject({ viewer: { kind: 'API_KEY' } });
    const heard = new Heard();
    const { unsubscribe } = client.subscription(BALANCE, variables()).subscribe((result) => {
      heard.next(result.error ?? result.data);
    });
    await heard.follow();
    unsubscribe();
    await sockets.dispose();
  });

  test('is asked and watched by Apollo Client', async () => {
    const sockets = socketClient();
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.split(
        ({ operationType }) => operationType === 'subscription',
        new GraphQLWsLink(sockets),
        new HttpLink({ uri: `${server.url}/graphql`, headers }),
      ),
    });
    const { data } = await client.query<{ viewer: { kind: string } }>({ query: gql`{ viewer { kind } }` });
    expect(data?.viewer.kind).toBe('API_KEY');
    const heard = new Heard();
    const watching = client
      .subscribe({ query: gql(BALANCE), variables: variables() })
      .subscribe({ next: ({ data, error }) => heard.next(error ?? data), error: heard.next });
    await heard.follow();
    watching.unsubscribe();
    client.stop();
    await sockets.dispose();
  });

  test('is watched by graphql-sse', async () => {
    const client = createSseClient({ url: `${server.url}/graphql`, headers });
    const heard = new Heard();
    const unsubscribe = client.subscribe(
      { query: BALANCE, variables: variables() },
      { next: ({ data }) => heard.next(data), error: heard.next, complete: () => {} },
    );
    await heard.follow();
    unsubscribe();
    client.dispose();
  });

  const asUrl = () =>
    `${server.url}/graphql?query=${encodeURIComponent(BALANCE)}&variables=${encodeURIComponent(JSON.stringify(variables()))}`;

  test('is watched by a plain EventSource', async () => {
    const source = new EventSource(asUrl(), {
      fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...headers } }),
    });
    const heard = new Heard();
    source.addEventListener('next', ({ data }) => heard.next(JSON.parse(data).data));
    await heard.follow();
    source.close();
  });

  test('tells an EventSource of the end, so that it can close and not come again', async () => {
    const { id } = await server.admin.generateImage({ accountId });
    posted -= 2;
    const query = 'subscription ($id: ID!) { generation(id: $id) { status } }';
    const source = new EventSource(
      `${server.url}/graphql?query=${encodeURIComponent(query)}&variables=${encodeURIComponent(JSON.stringify({ id }))}`,
      { fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...headers } }) },
    );
    const events: unknown[] = [];
    source.addEventListener('next', ({ data }) => events.push(JSON.parse(data).data));
    await new Promise<void>((resolve) =>
      source.addEventListener('complete', () => {
        source.close();
        resolve();
      }),
    );
    expect(events).toEqual([{ generation: { status: 'SUCCEEDED' } }]);
  });

  const curl = spawnSync('curl', ['--version']).status === 0;
  (curl ? describe : describe.skip)(
    curl ? 'with curl' : 'with curl (skipped: there is no curl; apt-get install curl)',
    () => {
      test.each(['GET', 'POST'])('is watched by %s', async (method) => {
        const body = JSON.stringify({ query: BALANCE, variables: variables() });
        const child = spawn('curl', [
          '--no-buffer',
          '--silent',
          '--include',
          '--header',
          `authorization: ${headers.authorization}`,
          '--header',
          'accept: text/event-stream',
          ...(method === 'GET'
            ? [asUrl()]
            : ['--header', 'content-type: application/json', '--data', body, `${server.url}/graphql`]),
        ]);
        const heard = new Heard();
        let text = '';
        child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
            const data = /^data: (.+)$/m.exec(text.slice(0, end))?.[1];
            if (data) heard.next(JSON.parse(data).data);
            text = text.slice(end + 2);
          }
        });
        await heard.follow();
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill();
        await ended;
      });
    },
  );
});
