/**
 * A vendor on the loopback interface that can be told to misbehave. What it says when it behaves is the business of
 * openai.ts and replicate.ts beside this file.
 *
 * ```ts
 * await using vendor = await startOpenAiVendor();
 * vendor.script(status(429, undefined, { 'retry-after': '7' })); // the next submit
 * vendor.script(hang(), { times: Infinity });                    // every submit from then on, until heal()
 * vendor.script(reset(), { on: 'check' });                       // the next question after a job
 * await vendor.arrived();                                        // resolves when the next request is here
 * vendor.submits;                                                // how many paid POSTs were put on the wire
 * ```
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request is to the vendor. Only a `submit` may cost money. */
export type Kind = 'submit' | 'check' | 'cancel' | 'file' | 'other';

/** A request as it arrived, its body read to the end. */
export interface Hit {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The same, byte for byte. */
  readonly raw: Buffer;
  readonly kind: Kind;
}

/** How a vendor answers. A body that is no text is sent as JSON. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is there and is held back. */
export interface Held {
  readonly fault: 'held';
  /** What is held back, as it was when the request arrived. */
  readonly answer: Promise<Answer>;
  /** Lets it go. */
  readonly release: () => void;
  /** @internal The vendor's side of it. */
  readonly keep: (answer: Answer) => void;
  /** @internal Resolves when it may go. */
  readonly released: Promise<void>;
}

/** Something that goes wrong once. Made by the functions below. */
export type Fault =
  | { readonly fault: 'hang' }
  | { readonly fault: 'reset' }
  | { readonly fault: 'malformed' }
  | { readonly fault: 'cutOff' }
  | { readonly fault: 'slow'; readonly ms: number }
  | Held
  | { readonly fault: 'answer'; readonly answer: (hit: Hit) => Answer };

/** Takes the request and never answers. */
export const hang = (): Fault => ({ fault: 'hang' });
/** Takes the request and destroys the connection before answering. */
export const reset = (): Fault => ({ fault: 'reset' });
/** Answers 200 with broken JSON. */
export const malformed = (): Fault => ({ fault: 'malformed' });
/** Announces more bytes than it sends, then destroys the connection. */
export const cutOff = (): Fault => ({ fault: 'cutOff' });
/** Does at once what it is asked for, and answers only after so many milliseconds. */
export const slow = (ms: number): Fault => ({ fault: 'slow', ms });
/** Does at once what it is asked for, and holds the answer back until it is released. */
export const held = (): Held => {
  const answer = Promise.withResolvers<Answer>();
  const gate = Promise.withResolvers<void>();
  return {
    fault: 'held',
    answer: answer.promise,
    keep: answer.resolve,
    released: gate.promise,
    release: () => gate.resolve(),
  };
};
/** Answers with this status. Without a body, the vendor's own one for that status. */
export const status = (code: number, body?: unknown, headers: Record<string, string> = {}): Fault => ({
  fault: 'answer',
  answer: () => ({ status: code, body, headers }),
});
/** Answers with what is made of the request, such as one that says the caller's key back. */
export const reply = (answer: (hit: Hit) => Answer): Fault => ({ fault: 'answer', answer });

export interface ScriptOptions {
  /** For how many requests: 1 when not said, Infinity until {@link HttpVendor.heal}. */
  readonly times?: number;
  /** For which of them: `submit` when not said. */
  readonly on?: Kind;
}

/** A running vendor. */
export interface HttpVendor extends AsyncDisposable {
  /** Without a path: `http://127.0.0.1:40123`. */
  readonly origin: string;
  /** What a provider takes as `baseUrl`: the origin and the API's version. */
  readonly url: string;
  /** Every request in the order of arrival. Empty with `record: false`. */
  readonly hits: readonly Hit[];
  /** How many paid POSTs arrived, faulty ones included. */
  readonly submits: number;
  /** How many connections were made to it. */
  readonly connections: number;
  /** How many requests of a kind arrived. */
  count(kind: Kind): number;
  /** Resolves with the next request of a kind (`submit` when not said) to arrive from now on. */
  arrived(kind?: Kind): Promise<Hit>;
  /** Queues a fault. Faults of a kind happen in the order in which they were scripted. */
  script(fault: Fault, options?: ScriptOptions): void;
  /** Forgets every fault that has not happened yet. */
  heal(): void;
  /** Stops listening and destroys every connection, hanging ones included. */
  close(): Promise<void>;
}

export interface HttpVendorOptions {
  /** 0, the default, lets the system choose one. */
  readonly port?: number;
  /** False keeps no {@link HttpVendor.hits}: for benches, whose hits would fill the memory. True when not said. */
  readonly record?: boolean;
}

