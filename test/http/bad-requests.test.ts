/**
 * Whatever is sent: the answer is a clear error of the contract's kinds, never a 500, and never a word that is
 * nobody's business. Nothing is charged for any of it.
 */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHEAP, GENERATE_IMAGE, readAnswer, type TestClient } from '../support/client.ts';
import { type Besieged, expectRefusal, openBesieged } from '../support/refusals.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let besieged: Besieged;
let server: TestServer;
let admin: TestClient;
let mine: string;
beforeAll(async () => {
  besieged = await openBesieged();
  ({ server, admin, mine } = besieged);
});
afterAll(() => besieged.close());

const post = (body: RequestInit['body'], headers: Record<string, string> = {}, path = '/graphql') =>
  admin
    .fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: body ?? null,
    })
    .then((response) => readAnswer(response));

describe('a document', () => {
  const refused = (code: string) => ({ status: 400, code, data: undefined });

  test('nested 50 deep is refused', async () => {
    const deep = `{ catalog ${'{ a '.repeat(49)}${'}'.repeat(49)} }`;
    const answer = await admin.send(deep);
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('QUERY_TOO_COMPLEX'));
  });

  test('nested 50 deep where every field exists is refused', async () => {
    const step = 'account { generations(first: 1) { edges { node { ';
    const deep = `{ generations(first: 1) { edges { node { ${step.repeat(12)} id ${'} } } } '.repeat(12)} } } } }`;
    expect(await admin.send(deep)).toMatchObject(refused('QUERY_TOO_COMPLEX'));
  });

  test('nested 100,000 deep is refused', async () => {
    const answer = await admin.send(`${'{a'.repeat(100_000)}${'}'.repeat(100_000)}`);
    expectRefusal(answer);
    expect(answer.status).toBe(400);
    expect(answer.code).toMatch(/QUERY_TOO_COMPLEX|GRAPHQL_PARSE_FAILED/);
  });

  test('with lists in lists in an argument, 10,000 deep, is refused', async () => {
    const answer = await admin.send(`{ node(id: ${'['.repeat(10_000)}${']'.repeat(10_000)}) { id } }`);
    expectRefusal(answer);
    expect(answer.status).toBe(400);
  });

  test('with 1,000 aliases is refused', async () => {
    const aliases = Array.from({ length: 1_000 }, (_, index) => `a${index}: viewer { kind }`);
    expect(await admin.send(`{ ${aliases.join(' ')} }`)).toMatchObject(refused('QUERY_TOO_COMPLEX'));
  });

  test('with 1,000 aliases of a mutation calls nobody', async () => {
    const aliases = Array.from(
      { length: 1_000 },
      (_, index) =>
        `a${index}: generateImage(input: { idempotencyKey: "k${index}", accountId: "${mine}", prompt: "x", model: "replicate/sdxl" }) { __typename }`,
    );
    const answer = await admin.send(`mutation { ${aliases.join(' ')} }`);
    expectRefusal(answer);
    expect(answer).toMatchObject({ status: 400, data: undefined });
    // Whichever limit it meets first: that of its fields, or that of its words.
    expect(answer.code).toMatch(/QUERY_TOO_COMPLEX|GRAPHQL_PARSE_FAILED/);
  });

  test('that spreads fragments 2 to the power of 20 times is refused, in no time', async () => {
    const fragments = Array.from(
      { length: 20 },
      (_, index) =>
        `fragment f${index} on Account { ...f${index + 1} b: grants { edges { node { id } } } ...f${index + 1} }`,
    );
    const started = performance.now();
    const answer = await admin.send(
      `query ($id: ID!) { account(id: $id) { ...f0 } } ${fragments.join(' ')} fragment f20 on Account { id }`,
      { id: mine },
    );
    expectRefusal(answer);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test('whose fragments are too many to be compared is refused, and no defect', async () => {
    const count = 280;
    const fragments = Array.from(
      { length: count },
      (_, index) =>
        `fragment f${index} on Query { a: __typename ...f${(index + 1) % count} ...f${(index + 7) % count} }`,
    );
    const spreads = fragments.map((_, index) => `...f${index}`);
    const answer = await admin.send(`{ ${spreads.join(' ')} } ${fragments.join(' ')}`);
    expectRefusal(answer);
    expect(answer.status, answer.text).toBe(400);
  });

  test('whose fragments go round in circles is refused', async () => {
    const answer = await admin.send(
      '{ viewer { ...a } } fragment a on Viewer { kind ...b } fragment b on Viewer { ...a }',
    );
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('GRAPHQL_VALIDATION_FAILED'));
  });

  test('that asks for a hundred million values by small pages within pages is refused', async () => {
    const answer =
      await admin.send(`{ accounts(first: 100) { edges { node { generations(first: 100) { edges { node {
      account { generations(first: 100) { edges { node { id } } } } } } } } } } }`);
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('QUERY_TOO_COMPLEX'));
    expect(answer.errors[0]?.message).toMatch(/complexity of \d+/);
  });

  test('is judged by the operation that runs, and not by another that stands before it', async () => {
    const query = `query Small { __typename } query Large ($n: Int = 100) { accounts(first: $n) { edges { node {
      generations(first: $n) { edges { node { account { generations(first: $n) { edges { node { id } } } } } } } } } } }`;
    const answer = await post(JSON.stringify({ query, operationName: 'Large' }));
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('QUERY_TOO_COMPLEX'));
    expect(await post(JSON.stringify({ query, operationName: 'Small' }))).toMatchObject({ status: 200 });
  });

  test('is judged by its own variables, whatever was sent beside them before', async () => {
    const document = (initial: number) => `query ($n: Int = ${initial}) { accounts(first: $n) { edges { node {
      generations(first: $n) { edges { node { account { generations(first: $n) { edges { node { id } } } } } } } } } } }`;
    expect(await admin.send(document(1), { 'n=100;x': 1 })).toMatchObject({ status: 200 });
    expect(await admin.send(document(1), { n: 100, x: 1 })).toMatchObject(refused('QUERY_TOO_COMPLEX'));

    // Null is a page of the usual length; left out it is what the document says.
    const two = (initial: number) => `query ($n: Int = ${initial}) { accounts(first: $n) { edges { node {
      generations(first: $n) { edges { node { account { id externalId tier } } } } } } } }`;
    expect(await admin.send(two(100), { n: null })).toMatchObject({ status: 200 });
    expect(await admin.send(two(100))).toMatchObject(refused('QUERY_TOO_COMPLEX'));
  });

  test('that asks for the whole schema again and again, as anybody may once, is refused', async () => {
    const anybody = server.as(null);
    const usual = getIntrospectionQuery();
    const fragments = usual.slice(usual.indexOf('fragment'));
    const whole = usual.slice(usual.indexOf('__schema'), usual.lastIndexOf('}', usual.indexOf('fragment')));
    const asking = (times: number) =>
      `{ ${Array.from({ length: times }, (_, index) => `s${index}: ${whole}`).join(' ')} } ${fragments}`;
    expect(await anybody.send(asking(2))).toMatchObject({ status: 200 });
    expect(await anybody.send(asking(3))).toMatchObject(refused('QUERY_TOO_COMPLEX'));

    const types = Array.from({ length: 100 }, (_, index) => `t${index}: types { ...FullType }`);
    const again = await anybody.send(
      `{ ...Root } fragment Root on Query { __schema { ${types.join(' ')} } } ${fragments}`,
    );
    expect(again).toMatchObject(refused('QUERY_TOO_COMPLEX'));
  });

  test('that is none is a parse error', async () => {
    const answer = await admin.send('{ viewer { kind ');
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('GRAPHQL_PARSE_FAILED'));
  });

  test('that asks for fields which do not exist is a validation error', async () => {
    const answer = await admin.send('{ viewer { password } }');
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('GRAPHQL_VALIDATION_FAILED'));
  });

  test('of several operations without a name, or with one that is not there, is refused', async () => {
    const query = 'query A { viewer { kind } } query B { viewer { kind } }';
    for (const operationName of [undefined, 'C', '']) {
      const answer = await post(JSON.stringify({ query, operationName }));
      expectRefusal(answer);
      expect(answer.status).toBe(400);
      expect(answer.errors).toHaveLength(1);
    }
    expect(await post(JSON.stringify({ query, operationName: 'B' }))).toMatchObject({ status: 200 });
  });

  test('without its variables, or with wrong ones, is refused', async () => {
    for (const variables of [
      {},
      { input: null },
      { input: {} },
      { input: { ...CHEAP, idempotencyKey: '' } },
      { input: { ...CHEAP, idempotencyKey: 'x'.repeat(256) } },
      { input: { ...CHEAP, idempotencyKey: 5 } },
      { input: { ...CHEAP, idempotencyKey: 'x', count: 1.5 } },
      { input: { ...CHEAP, idempotencyKey: 'x', color: 'red' } },
    ]) {
      const answer = await admin.send(GENERATE_IMAGE, variables);
      expectRefusal(answer);
      expect(answer.status, answer.text).toBe(400);
      expect(answer.errors.length).toBeGreaterThan(0);
      expect(answer.data ?? null).toBeNull();
    }
  });

  test('whose literal of a key is empty is refused', async () => {
    const answer = await admin.send(
      `mutation { generateImage(input: { idempotencyKey: "", accountId: "${mine}", prompt: "x" }) { __typename } }`,
    );
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('GRAPHQL_VALIDATION_FAILED'));
  });
});

