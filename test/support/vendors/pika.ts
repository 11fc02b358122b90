/**
 * fal's queue on the loopback interface, in the vendor's wire format, with the endpoints of Pika: requests are queued, asked
 * after and canceled; films are served from `/files/`, and the keys of its reports from `/.well-known/jwks.json`.
 *
 * A request ends when the test says so:
 *
 * ```ts
 * await using vendor = await startPikaVendor();
 * // … a submit answers `running` with an id …
 * vendor.run(id);                              // a runner has it
 * vendor.finish(id, { units: '1' });           // COMPLETED, with a film
 * vendor.end(id, 422, body, { units: '0' });   // COMPLETED, and the result answers this
 * vendor.report(id, new Date());               // what fal would POST, signed
 * ```
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { WebhookDelivery } from '../../../server/providers/provider.ts';
import {
  type Answer,
  type Hit,
  type HttpVendor,
  type HttpVendorOptions,
  startHttpVendor,
} from './http-vendor.ts';

export interface PikaVendorOptions extends HttpVendorOptions {
  /** The only key that is taken. When not said, any is, but one must be given. */
  readonly falKey?: string;
}

/** A request in the queue. */
export interface QueuedRequest {
  readonly id: string;
  /** `fal-ai/pika/v2.2/text-to-video`. */
  readonly endpoint: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly webhookUrl: string | null;
  status: 'IN_QUEUE' | 'IN_PROGRESS' | 'COMPLETED';
  /** What asking after the result answers. */
  result?: Answer;
  errorType?: string;
}

export interface EndOptions {
  /** `x-fal-billable-units`; not told when not said. */
  readonly units?: string;
  /** Whether the status says that there was an error. Older applications leave it to the result. True when not said. */
  readonly told?: boolean;
}

/** A running vendor, and what its requests can be told. */
export interface PikaVendor extends HttpVendor {
  /** Where the keys of its reports are. */
  readonly keysUrl: string;
  readonly requests: ReadonlyMap<string, QueuedRequest>;
  /** A runner takes the request. */
  run(id: string): void;
  /** Ends a request with a film, or with another output. */
  finish(id: string, options?: { readonly units?: string; readonly output?: unknown }): void;
  /** Ends a request without one. */
  end(id: string, status: number, body: unknown, options?: EndOptions): void;
  /** Forgets a request, so that asking after it answers 404. */
  forget(id: string): void;
  /** Whether a runner that is told to stop does so. True when not said. */
  stops: boolean;
  /** What fal would POST of a request that has ended. */
  report(id: string, at: Date): WebhookDelivery;
  /** A body of one's own, signed as a report is. */
  sign(body: string, at: Date): WebhookDelivery;
  /** From now on it signs by another key; the old one is no longer listed. */
  changeKey(): void;
  /** How often the keys were fetched. */
  readonly keysFetched: number;
}

/** fal's error for content that is refused. */
export const REFUSED_CONTENT = {
  detail: [
    {
      loc: ['body', 'prompt'],
      msg: 'The content could not be processed because it was flagged by a content checker.',
      type: 'content_policy_violation',
      url: 'https://docs.fal.ai/errors/#content_policy_violation',
      input: 'A prompt',
    },
  ],
};

