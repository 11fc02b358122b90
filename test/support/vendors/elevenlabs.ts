import { film } from './film.ts';
import { formOf } from './form.ts';
import {
  type Answer,
  type Hit,
  type HttpVendor,
  type HttpVendorOptions,
  startHttpVendor,
} from './http-vendor.ts';

export interface ElevenLabsVendorOptions extends HttpVendorOptions {
  /** The only key that is taken. */
  readonly apiKey: string;
}

/** A dub as it goes over the wire. */
export interface WireDub {
  readonly dubbing_id: string;
  name: string;
  status: 'preparing' | 'queued' | 'cloning' | 'dubbing' | 'dubbed' | 'failed';
  source_language: string | null;
  target_languages: string[];
  editable: boolean;
  created_at: string;
  media_metadata: { content_type: string; duration: number } | null;
  error: string | null;
}

/** A running vendor, and what its dubs can be told. Their ids are the vendor's, without a language. */
export interface ElevenLabsVendor extends HttpVendor {
  readonly dubs: ReadonlyMap<string, WireDub>;
  finish(id: string): void;
  fail(id: string, error?: string): void;
}

/** How long each film is, in seconds: three begun minutes. */
export const FILM_SECONDS = 127.5;

/** Starts the vendor. */
export async function startElevenLabsVendor(options: ElevenLabsVendorOptions): Promise<ElevenLabsVendor> {
  const dubs = new Map<string, WireDub>();

  function get(id: string): WireDub {
    const dub = dubs.get(id);
    if (!dub) throw new Error(`There is no dub ${id}.`);
    return dub;
  }

  async function create(hit: Hit): Promise<Answer> {
    const form = await formOf(hit);
    const file = form?.get('file');
    const language = form?.get('target_lang');
    if (typeof language !== 'string') return failure(400);
    if (!(file instanceof File)) return failure(422);
    const id = `dub${String(dubs.size + 1).padStart(17, '0')}`;
    dubs.set(id, {
      dubbing_id: id,
      name: String(form?.get('name') ?? file.name),
      status: 'preparing',
      source_language: null,
      target_languages: [language],
      editable: false,
      created_at: '2026-11-20T12:00:00.000000',
      media_metadata: { content_type: file.type, duration: FILM_SECONDS },
      error: null,
    });
    return { status: 200, body: { dubbing_id: id, expected_duration_sec: FILM_SECONDS } };
  }

  function serve(hit: Hit): Answer {
    const [, id = '', language = ''] = FILE.exec(hit.path) ?? [];
    const dub = dubs.get(decodeURIComponent(id));
    if (!dub?.target_languages.includes(language)) return failure(404);
    if (dub.status !== 'dubbed') return failure(425);
    return {
      status: 200,
      headers: { 'content-type': dub.media_metadata?.content_type ?? 'video/mp4' },
      body: film(`${dub.dubbing_id} in ${language}`),
    };
  }

  function answer(hit: Hit): Answer | Promise<Answer> {
    if (hit.headers['xi-api-key'] !== options.apiKey) return failure(401);
    if (hit.kind === 'submit') return create(hit);
    if (hit.kind === 'file') return serve(hit);
    const dub = dubs.get(decodeURIComponent(DUB.exec(hit.path)?.[1] ?? ''));
    if (!dub) return failure(404);
    if (hit.kind !== 'cancel') return { status: 200, body: dub };
    // Whatever its state is: a film that is done is gone as well.
    dubs.delete(dub.dubbing_id);
    return { status: 200, body: { status: 'ok' } };
  }

  const vendor = await startHttpVendor(
    {
      kindOf: (method, path) => {
        if (method === 'POST') return path === '/v1/dubbing' ? 'submit' : 'other';
        if (FILE.test(path)) return 'file';
        if (!DUB.test(path)) return 'other';
        return method === 'DELETE' ? 'cancel' : 'check';
      },
      answer,
      envelope: (status) => ({
        body: ENVELOPES[status] ?? { detail: { status: 'internal', message: 'Oops.' } },
      }),
    },
    options,
  );
  return Object.assign(vendor, {
    dubs,
    finish: (id: string) => void Object.assign(get(id), { status: 'dubbed', source_language: 'en' }),
    fail: (id: string, error = 'Something went wrong on our side.') =>
      void Object.assign(get(id), { status: 'failed', error }),
  });
}

const DUB = /^\/v1\/dubbing\/([^/]+)$/;
const FILE = /^\/v1\/dubbing\/([^/]+)\/audio\/([^/]+)$/;

/** What ElevenLabs says with a status; bodies as on its page on errors and in public reports of them. */
const ENVELOPES: Readonly<Record<number, object>> = {
  400: {
    detail: {
      status: 'empty_target_language',
      message:
        'Target language must be set in automatic dubbing mode. Either set the target language or set dubbing studio to true.',
    },
  },
  401: {
    detail: {
      type: 'authentication_error',
      code: 'invalid_api_key',
      message: 'Invalid API key',
      status: 'invalid_api_key',
      request_id: '3c807fc4c3a1705f9638ecc764a91c01',
      param: 'xi-api-key',
    },
  },
  404: { detail: { status: 'dubbing_not_found', message: 'The dub was not found.' } },
  422: { detail: [{ loc: ['body', 'file'], msg: 'Field required', type: 'missing' }] },
  425: { detail: { status: 'dubbing_not_dubbed', message: 'Dubbing has not finished yet.' } },
  429: {
    detail: {
      type: 'rate_limit_error',
      code: 'concurrent_limit_exceeded',
      message: 'Too many concurrent requests.',
      status: 'too_many_concurrent_requests',
    },
  },
};

function failure(status: number): Answer {
  return { status, body: ENVELOPES[status] };
}