describe('pages', () => {
  const page = (text: string) =>
    `{ accounts${text} { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }`;

  test('of more than 100 are cut to 100', async () => {
    const answer = await admin.send<{ accounts: { edges: unknown[] } }>(page('(first: 1000)'));
    expectRefusal(answer);
    expect(answer.data?.accounts.edges.length ?? 0).toBeLessThanOrEqual(100);
  });

  test.each([
    '(first: -1)',
    '(after: "nonsense")',
    '(after: "R1BDOlM6eA")',
    '(after: "")',
    '(before: "💥")',
    '(first: 1, last: 1)',
    '(last: 1)',
  ])('that cannot be, %s, are an error or a page, and no defect', async (text) => {
    const answer = await admin.send(page(text));
    expectRefusal(answer);
    if (answer.errors.length > 0) expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
  });

  test("with a cursor of another list's are refused, also within another field", async () => {
    const { account } = await admin.ask<{ account: { entries: { pageInfo: { endCursor: string } } } }>(
      'query ($id: ID!) { account(id: $id) { entries { pageInfo { endCursor } } } }',
      { id: mine },
    );
    const encode = (text: string) => Buffer.from(text).toString('base64');
    const lists = [
      'query ($after: String) { accounts(after: $after) { edges { node { id } } } }',
      'query ($after: String) { accounts(before: $after, last: 1) { edges { node { id } } } }',
      'query ($after: String) { generations(after: $after) { edges { node { id } } } }',
      `query ($after: String) { account(id: "${mine}") { grants(after: $after) { edges { node { id } } } } }`,
    ];
    const cursors = [
      account.entries.pageInfo.endCursor,
      encode('GPC:S:nonsense'),
      encode('GPC:N:5'),
      encode('GPC:D:5'),
      encode('GPC:J:{}'),
    ];
    for (const list of lists) {
      for (const after of cursors) {
        const answer = await admin.send(list, { after });
        expectRefusal(answer);
        expect(answer, `${list} ${after}`).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
      }
    }
    for (const after of ['GPC:J:["x",1]', 'GPC:J:[{"a":1},99999999999]', 'GPC:J:[1]', 'GPC:S:x']) {
      const answer = await admin.send(
        `query ($after: String) { account(id: "${mine}") { entries(after: $after) { edges { node { id } } } } }`,
        { after: encode(after) },
      );
      expectRefusal(answer);
    }
  });
});

