/**
 * A gateway to Midjourney on the loopback interface, as server/providers/midjourney-gateway.md has it: jobs are made,
 * asked after and canceled, a key starts no second one, files are served from `/files/`, reports are signed.
 *
 * A job ends at once by itself (`jobs: 'instant'`, the default), or when the test says so:
 *
 * ```ts
 * await using vendor = await startMidjourneyVendor({ jobs: 'manual' });
 * vendor.run(id, 0.4);
 * vendor.finish(id);
 * vendor.report(id);   // what the gateway would POST now
 * ```
 */
import type { WebhookDelivery } from '../../../server/providers/provider.ts';
import {
  type Answer,
  type Hit,
  type HttpVendor,
  type HttpVendorOptions,
  startHttpVendor,
} from './http-vendor.ts';
import { png } from './png.ts';
import { signedDelivery } from './standard-webhooks.ts';

export interface MidjourneyVendorOptions extends HttpVendorOptions {
  /** The only key that is taken. When not said, none is asked for. */
  readonly apiKey?: string;
  /** Whether a job ends by itself. May be changed later on the vendor. */
  readonly jobs?: 'instant' | 'manual';
}

/** What a submit asks for. */
interface WireRequest {
  readonly model?: string;
  readonly prompt?: string;
  readonly count?: number;
  readonly size?: string;
  readonly webhookUrl?: string;
}

/** A job as it goes over the wire. */
export interface WireJob {
  readonly id: string;
  status: 'queued' | 'running' | 'succeeded' | 'failed' | 'refused' | 'canceled';
  progress: number;
  outputs: { url: string; contentType: string; width?: number; height?: number }[];
  cost: string | null;
  error: { message: string } | null;
}

/** A running gateway, and what its jobs can be told. */
export interface MidjourneyVendor extends HttpVendor {
  jobs: 'instant' | 'manual';
  readonly made: ReadonlyMap<string, WireJob>;
  /** Lets a job run, and be this far. */
  run(id: string, progress: number): void;
  /** Ends a job with as many pictures as were asked for, or otherwise. */
  finish(id: string, change?: Partial<WireJob>): void;
  /** Ends a job without any, at this cost: nothing when not said, null for one that is not told. */
  end(id: string, status: 'failed' | 'refused' | 'canceled', cost?: string | null): void;
  /** The next job fails and costs as much as one that does not. */
  billedFailure(): void;
  /** The report of a job as it stands, as it would be POSTed at this instant: now, when not said. */
  report(id: string, at?: Date): WebhookDelivery;
}

/** What a picture costs at this gateway. */
export const PICTURE_COST = '0.04';
export const GATEWAY_SECRET = `whsec_${Buffer.from('a secret of the gateway, loopback').toString('base64')}`;
/** A prompt with this word in it is refused. */
export const FORBIDDEN = 'forbidden';

/** Starts the gateway. */
export async function startMidjourneyVendor(
  options: MidjourneyVendorOptions = {},
): Promise<MidjourneyVendor> {
  const made = new Map<string, WireJob>();
  const requests = new Map<string, WireRequest>();
  const byKey = new Map<string, { readonly id: string; readonly body: string }>();
  const fates: ((id: string) => void)[] = [];
  let jobs = options.jobs ?? 'instant';

  function get(id: string): WireJob {
    const job = made.get(id);
    if (!job) throw new Error(`There is no job ${id}.`);
    return job;
  }

  const controls = {
    made,
    run: (id: string, progress: number) => void Object.assign(get(id), { status: 'running', progress }),
    finish(id: string, change: Partial<WireJob> = {}) {
      const { count = 1, size = '1024x1024' } = requests.get(id) ?? {};
      const [width = 0, height = 0] = size.split('x').map(Number);
      const outputs = Array.from({ length: count }, (_, index) => ({
        url: `${vendor.origin}/files/${id}/${size}/${index}.png`,
        contentType: 'image/png',
        width,
        height,
      }));
      const cost = `0.${String(4 * count).padStart(2, '0')}`;
      Object.assign(get(id), { status: 'succeeded', progress: 1, outputs, cost, ...change });
    },
    end(id: string, status: 'failed' | 'refused' | 'canceled', cost: string | null = '0') {
      Object.assign(get(id), { status, cost, error: { message: `The picture was ${status}.` } });
    },
    billedFailure: () => void fates.push((id) => controls.end(id, 'failed', PICTURE_COST)),
    report: (id: string, at: Date = new Date()) =>
      signedDelivery(JSON.stringify(get(id)), GATEWAY_SECRET, at),
  };

  function create(hit: Hit): Answer {
    const { webhookUrl: _, ...request } = JSON.parse(hit.body) as WireRequest;
    const { prompt = '', count = 1 } = request;
    const key = String(hit.headers['idempotency-key'] ?? '');
    const body = JSON.stringify(request);
    const known = byKey.get(key);
    if (known && known.body !== body) return failure(409);
    if (known && !['failed', 'canceled'].includes(get(known.id).status)) {
      return { status: 200, body: get(known.id) };
    }
    if (prompt === '' || count > 4) return failure(422);
    if (prompt.includes(FORBIDDEN)) return failure(451);
    const id = `job_${made.size + 1}`;
    made.set(id, { id, status: 'queued', progress: 0, outputs: [], cost: null, error: null });
    requests.set(id, request);
    if (key !== '') byKey.set(key, { id, body });
    (fates.shift() ?? (jobs === 'instant' ? controls.finish : undefined))?.(id);
    return { status: 201, body: get(id) };
  }

  function answer(hit: Hit): Answer {
    if (hit.kind === 'file') {
      const [width = 1, height = 1] = (/\/(\d+)x(\d+)\//.exec(hit.path) ?? []).slice(1).map(Number);
      return { status: 200, headers: { 'content-type': 'image/png' }, body: png(width, height) };
    }
    if (options.apiKey !== undefined && hit.headers.authorization !== `Bearer ${options.apiKey}`) {
      return failure(401);
    }
    if (hit.kind === 'submit') return create(hit);
    const job = made.get(decodeURIComponent(JOB.exec(hit.path)?.[1] ?? ''));
    if (!job) return failure(404);
    if (hit.kind === 'cancel' && (job.status === 'queued' || job.status === 'running')) {
      controls.end(job.id, 'canceled');
    }
    return { status: 200, body: job };
  }

  const vendor = await startHttpVendor(
    {
      kindOf: (method, path) => {
        if (path.startsWith('/files/')) return 'file';
        if (method === 'GET') return JOB.test(path) ? 'check' : 'other';
        return path === '/v1/jobs' ? 'submit' : path.endsWith('/cancel') ? 'cancel' : 'other';
      },
      answer,
      envelope: (status) => ({ body: failure(status).body }),
    },
    options,
  );
  return Object.defineProperties(vendor, {
    ...Object.getOwnPropertyDescriptors(controls),
    jobs: {
      get: () => jobs,
      set: (value: 'instant' | 'manual') => {
        jobs = value;
      },
    },
  }) as MidjourneyVendor;
}

const JOB = /^\/v1\/jobs\/([^/]+)(?:\/cancel)?$/;

const MESSAGES: Readonly<Record<number, string>> = {
  401: 'The key is not known.',
  404: 'There is no such job.',
  409: 'The idempotency key belongs to another request.',
  422: 'At most 4 pictures can be made at a time.',
  429: 'Too many jobs are waiting.',
  451: 'The prompt is refused.',
};

function failure(status: number): Answer {
  return { status, body: { error: { message: MESSAGES[status] ?? 'Something went wrong.' } } };
}