/** What makes a plain HTTP server into a certain vendor. */
export interface Behaviour {
  kindOf(method: string, path: string): Kind;
  /** The right answer. A Buffer as body is sent as it is. */
  answer(hit: Hit): Answer | Promise<Answer>;
  /** The vendor's own body and headers for a status that a fault asks for without saying them. */
  envelope(status: number, hit: Hit): { readonly body: unknown; readonly headers?: Record<string, string> };
}

/** Starts a vendor on 127.0.0.1. */
export async function startHttpVendor(
  behaviour: Behaviour,
  { port = 0, record = true }: HttpVendorOptions = {},
): Promise<HttpVendor> {
  const hits: Hit[] = [];
  const counts: Record<Kind, number> = { submit: 0, check: 0, cancel: 0, file: 0, other: 0 };
  let connections = 0;
  const script: { fault: Fault; on: Kind; times: number }[] = [];
  const waiting: { kind: Kind; resolve: (hit: Hit) => void }[] = [];

  function nextFault(kind: Kind): Fault | undefined {
    const index = script.findIndex(({ on }) => on === kind);
    const entry = script[index];
    if (!entry) return undefined;
    entry.times -= 1;
    if (entry.times <= 0) script.splice(index, 1);
    return entry.fault;
  }

  function note(hit: Hit): void {
    counts[hit.kind] += 1;
    if (record) hits.push(hit);
    for (let index = waiting.length - 1; index >= 0; index -= 1) {
      const waiter = waiting[index];
      if (waiter?.kind !== hit.kind) continue;
      waiting.splice(index, 1);
      waiter.resolve(hit);
    }
  }

  async function behave(hit: Hit, response: ServerResponse): Promise<void> {
    send(response, await behaviour.answer(hit));
  }

  async function misbehave(fault: Fault, hit: Hit, response: ServerResponse): Promise<void> {
    switch (fault.fault) {
      case 'hang':
        return;
      case 'reset':
        response.socket?.destroy();
        return;
      case 'malformed':
        send(response, {
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: '{"id":"broken',
        });
        return;
      case 'cutOff':
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100000' });
        response.write('{"data":[{"b64_json":"iVBORw0KGgo', () => response.socket?.destroy());
        return;
      case 'slow': {
        // At once: what is scripted later is for later requests, also when the caller has long hung up.
        const answer = asItStands(await behaviour.answer(hit));
        await new Promise((resolve) => setTimeout(resolve, fault.ms));
        return send(response, answer);
      }
      case 'held': {
        const answer = asItStands(await behaviour.answer(hit));
        fault.keep(answer);
        await fault.released;
        return send(response, answer);
      }
      case 'answer': {
        const { status: code, body, headers } = fault.answer(hit);
        const own = body === undefined ? behaviour.envelope(code, hit) : { body };
        send(response, { status: code, body: own.body, headers: { ...own.headers, ...headers } });
      }
    }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const { method = 'GET', url: path = '/', headers } = request;
      const raw = Buffer.concat(chunks);
      const hit: Hit = {
        method,
        path,
        headers,
        body: raw.toString('utf8'),
        raw,
        kind: behaviour.kindOf(method, path),
      };
      note(hit);
      const fault = script.length === 0 ? undefined : nextFault(hit.kind);
      const answered = fault ? misbehave(fault, hit, response) : behave(hit, response);
      answered.catch((error: unknown) => {
        send(response, { status: 500, body: `The loopback vendor has a defect: ${String(error)}` });
      });
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  // Callers hang up in the middle of an answer; that is what they are tested for.
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${actual}`;

  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    origin,
    url: `${origin}/v1`,
    hits,
    get submits() {
      return counts.submit;
    },
    get connections() {
      return connections;
    },
    count: (kind) => counts[kind],
    arrived: (kind = 'submit') => new Promise((resolve) => waiting.push({ kind, resolve })),
    script: (fault, { times = 1, on = 'submit' } = {}) => script.push({ fault, on, times }),
    heal: () => script.splice(0),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** An answer that stays as it is while it is held back, whatever becomes of what it was made of. */
function asItStands(answer: Answer): Answer {
  return isRaw(answer.body) ? answer : structuredClone(answer);
}

const isRaw = (body: unknown): body is Buffer | string => Buffer.isBuffer(body) || typeof body === 'string';

function send(response: ServerResponse, { status: code, body, headers }: Answer): void {
  if (response.destroyed || response.headersSent) return;
  const bytes = isRaw(body) ? body : JSON.stringify(body ?? null);
  response.writeHead(code, {
    ...(isRaw(body) ? {} : { 'content-type': 'application/json' }),
    'content-length': Buffer.byteLength(bytes),
    ...headers,
  });
  response.end(bytes);
}

/** The base URL of a port on which nothing listens: a connection is refused at once. */
export async function refusingUrl(): Promise<string> {
  const vendor = await startHttpVendor({
    kindOf: () => 'other',
    answer: () => ({ status: 404 }),
    envelope: () => ({ body: null }),
  });
  await vendor.close();
  return vendor.url;
}
