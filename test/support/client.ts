/**
 * A GraphQL client for tests: what comes back is the whole answer, its status and headers too. Helpers for what every
 * test asks for; WebSockets by the client of `graphql-ws`; server-sent events by `fetch`.
 */
import { createClient as createSocketClient, type Client as SocketClient } from 'graphql-ws';
import WebSocket from 'ws';

export interface AnsweredError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>> & { readonly code?: string };
}

/** A whole answer of a GraphQL request. */
export interface Answer<Data = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly data: Data | null | undefined;
  readonly errors: readonly AnsweredError[];
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
  /** The code of the first error. */
  readonly code: string | undefined;
}

export interface Balance {
  readonly available: number;
  readonly reserved: number;
  readonly posted: number;
}

/** Any member of the unions, with the fields that {@link GENERATION} asks for. */
export interface Outcome {
  readonly __typename: string;
  readonly code?: string;
  readonly message?: string;
  readonly id?: string;
  readonly status?: string;
  readonly model?: string;
  readonly creditsReserved?: number;
  readonly creditsCharged?: number;
  readonly outputs?: readonly {
    readonly url: string;
    readonly contentType: string;
    readonly width: number | null;
    readonly height: number | null;
    readonly bytes: number;
  }[];
  readonly failure?: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
  readonly required?: number;
  readonly available?: number;
  readonly creditsReturned?: number;
  readonly retryAfterSeconds?: number | null;
  readonly scope?: string;
  readonly resetsAt?: string;
  readonly fields?: readonly { readonly path: string; readonly message: string }[];
}

/** A generation with what only operators see. */
export interface BookedGeneration extends Outcome {
  readonly cost: { readonly amount: string };
  readonly revenue: { readonly amount: string };
  readonly margin: number | null;
  readonly attempts: readonly {
    readonly provider: string;
    readonly model: string;
    readonly outcome: string;
    readonly cost: { readonly amount: string };
    readonly error: string | null;
  }[];
}

export interface GenerateOptions {
  readonly idempotencyKey?: string;
  readonly accountId?: string;
  readonly prompt?: string;
  /** Undefined leaves the choice to Solvent; left out it is the cheapest one's. */
  readonly model?: string | undefined;
  readonly size?: string;
  readonly quality?: string;
  readonly count?: number;
  readonly seed?: number;
  readonly waitMs?: number;
  readonly allowSuccessor?: boolean;
  readonly minimumQuality?: number;
  readonly quoteId?: string;
  readonly useCache?: boolean;
  readonly priority?: 'NORMAL' | 'LOW';
}

/** What everyone sees of a generation. */
export const GENERATION_FIELDS = `id status model creditsReserved creditsCharged
  outputs { url contentType width height bytes } failure { code message retryable }`;

/** Every field that an outcome of a generation may have. */
export const GENERATION = `
  __typename
  ... on Generation { ${GENERATION_FIELDS} }
  ... on Error { code message }
  ... on InsufficientCreditsError { required available }
  ... on BudgetExceededError { scope resetsAt }
  ... on ContentRefusedError { creditsReturned }
  ... on ProviderUnavailableError { creditsReturned retryAfterSeconds }
  ... on InvalidInputError { fields { path message } }`;

export const GENERATE_IMAGE = `mutation ($input: GenerateImageInput!) { generateImage(input: $input) {${GENERATION}} }`;

/** Two cents of revenue, $0.003 of cost, and small enough to be drawn in no time. */
export const CHEAP = { model: 'replicate/sdxl', size: '512x512', prompt: 'A lighthouse', seed: 7 } as const;

let made = 0;
/** A text that no other test uses. */
export function unique(what: string): string {
  made += 1;
  return `${what}-${process.pid}-${Date.now().toString(36)}-${made}`;
}