/** Starts the vendor. */
export async function startPikaVendor(options: PikaVendorOptions = {}): Promise<PikaVendor> {
  const requests = new Map<string, QueuedRequest>();
  let submitted = 0;
  let keysFetched = 0;
  let stops = true;
  let key = makeKey();

  function get(id: string): QueuedRequest {
    const request = requests.get(id);
    if (!request) throw new Error(`There is no request ${id}.`);
    return request;
  }

  const controls = {
    requests,
    run: (id: string) => void Object.assign(get(id), { status: 'IN_PROGRESS' }),
    finish(id: string, { units, output }: { units?: string; output?: unknown } = {}) {
      const url = `${vendor.origin}/files/fal-ai/pika/${id}/output.mp4`;
      const film = { url, content_type: 'video/mp4', file_name: 'output.mp4', file_size: FILM.length };
      const body = output === undefined ? { video: film } : output;
      Object.assign(get(id), {
        status: 'COMPLETED',
        result: { status: 200, body, headers: headersOf(units) },
      });
    },
    end(id: string, status: number, body: unknown, { units, told = true }: EndOptions = {}) {
      const errorType = typeOf(body);
      Object.assign(get(id), {
        status: 'COMPLETED',
        result: {
          status,
          body,
          headers: {
            ...headersOf(units),
            ...(told && errorType !== undefined ? { 'x-fal-error-type': errorType } : {}),
          },
        },
        ...(told ? { errorType: errorType ?? 'runner_server_error' } : {}),
      });
    },
    forget: (id: string) => void requests.delete(id),
    report(id: string, at: Date) {
      const { result } = get(id);
      const isError = result === undefined || result.status >= 400;
      return controls.sign(
        JSON.stringify({
          request_id: id,
          gateway_request_id: id,
          status: isError ? 'ERROR' : 'OK',
          error: isError ? `Invalid status code: ${result?.status}` : null,
          payload: result?.body,
        }),
        at,
      );
    },
    sign(body: string, at: Date): WebhookDelivery {
      const id = String(memberOf(body, 'request_id') || 'none');
      const timestamp = String(Math.floor(at.getTime() / 1000));
      const digest = createHash('sha256').update(body).digest('hex');
      const message = Buffer.from([id, 'user-of-solvent', timestamp, digest].join('\n'));
      return {
        headers: {
          'content-type': 'application/json',
          'x-fal-webhook-request-id': id,
          'x-fal-webhook-user-id': 'user-of-solvent',
          'x-fal-webhook-timestamp': timestamp,
          'x-fal-webhook-signature': sign(null, message, key.secret).toString('hex'),
        },
        body: Buffer.from(body),
        receivedAt: at,
      };
    },
    changeKey() {
      key = makeKey();
    },
  };

  function submit(hit: Hit): Answer {
    const url = new URL(hit.path, vendor.origin);
    submitted += 1;
    const id = `019a9d3c-0000-7000-8000-${String(submitted).padStart(12, '0')}`;
    requests.set(id, {
      id,
      endpoint: url.pathname.slice(1),
      input: JSON.parse(hit.body) as Record<string, unknown>,
      webhookUrl: url.searchParams.get('fal_webhook'),
      status: 'IN_QUEUE',
    });
    return { status: 200, body: { ...statusOf(get(id)), queue_position: 3 } };
  }

  function statusOf({ id, status, errorType }: QueuedRequest): object {
    const base = `https://queue.fal.run/fal-ai/pika/requests/${id}`;
    return {
      status,
      request_id: id,
      response_url: base,
      status_url: `${base}/status`,
      cancel_url: `${base}/cancel`,
      ...(status === 'IN_QUEUE' ? { queue_position: 0 } : { logs: null }),
      ...(status === 'COMPLETED' ? { metrics: { inference_time: 42.1 } } : {}),
      ...(errorType === undefined ? {} : { error: 'The request failed.', error_type: errorType }),
    };
  }

  function cancel(request: QueuedRequest): Answer {
    if (request.status === 'COMPLETED') return { status: 400, body: { status: 'ALREADY_COMPLETED' } };
    const wasQueued = request.status === 'IN_QUEUE';
    if (wasQueued || stops) controls.end(request.id, 499, CANCELLED);
    return wasQueued
      ? { status: 200, body: { status: 'OK' } }
      : { status: 202, body: { status: 'CANCELLATION_REQUESTED' } };
  }

  function answer(hit: Hit): Answer {
    if (hit.kind === 'file') return { status: 200, headers: { 'content-type': 'video/mp4' }, body: FILM };
    if (hit.path === KEYS_PATH) {
      keysFetched += 1;
      return { status: 200, body: { keys: [{ ...key.listed, kid: `key-${keysFetched}` }] } };
    }
    const { authorization } = hit.headers;
    const isKnown = options.falKey === undefined || authorization === `Key ${options.falKey}`;
    if (!authorization || !isKnown) return failure(401);
    if (hit.kind === 'submit') return submit(hit);
    const [, id = '', rest] = REQUEST.exec(hit.path) ?? [];
    const request = requests.get(decodeURIComponent(id));
    if (hit.kind === 'cancel')
      return request ? cancel(request) : { status: 404, body: { status: 'NOT_FOUND' } };
    if (!request) return failure(404);
    if (rest?.startsWith('/status')) {
      return { status: request.status === 'COMPLETED' ? 200 : 202, body: statusOf(request) };
    }
    return request.result ?? { status: 400, body: { detail: 'Request is still in progress' } };
  }

  const vendor = await startHttpVendor(
    {
      kindOf: (method, path) => {
        if (path.startsWith('/files/')) return 'file';
        if (method === 'POST' && path.startsWith('/fal-ai/pika/')) return 'submit';
        if (!REQUEST.test(path)) return 'other';
        return method === 'PUT' ? 'cancel' : 'check';
      },
      answer,
      envelope: (status) => ({
        body: ENVELOPES[status] ?? { detail: 'Internal Server Error' },
        headers: { 'x-fal-request-id': 'a-request-of-the-gateway' },
      }),
    },
    options,
  );
  return Object.defineProperties(vendor, {
    ...Object.getOwnPropertyDescriptors(controls),
    keysUrl: { value: `${vendor.origin}${KEYS_PATH}` },
    keysFetched: { get: () => keysFetched },
    stops: {
      get: () => stops,
      set: (value: boolean) => {
        stops = value;
      },
    },
  }) as PikaVendor;
}

const KEYS_PATH = '/.well-known/jwks.json';
const REQUEST = /^\/fal-ai\/pika\/requests\/([^/?]+)(\/status\?logs=[01]|\/cancel)?$/;
const CANCELLED = { detail: 'The request was cancelled.', error_type: 'client_cancelled' };

/** The box that each MP4 begins with, and one without anything in it. */
const FILM = Buffer.from('\0\0\0\x18ftypisom\0\0\x02\0isomiso2\0\0\0\x08mdat', 'latin1');

/** What fal says with a status; bodies as its pages on errors and public reports have them. */
const ENVELOPES: Readonly<Record<number, object>> = {
  401: {
    detail: 'Cannot access application "fal-ai/pika". Authentication is required to access this application.',
  },
  403: {
    detail: 'User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.',
  },
  404: { detail: 'Not Found' },
  422: {
    detail: [
      {
        loc: ['body', 'prompt'],
        msg: 'String should have at most 2500 characters',
        type: 'string_too_long',
        input: 'A prompt',
      },
    ],
  },
  429: { detail: 'Too Many Requests' },
};

function failure(status: number): Answer {
  return { status, body: ENVELOPES[status] };
}

function headersOf(units: string | undefined): Record<string, string> {
  return units === undefined ? {} : { 'x-fal-billable-units': units };
}

function typeOf(body: unknown): string | undefined {
  const type = typeof body === 'object' && body !== null ? Reflect.get(body, 'error_type') : undefined;
  return typeof type === 'string' ? type : undefined;
}

/** A member of a JSON text, where it is one. */
function memberOf(text: string, name: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, name) : undefined;
  } catch {
    return undefined;
  }
}

function makeKey(): { readonly secret: KeyObject; readonly listed: object } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { secret: privateKey, listed: { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'EdDSA' } };
}
