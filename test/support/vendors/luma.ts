/**
 * Luma's Dream Machine on the loopback interface, in the vendor's wire format: generations are created, asked after and
 * removed; films are served from `/files/`; reports are made by {@link LumaVendor.report}, unsigned.
 *
 * ```ts
 * await using vendor = await startLumaVendor();
 * // … a submit answers `running` with an id …
 * vendor.dream(id);
 * vendor.finish(id);                            // completed, with a film
 * vendor.fail(id, 'Frame moderation failed');
 * ```
 */
import { randomUUID } from 'node:crypto';
import {
  type Answer,
  type Hit,
  type HttpVendor,
  type HttpVendorOptions,
  startHttpVendor,
} from './http-vendor.ts';
import { mp4 } from './mp4.ts';

export interface LumaVendorOptions extends HttpVendorOptions {
  /** The only key that is taken. When not said, any is, but one must be given. */
  readonly apiKey?: string;
}

/** A generation as it goes over the wire. */
export interface WireGeneration {
  readonly id: string;
  readonly generation_type: 'video';
  readonly created_at: string;
  readonly model: string;
  readonly request: Readonly<Record<string, unknown>>;
  state: 'queued' | 'dreaming' | 'completed' | 'failed';
  failure_reason: string | null;
  assets: { readonly video: string } | null;
}

/** A running vendor, and what its generations can be told. */
export interface LumaVendor extends HttpVendor {
  readonly generations: ReadonlyMap<string, WireGeneration>;
  dream(id: string): void;
  /** Ends a generation with its film, or with none. */
  finish(id: string, assets?: WireGeneration['assets']): void;
  fail(id: string, reason: string): void;
  /** What is POSTed to the `callback_url` of a generation as it stands now. */
  report(id: string): { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer };
}

const BASE = '/dream-machine/v1';
const MODELS = ['ray-2', 'ray-flash-2'];
const RATIOS = ['1:1', '16:9', '9:16', '4:3', '3:4', '21:9', '9:21'];

/** Starts the vendor. */
export async function startLumaVendor(options: LumaVendorOptions = {}): Promise<LumaVendor> {
  const generations = new Map<string, WireGeneration>();

  function change(id: string, values: Partial<WireGeneration>): void {
    const generation = generations.get(id);
    if (!generation) throw new Error(`There is no generation ${id}.`);
    Object.assign(generation, values);
  }

  const controls = {
    generations,
    dream: (id: string) => change(id, { state: 'dreaming' }),
    finish(id: string, assets?: WireGeneration['assets']) {
      const film = { video: `${vendor.origin}/files/${id}/film.mp4` };
      change(id, { state: 'completed', assets: assets === undefined ? film : assets });
    },
    fail: (id: string, reason: string) => change(id, { state: 'failed', failure_reason: reason }),
    report: (id: string) => ({
      headers: { 'content-type': 'application/json', 'user-agent': 'python-httpx' },
      body: Buffer.from(JSON.stringify(generations.get(id))),
    }),
  };

  function create({ body: text }: Hit): Answer {
    const body = JSON.parse(text) as Record<string, unknown>;
    if (!MODELS.includes(String(body.model))) return refuse('Unknown model');
    if (String(body.prompt ?? '').length < 3)
      return refuse('Prompt is too short, minimum length is 3 characters');
    if (!RATIOS.includes(String(body.aspect_ratio ?? '16:9'))) return refuse('Unknown aspect ratio');
    if (!['5s', '9s'].includes(String(body.duration ?? '5s'))) return refuse('Unknown duration');
    const id = randomUUID();
    const generation: WireGeneration = {
      id,
      generation_type: 'video',
      created_at: new Date().toISOString(),
      model: String(body.model),
      request: { generation_type: 'video', ...body },
      state: 'queued',
      failure_reason: null,
      assets: null,
    };
    generations.set(id, generation);
    return { status: 201, body: generation };
  }

  function answer(hit: Hit): Answer {
    if (hit.kind === 'file') return { status: 200, headers: { 'content-type': 'video/mp4' }, body: mp4(5) };
    const { authorization } = hit.headers;
    const known = options.apiKey === undefined || authorization === `Bearer ${options.apiKey}`;
    if (!authorization || !known) return { status: 401, body: ENVELOPES[401] };
    if (hit.kind === 'submit') return create(hit);
    const id = decodeURIComponent(GENERATION.exec(hit.path)?.[1] ?? '');
    const generation = generations.get(id);
    if (!generation) return { status: 404, body: ENVELOPES[404] };
    if (hit.kind === 'check') return { status: 200, body: generation };
    generations.delete(id);
    return { status: 204, body: '' };
  }

  const vendor = await startHttpVendor(
    {
      kindOf: (method, path) => {
        if (path.startsWith('/files/')) return 'file';
        if (method === 'POST') return path === `${BASE}/generations/video` ? 'submit' : 'other';
        if (!GENERATION.test(path)) return 'other';
        return method === 'DELETE' ? 'cancel' : 'check';
      },
      answer,
      envelope: (status) => ({ body: ENVELOPES[status] ?? { detail: 'Internal server error' } }),
    },
    options,
  );
  return Object.defineProperties(vendor, {
    ...Object.getOwnPropertyDescriptors(controls),
    url: { value: `${vendor.origin}${BASE}` },
  }) as LumaVendor;
}

const GENERATION = /^\/dream-machine\/v1\/generations\/([^/]+)$/;

function refuse(detail: string): Answer {
  return { status: 400, body: { detail } };
}

/** What Luma says with a status. That of 401 is from its specification; the others' statuses are not documented. */
const ENVELOPES: Readonly<Record<number, object>> = {
  400: { detail: 'Insufficient credits' },
  401: { detail: 'Invalid API key is provided' },
  404: { detail: 'Generation not found' },
  422: { detail: [{ loc: ['body', 'prompt'], msg: 'field required', type: 'value_error.missing' }] },
  429: { detail: 'Too many requests' },
};