export interface TestClient {
  readonly url: string;
  /** Sends a document, and gives whatever comes back. */
  send<Data = Record<string, unknown>>(
    query: string,
    variables?: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer<Data>>;
  /** Sends a document that has to succeed. */
  ask<Data>(query: string, variables?: object): Promise<Data>;
  /** Sends any request to any path. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** An account with credits of $0.01 each, of the tier that gets no free ones. Gives its id. */
  account(credits?: number, more?: object): Promise<string>;
  grant(accountId: string, credits: number, more?: object): Promise<Outcome>;
  /** A token of an account. */
  tokenOf(accountId: string, ttlSeconds?: number): Promise<string>;
  /** An API key with these scopes. */
  keyWith(...scopes: string[]): Promise<{ readonly key: string; readonly id: string }>;
  /** The cheapest picture unless told otherwise, under a key of its own. */
  generateImage(options: GenerateOptions): Promise<Outcome>;
  /** The same, with the whole answer. */
  sendImage(options: GenerateOptions): Promise<Answer<{ generateImage: Outcome } | null>>;
  balance(accountId: string): Promise<Balance>;
  generation(id: string): Promise<Outcome | null>;
  /** With cost and attempts. Needs `profit:read`. */
  booked(id: string): Promise<BookedGeneration>;
  setBudget(input: object): Promise<Outcome>;
  /** A client of a WebSocket; dispose of it. */
  socket(options?: {
    readonly onClosed?: (event: { code: number; reason: string }) => void;
    /** False connects at once, and stays connected while nothing is asked. */
    readonly lazy?: boolean;
  }): SocketClient;
  /** Subscribes over server-sent events. */
  stream(query: string, variables?: object, signal?: AbortSignal): Promise<EventStream>;
}

/** The events of one subscription over server-sent events. */
export interface EventStream {
  readonly status: number;
  readonly contentType: string;
  /** Ends with the stream. */
  readonly events: AsyncGenerator<StreamEvent, void, void>;
}

export interface StreamEvent {
  readonly event: string;
  readonly data: {
    readonly data?: Record<string, unknown> | null;
    readonly errors?: readonly AnsweredError[];
  } | null;
}

/** Reads an answer to its end. */
export async function readAnswer<Data>(response: Response): Promise<Answer<Data>> {
  const text = await response.text();
  let body: { data?: Data | null; errors?: AnsweredError[]; extensions?: Record<string, unknown> } = {};
  try {
    body = JSON.parse(text);
  } catch {
    // Not JSON: the text says it.
  }
  const errors = body.errors ?? [];
  return {
    status: response.status,
    headers: response.headers,
    text,
    data: body.data,
    errors,
    extensions: body.extensions,
    code: errors[0]?.extensions?.code,
  };
}

/** @param token an API key or an account's token; null calls without credentials. */
export function createClient(url: string, token: string | null): TestClient {
  const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };

  const client: TestClient = {
    url,
    async send(query, variables = {}, headers = {}) {
      return readAnswer(
        await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...authorization, ...headers },
          body: JSON.stringify({ query, variables }),
        }),
      );
    },
    async ask<Data>(query: string, variables?: object) {
      const answer = await client.send<Data>(query, variables);
      if (answer.errors.length > 0 || answer.data == null) {
        throw new Error(`HTTP ${answer.status}: ${answer.text.slice(0, 1_000)}`);
      }
      return answer.data;
    },
    fetch: (path, init = {}) =>
      fetch(`${url}${path}`, { ...init, headers: { ...authorization, ...(init.headers as object) } }),
    async account(credits = 0, more = {}) {
      const { upsertAccount } = await client.ask<{ upsertAccount: { id: string } }>(
        'mutation ($input: UpsertAccountInput!) { upsertAccount(input: $input) { ... on Account { id } ... on Error { message } } }',
        { input: { externalId: unique('user'), tier: 'PAYG', ...more } },
      );
      if (credits > 0) await client.grant(upsertAccount.id, credits);
      return upsertAccount.id;
    },
    async grant(accountId, credits, more = {}) {
      const { grantCredits } = await client.ask<{ grantCredits: Outcome }>(
        `mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) {
          __typename ... on Grant { id } ... on Error { code message } ... on InvalidInputError { fields { path message } } } }`,
        {
          input: {
            idempotencyKey: unique('grant'),
            accountId,
            credits,
            source: 'PURCHASE',
            unitRevenue: '0.01',
            reason: 'For a test',
            ...more,
          },
        },
      );
      return grantCredits;
    },
    async tokenOf(accountId, ttlSeconds = 3600) {
      const { issueAccountToken } = await client.ask<{ issueAccountToken: { token: string } }>(
        'mutation ($id: ID!, $ttl: Int) { issueAccountToken(accountId: $id, ttlSeconds: $ttl) { token } }',
        { id: accountId, ttl: ttlSeconds },
      );
      return issueAccountToken.token;
    },
    async keyWith(...scopes) {
      const { createApiKey } = await client.ask<{ createApiKey: { key: string; apiKey: { id: string } } }>(
        'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { ... on NewApiKey { key apiKey { id } } } }',
        { input: { name: 'test', scopes } },
      );
      return { key: createApiKey.key, id: createApiKey.apiKey.id };
    },
    sendImage: (options) =>
      client.send(GENERATE_IMAGE, { input: { idempotencyKey: unique('image'), ...CHEAP, ...options } }),
    async generateImage(options) {
      const answer = await client.sendImage(options);
      if (answer.errors.length > 0 || !answer.data?.generateImage) {
        throw new Error(`HTTP ${answer.status}: ${answer.text.slice(0, 1_000)}`);
      }
      return answer.data.generateImage;
    },
    async balance(accountId) {
      const { account } = await client.ask<{ account: { balance: Balance } }>(
        'query ($id: ID!) { account(id: $id) { balance { available reserved posted } } }',
        { id: accountId },
      );
      return account.balance;
    },
    async generation(id) {
      const { generation } = await client.ask<{ generation: Outcome | null }>(
        `query ($id: ID!) { generation(id: $id) { __typename ${GENERATION_FIELDS} } }`,
        { id },
      );
      return generation;
    },
    async booked(id) {
      const { generation } = await client.ask<{ generation: BookedGeneration }>(
        `query ($id: ID!) { generation(id: $id) { __typename ${GENERATION_FIELDS} cost { amount } revenue { amount } margin
          attempts { provider model outcome cost { amount } error } } }`,
        { id },
      );
      return generation;
    },
    async setBudget(input) {
      const { setBudget } = await client.ask<{ setBudget: Outcome }>(
        'mutation ($input: SetBudgetInput!) { setBudget(input: $input) { __typename ... on Budget { id } ... on InvalidInputError { fields { path message } } } }',
        { input },
      );
      return setBudget;
    },
    socket(options = {}) {
      return createSocketClient({
        url: `${url.replace(/^http/, 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: token === null ? {} : { authorization: `Bearer ${token}` },
        retryAttempts: 0,
        lazy: options.lazy ?? true,
        // A rejected iterator says so already.
        onNonLazyError: () => {},
        on: { closed: (event) => options.onClosed?.(event as { code: number; reason: string }) },
      });
    },
    async stream(query, variables = {}, signal) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...authorization },
        body: JSON.stringify({ query, variables }),
        ...(signal ? { signal } : {}),
      });
      return {
        status: response.status,
        contentType: response.headers.get('content-type') ?? '',
        events: readEvents(response),
      };
    },
  };
  return client;
}

async function* readEvents(response: Response): AsyncGenerator<StreamEvent, void, void> {
  if (!response.body) return;
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const lines = block.split('\n');
      const event = lines
        .find((line) => line.startsWith('event:'))
        ?.slice(6)
        .trim();
      if (event === undefined) continue; // A comment that keeps the connection alive.
      const data = lines
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trim())
        .join('\n');
      yield { event, data: data === '' ? null : JSON.parse(data) };
    }
  }
}