describe('a request', () => {
  test.each([
    ['cannot be parsed', '{ viewer {'],
    ['asks for what there is not', '{ nothingOfTheKind }'],
  ])('that %s is told its own id each time', async (_what, query) => {
    const ids: unknown[] = [];
    for (let time = 0; time < 3; time += 1) {
      const response = await admin.fetch('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      const { errors } = (await response.json()) as { errors: { extensions: { requestId: unknown } }[] };
      expect(errors[0]?.extensions.requestId).toBe(response.headers.get('x-request-id'));
      ids.push(errors[0]?.extensions.requestId);
    }
    expect(new Set(ids).size).toBe(3);
  });

  test('whose address ends as a probe of yoga’s own would is answered as any other', async () => {
    const answer = await admin.fetch('/graphql?for=/health', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ viewer { kind } }' }),
    });
    expect(await answer.json()).toMatchObject({ data: { viewer: { kind: expect.any(String) } } });
  });

  test('whose body is over a mebibyte is refused with 413', async () => {
    const answer = await post(JSON.stringify({ query: '{ viewer { kind } }', x: 'x'.repeat(1024 * 1024) }));
    expectRefusal(answer);
    expect(answer).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' });
  });

  test('whose body is over a mebibyte, and does not say so beforehand, is refused with 413', async () => {
    const chunk = new TextEncoder().encode('x'.repeat(64 * 1024));
    let chunks = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks += 1;
        if (chunks > 17) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const response = await admin.fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit);
    expect(await readAnswer(response)).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' });
  });

  test('that comes in pieces is answered like any other', async () => {
    const text = new TextEncoder().encode(JSON.stringify({ query: '{ viewer { kind } }' }));
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(text.slice(0, 5));
        controller.enqueue(text.slice(5));
        controller.close();
      },
    });
    const response = await admin.fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit);
    expect(await readAnswer(response)).toMatchObject({ status: 200, data: { viewer: { kind: 'API_KEY' } } });
  });

  test.each([
    '{',
    '',
    'null',
    '[]',
    '"text"',
    '5',
    '{"query": 5}',
    '{"query": null}',
    '{}',
    '{"query":"{ viewer { kind } }","variables":"x"}',
    '{"query":"{ viewer { kind } }","extensions":5}',
    '[{"query":"{ viewer { kind } }"}]',
    '{"query":"{ viewer { kind } }","variables":[1]}',
    '\u0000',
    '{"__proto__":{"query":"x"}}',
  ])('whose body is %j is refused', async (body) => {
    const answer = await post(body);
    expectRefusal(answer);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.errors.length).toBeGreaterThan(0);
  });

  test('whose body is no UTF-8 is refused', async () => {
    const answer = await post(new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]));
    expectRefusal(answer);
    expect(answer.status).toBe(400);
  });

  test.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'nonsense'])(
    'of the content type %s is refused with 415',
    async (type) => {
      const answer = await post(JSON.stringify({ query: '{ viewer { kind } }' }), { 'content-type': type });
      expectRefusal(answer);
      expect(answer.status, answer.text).toBe(415);
    },
  );

  test('that a form of a strange site can send changes nothing', async () => {
    const document = `mutation { suspendService(reason: "x") { state } }`;
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=b',
    ]) {
      const answer = await post(`query=${encodeURIComponent(document)}`, { 'content-type': type });
      expectRefusal(answer);
      expect(answer.data ?? null, type).toBeNull();
    }
    const [state] = await server.rows<{ state: string }>('SELECT state FROM protection');
    expect(state?.state).toBe('NORMAL');
  });

  test('whose variables in the address are no JSON is refused with 400', async () => {
    for (const [name, value] of [
      ['variables', '{'],
      ['variables', '%'],
      ['extensions', 'x'],
    ] as const) {
      const address = `/graphql?query={__typename}&${name}=${encodeURIComponent(value)}`;
      const answer = await readAnswer(await admin.fetch(address));
      expectRefusal(answer);
      expect(answer, address).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
    }
    const answer = await readAnswer(
      await admin.fetch('/graphql?query={__typename}&variables=&extensions={}'),
    );
    expect(answer).toMatchObject({ status: 200 });
  });

  test('that would change something by GET is refused with 405', async () => {
    const query = encodeURIComponent('mutation { suspendService(reason: "x") { state } }');
    const answer = await readAnswer(await admin.fetch(`/graphql?query=${query}`));
    expectRefusal(answer);
    expect(answer.status).toBe(405);
  });

  test('whose Host is none is refused with 400, and told nothing of the server', async () => {
    for (const host of ['a b', '[', 'a:b:c', '%', '@']) {
      const headers = { host, 'content-type': 'application/json' };
      const sent = request(`${server.url}/graphql`, { method: 'POST', headers }).end(
        '{"query":"{ __typename }"}',
      );
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      const body = await text(response);
      expect(response.statusCode, host).toBe(400);
      expect(JSON.parse(body), host).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
    }
  });

  test('for which there is no path is refused with 404', async () => {
    for (const path of [
      '/nothing',
      '/graphql/x',
      '/files',
      '/files/',
      '/files/..%2f..%2fetc%2fpasswd',
      '/%00',
      '/webhooks',
    ]) {
      const answer = await readAnswer(await admin.fetch(path));
      expectRefusal(answer);
      expect(answer, path).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    }
  });

  test('of a method that there is not is refused with 405', async () => {
    for (const [method, path] of [
      ['PUT', '/graphql'],
      ['DELETE', '/graphql'],
      ['POST', '/files/x'],
      ['DELETE', '/health/live'],
    ] as const) {
      const answer = await readAnswer(await admin.fetch(path, { method }));
      expectRefusal(answer);
      expect(answer.status, `${method} ${path}`).toBe(405);
    }
  });
});

describe('a key that asks too often', () => {
  test('is told so with 429, and when to come back; others are not', async () => {
    await using limited = await startTestServer({ env: { RATE_LIMIT_PER_MINUTE: '12' } });
    const { key } = await limited.admin.keyWith('generate');
    const accountId = await limited.admin.account(100);
    const client = limited.as(key);
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.sendImage({ accountId })));
    const passed = answers.filter((answer) => answer.status === 200);
    const refused = answers.filter((answer) => answer.status !== 200);
    expect(passed).toHaveLength(12);
    for (const answer of refused) {
      expectRefusal(answer);
      expect(answer).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
      expect(Number(answer.headers.get('retry-after'))).toBeOneOf([4, 5]);
      expect(answer.errors[0]?.extensions?.retryAfterSeconds).toBeOneOf([4, 5]);
    }
    // The bucket of each caller is its own.
    expect(await limited.admin.balance(accountId)).toMatchObject({ posted: 76 });
    await limited.expectSound();
  });
});
