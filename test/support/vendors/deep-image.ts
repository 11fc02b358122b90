/**
 * Deep-Image.ai on the loopback interface, in the vendor's wire format: a form with a picture and its parameters is
 * posted to `/rest_api/process_result`, a job is asked after at `/rest_api/result/{hash}`, and results are served
 * from `/images/`.
 *
 * A job ends at once (`jobs: 'instant'`, the default), as when it takes less than the 25 seconds for which the vendor
 * holds the answer; or when the test says so, and then the answer is a job.
 */
import type { WebhookDelivery } from '../../../server/providers/provider.ts';
import { formOf } from './form.ts';
import {
  type Answer,
  type Hit,
  type HttpVendor,
  type HttpVendorOptions,
  startHttpVendor,
} from './http-vendor.ts';
import { png } from './png.ts';

export interface DeepImageVendorOptions extends HttpVendorOptions {
  /** The only key that is taken. */
  readonly apiKey: string;
}

/** A job as it goes over the wire. */
export interface WireJob {
  readonly job: string;
  status: string;
  result_url?: string;
  processing_info?: string;
}

/** A running vendor, and what its jobs can be told. */
export interface DeepImageVendor extends HttpVendor {
  jobs: 'instant' | 'manual';
  /** Where the API is: what a provider takes as `baseUrl`. */
  readonly apiUrl: string;
  finish(job: string): void;
  fail(job: string, words?: string): void;
  /** What it would POST of a job to the address that the request named. */
  report(job: string, at: Date): WebhookDelivery;
}

/** Starts the vendor. */
export async function startDeepImageVendor(options: DeepImageVendorOptions): Promise<DeepImageVendor> {
  const made = new Map<string, WireJob>();
  const asked = new Map<string, unknown>();

  function get(job: string): WireJob {
    const found = made.get(job);
    if (!found) throw new Error(`There is no job ${job}.`);
    return found;
  }

  async function create(hit: Hit): Promise<Answer> {
    const form = await formOf(hit);
    const parameters: unknown = form?.get('parameters');
    if (!(form?.get('image') instanceof File) || typeof parameters !== 'string') return failure(400);
    const job = `54e96ab8-6b3a-11ed-a4de-${String(made.size + 1).padStart(12, '0')}`;
    made.set(job, { job, status: 'in_progress' });
    asked.set(job, JSON.parse(parameters));
    if (vendor.jobs === 'instant') vendor.finish(job);
    return { status: 200, body: get(job) };
  }

  function answer(hit: Hit): Answer | Promise<Answer> {
    if (hit.kind === 'file')
      return { status: 200, headers: { 'content-type': 'image/png' }, body: png(64, 64) };
    if (hit.headers['x-api-key'] !== options.apiKey) return failure(401);
    if (hit.kind === 'submit') return create(hit);
    const job = made.get(decodeURIComponent(RESULT.exec(hit.path)?.[1] ?? ''));
    return job ? { status: 200, body: job } : failure(404);
  }

  const server = await startHttpVendor(
    {
      kindOf: (method, path) => {
        if (path.startsWith('/images/')) return 'file';
        if (method === 'POST') return path === '/rest_api/process_result' ? 'submit' : 'other';
        return RESULT.test(path) ? 'check' : 'other';
      },
      answer,
      envelope: (status) => ({ body: SENTENCES[status] ?? { error: 'Internal Server Error' } }),
    },
    options,
  );
  const vendor: DeepImageVendor = Object.assign(server, {
    jobs: 'instant' as const,
    apiUrl: `${server.origin}/rest_api`,
    finish(job: string) {
      const result_url = `${server.origin}/images/2026-11-20/${job}.png`;
      Object.assign(get(job), { status: 'complete', result_url });
    },
    fail(job: string, words = 'Processing error') {
      Object.assign(get(job), { status: 'failed', processing_info: words });
    },
    report(job: string, at: Date): WebhookDelivery {
      const { result_url = null } = get(job);
      const body = { job, data: asked.get(job), result_url, results: null };
      return {
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify(body)),
        receivedAt: at,
      };
    },
  });
  return vendor;
}

const RESULT = /^\/rest_api\/result\/([^/]+)$/;

/** The vendor's own sentences. It shows neither their statuses nor the envelope around them. */
const SENTENCES: Readonly<Record<number, object>> = {
  400: { error: 'No image is provided' },
  401: { error: 'No user found for provided token' },
  404: { error: 'No job found' },
  429: { error: 'API rate limit has been reached' },
};

function failure(status: number): Answer {
  return { status, body: SENTENCES[status] };
}
