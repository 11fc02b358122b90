/**
 * Stripe on the loopback interface: the sandbox's stand-in over real HTTP, with faults. Each secret key is a Stripe of its
 * own, so that a test may have as many as it likes.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createMemoryStore,
  openSandboxStripe,
  type SandboxStripe,
  type Scene,
} from '../../../server/billing/sandbox/index.ts';
import type { Clock } from '../../../server/clock.ts';
import { newId } from '../../../server/ids.ts';

/** Something that goes wrong once. */
export type StripeFault =
  | {
      readonly fault: 'answer';
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Record<string, string>;
    }
  /** Does what it is asked, and the answer is lost. */
  | { readonly fault: 'reset' | 'hang' }
  /** Does what it is asked, and answers late: with what was so when it was asked. */
  | { readonly fault: 'hold'; readonly until: Promise<void> };

/** One of the Stripes. */
export interface LoopbackStripe {
  readonly secretKey: string;
  readonly stripe: SandboxStripe;
  /** Requests that arrived, as `POST /v1/refunds`. */
  readonly requests: string[];
  /** The next requests that fit go wrong so, one after the other. */
  fail(pattern: RegExp, ...faults: readonly StripeFault[]): void;
  /** Does what a customer, a bank or time does. */
  act<Result>(work: (scene: Scene) => Promise<Result>): Promise<Result>;
  /** Events that came up since this was last asked, as they go over the wire. */
  events(): Promise<{ readonly id: string; readonly type: string; readonly body: string }[]>;
  /** Forgets the idempotency keys of all requests, as Stripe may after a day. */
  forgetKeys(): Promise<void>;
  /** Cards of these customers are declined when nobody is present. */
  readonly declining: Set<string>;
}

/** A server of Stripes. */
export interface StripeServer extends AsyncDisposable {
  readonly url: string;
  /** A new, empty Stripe. */
  open(clock: Clock): LoopbackStripe;
  close(): Promise<void>;
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Starts a server. */
export async function startStripe(): Promise<StripeServer> {
  const all = new Map<string, LoopbackStripe & { faults: { pattern: RegExp; fault: StripeFault }[] }>();
  const server = createServer(async (request, response) => {
    const key = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    const body = await readAll(request);
    const to = all.get(key);
    const line = `${request.method} ${request.url}`;
    const send = (status: number, answer: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, {
        'content-type': 'application/json',
        'request-id': `req_${newId()}`,
        ...headers,
      });
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    };
    if (!to) {
      send(401, {
        error: { type: 'invalid_request_error', message: `Invalid API Key provided: ${key.slice(0, 8)}****` },
      });
      return;
    }
    to.requests.push(line);
    const at = to.faults.findIndex(({ pattern }) => pattern.test(line));
    const [hit] = at < 0 ? [] : to.faults.splice(at, 1);
    if (hit?.fault.fault === 'answer') {
      send(hit.fault.status, hit.fault.body, hit.fault.headers);
      return;
    }
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const answer = await to.stripe.request({
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers,
      body,
    });
    if (hit?.fault.fault === 'hold') await hit.fault.until;
    if (hit?.fault.fault === 'reset') response.destroy();
    else if (hit?.fault.fault !== 'hang') send(answer.status, answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    open(clock) {
      const secretKey = `sk_test_${newId().replaceAll('-', '')}`;
      const declining = new Set<string>();
      const stripe = openSandboxStripe({
        store: createMemoryStore(),
        clock,
        around: { pagesUrl: () => 'https://checkout.stripe.test', declines: (id) => declining.has(id) },
      });
      const faults: { pattern: RegExp; fault: StripeFault }[] = [];
      const made = {
        secretKey,
        stripe,
        requests: [],
        declining,
        faults,
        fail: (pattern: RegExp, ...list: readonly StripeFault[]) =>
          void faults.push(...list.map((fault) => ({ pattern, fault }))),
        act: <Result>(work: (scene: Scene) => Promise<Result>) => stripe.act(work),
        async events() {
          const waiting = await stripe.waiting();
          for (const { id } of waiting) await stripe.taken(id);
          return waiting.map((event) => ({ id: event.id, type: event.type, body: JSON.stringify(event) }));
        },
        forgetKeys: () =>
          stripe.act(async ({ shelf }) => {
            // Nothing leaves a shelf: something else takes the place of each.
            for (const { id } of await shelf.all('kept_answer'))
              await shelf.put({ id, object: 'webhook_endpoint', secret: '' });
          }),
      };
      all.set(secretKey, made);
      return made;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
