/**
 * Replicate on the loopback interface, in the vendor's wire format: predictions are created for official models and
 * for versions, asked after and canceled; `Prefer: wait` holds the answer; files are served from `/files/`.
 *
 * A prediction ends at once by itself (`jobs: 'instant'`, the default), or when the test says so:
 *
 * ```ts
 * await using vendor = await startReplicateVendor({ jobs: 'manual' });
 * // … a submit answers `running` with an id …
 * vendor.run(id, 0.4);  // processing, 40 %
 * vendor.finish(id);    // succeeded, with as many files as were asked for
 * vendor.report(id);    // what Replicate would POST to the prediction's webhook now
 * ```
 *
 * Also a program: `node test/support/vendors/replicate.ts --port 4011` prints its base URL.
 */
import { parseArgs } from 'node:util';
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
import { SVG } from './svg.ts';

export interface ReplicateVendorOptions extends HttpVendorOptions {
  /** The only token that is taken. When not said, any is, but one must be given. */
  readonly apiToken?: string;
  /** Whether a prediction ends by itself. May be changed later on the vendor. */
  readonly jobs?: 'instant' | 'manual';
  /**
   * Answers a request with `Prefer: wait` after so many milliseconds at the latest, though it would wait for longer:
   * the header counts in whole seconds, which is long for a test.
   */
  readonly maxHoldMs?: number;
  /** What reports are signed with, `whsec_…`; {@link WEBHOOK_SECRET} when not said. */
  readonly webhookSecret?: string;
}

/** A prediction as it goes over the wire. */
export interface WirePrediction {
  readonly id: string;
  model: string;
  version: string;
  input: Readonly<Record<string, unknown>>;
  output: unknown;
  error: string | null;
  logs: string;
  status: 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled' | 'aborted';
  data_removed: boolean;
  source: 'api';
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  metrics?: { predict_time: number; total_time: number };
  /** As they came with the submit. */
  webhook?: string;
  webhook_events_filter?: string[];
  urls: { get: string; cancel: string; web: string };
}

/** A running vendor, what its jobs can be told, and the faults that only this one has. */
export interface ReplicateVendor extends HttpVendor {
  jobs: 'instant' | 'manual';
  readonly predictions: ReadonlyMap<string, WirePrediction>;
  /** Lets a prediction run, and say how far it is (0 to 1) in its logs. */
  run(id: string, progress?: number): void;
  /** Ends a prediction with its files, or with another output. */
  finish(id: string, output?: unknown): void;
  /** Ends a prediction without any. `predictSeconds` is how long the hardware worked; 0 when not said. */
  end(id: string, status: 'failed' | 'canceled' | 'aborted', error?: string, predictSeconds?: number): void;
  /** The report of a prediction as it stands, as it would be POSTed at this instant: now, when not said. */
  report(id: string, at?: Date): WebhookDelivery;
  /** Forgets a prediction, so that asking after it answers 404. */
  forget(id: string): void;
  /** The next submits make predictions that the safety checker refuses. */
  refuse(times?: number): void;
  /** The next submits make predictions that fail after the hardware has worked. */
  billedFailure(times?: number): void;
}

/** How long the hardware works on a prediction of this vendor. */
export const PREDICT_SECONDS = 2.5;
/** What `GET /v1/webhooks/default/secret` would tell. */
export const WEBHOOK_SECRET = `whsec_${Buffer.from('replicate-loopback-secret').toString('base64')}`;
/** The refusal's own words, from which alone it is known. */
export const NSFW = 'NSFW content detected. Try running it again, or try a different prompt.';

/** Starts the vendor. */
export async function startReplicateVendor(options: ReplicateVendorOptions = {}): Promise<ReplicateVendor> {
  const predictions = new Map<string, WirePrediction>();
  const ended = new Map<string, () => void>();
  const fates: ((id: string) => void)[] = [];
  let created = 0;
  let jobs = options.jobs ?? 'instant';

  function get(id: string): WirePrediction {
    const prediction = predictions.get(id);
    if (!prediction) throw new Error(`There is no prediction ${id}.`);
    return prediction;
  }

  function conclude(id: string, change: Partial<WirePrediction>, predictSeconds: number): void {
    const prediction = Object.assign(get(id), change, { completed_at: new Date().toISOString() });
    if (predictSeconds > 0) {
      prediction.started_at ??= prediction.created_at;
      prediction.metrics = { predict_time: predictSeconds, total_time: predictSeconds + 0.1 };
    }
    ended.get(id)?.();
    ended.delete(id);
  }

  const controls = {
    predictions,
    run(id: string, progress?: number) {
      const logs =
        progress === undefined
          ? ''
          : `${Math.round(progress * 100)}%|###     | ${Math.round(progress * 50)}/50 [00:01<00:01, 25.00it/s]\n`;
      Object.assign(get(id), { status: 'processing', started_at: new Date().toISOString(), logs });
    },
    finish(id: string, output?: unknown) {
      const { input, model } = get(id);
      const extension = model.includes('vectorize') ? 'svg' : 'png';
      const size = `${numberOf(input.width, 1024)}x${numberOf(input.height, 1024)}`;
      const files = Array.from(
        { length: numberOf(input.num_outputs, 1) },
        (_, index) => `${vendor.origin}/files/${id}/${size}/out-${index}.${extension}`,
      );
      conclude(id, { status: 'succeeded', output: output === undefined ? files : output }, PREDICT_SECONDS);
    },
    end(id: string, status: 'failed' | 'canceled' | 'aborted', error?: string, predictSeconds = 0) {
      conclude(id, { status, error: error ?? null }, predictSeconds);
    },
    report: (id: string, at: Date = new Date()) =>
      signedDelivery(JSON.stringify(get(id)), options.webhookSecret ?? WEBHOOK_SECRET, at),
    forget: (id: string) => void predictions.delete(id),
    refuse(times = 1) {
      for (let time = 0; time < times; time += 1)
        fates.push((id) => controls.end(id, 'failed', NSFW, PREDICT_SECONDS));
    },
    billedFailure(times = 1) {
      const fate = (id: string) => controls.end(id, 'failed', 'CUDA out of memory (E1001)', PREDICT_SECONDS);
      for (let time = 0; time < times; time += 1) fates.push(fate);
    },
  };

  async function create(hit: Hit): Promise<Answer> {
    const body = JSON.parse(hit.body) as Submit;
    const official = OFFICIAL.exec(hit.path)?.[1];
    if (!body.input?.prompt && !body.input?.image) return failure(422);
    if (official === undefined && !body.version) return failure(422);
    created += 1;
    const id = `p${String(created).padStart(25, '0')}`;
    predictions.set(id, {
      id,
      model: official ?? 'stability-ai/sdxl',
      version: official === undefined ? String(body.version) : 'hidden',
      input: body.input,
      output: null,
      error: null,
      logs: '',
      status: 'starting',
      data_removed: false,
      source: 'api',
      created_at: new Date().toISOString(),
      started_at: null,
      completed_at: null,
      ...(body.webhook === undefined ? {} : { webhook: body.webhook }),
      ...(body.webhook_events_filter === undefined
        ? {}
        : { webhook_events_filter: body.webhook_events_filter }),
      urls: {
        get: `${vendor.url}/predictions/${id}`,
        cancel: `${vendor.url}/predictions/${id}/cancel`,
        web: `https://replicate.com/p/${id}`,
      },
    });
    const fate = fates.shift() ?? (jobs === 'instant' ? controls.finish : undefined);
    const seconds = /\bwait(?:=(\d+))?/.exec(String(hit.headers.prefer ?? ''));
    if (!seconds) {
      // Without Prefer, the answer comes before the work does.
      const snapshot = { ...get(id) };
      fate?.(id);
      return { status: 201, body: snapshot };
    }
    fate?.(id);
    if (get(id).completed_at === null)
      await endOf(id, Math.min(Number(seconds[1] ?? 60) * 1000, options.maxHoldMs ?? 60_000));
    const prediction = get(id);
    return { status: prediction.completed_at === null ? 202 : 201, body: prediction };
  }

  function endOf(id: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      ended.set(id, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  function answer(hit: Hit): Answer | Promise<Answer> {
    if (hit.kind === 'file') {
      if (hit.path.endsWith('.svg'))
        return { status: 200, headers: { 'content-type': 'image/svg+xml' }, body: SVG };
      const [width = 1, height = 1] = (/\/(\d+)x(\d+)\//.exec(hit.path) ?? []).slice(1).map(Number);
      return { status: 200, headers: { 'content-type': 'image/png' }, body: png(width, height) };
    }
    const { authorization } = hit.headers;
    const known = options.apiToken === undefined || authorization === `Bearer ${options.apiToken}`;
    if (!authorization || !known) return failure(401);
    if (hit.kind === 'submit') return create(hit);
    const prediction = predictions.get(decodeURIComponent(PREDICTION.exec(hit.path)?.[1] ?? ''));
    if (!prediction) return failure(404);
    // One that has ended cannot be canceled, and is answered as it is.
    if (hit.kind === 'cancel' && prediction.completed_at === null) {
      controls.end(
        prediction.id,
        'canceled',
        undefined,
        prediction.status === 'processing' ? PREDICT_SECONDS : 0,
      );
    }
    return { status: 200, body: prediction };
  }

  const vendor = await startHttpVendor(
    {
      kindOf: (method, path) => {
        if (path.startsWith('/files/')) return 'file';
        if (method === 'GET') return PREDICTION.test(path) ? 'check' : 'other';
        if (path === '/v1/predictions' || OFFICIAL.test(path)) return 'submit';
        return path.endsWith('/cancel') ? 'cancel' : 'other';
      },
      answer,
      envelope: (status) => ({ body: ENVELOPES[status] ?? { detail: 'Internal server error', status } }),
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
  }) as ReplicateVendor;
}

/** What a prediction is created from. */
type Submit = Pick<WirePrediction, 'webhook' | 'webhook_events_filter'> & {
  readonly version?: string;
  readonly input?: Record<string, unknown>;
};

const OFFICIAL = /^\/v1\/models\/([\w.-]+\/[\w.-]+)\/predictions$/;
const PREDICTION = /^\/v1\/predictions\/([^/]+)(?:\/cancel)?$/;

/** What Replicate says with a status; bodies as quoted in public reports of them. */
const ENVELOPES: Readonly<Record<number, object>> = {
  401: { title: 'Unauthenticated', detail: 'You did not pass a valid authentication token', status: 401 },
  402: {
    title: 'Insufficient credit',
    detail: 'You have insufficient credit to run this model.',
    status: 402,
  },
  404: { detail: 'The requested resource could not be found.', status: 404 },
  422: {
    detail: '- input: prompt is required\n- input.width: Must be less than or equal to 2048\n',
    status: 422,
    title: 'Input validation failed',
    invalid_fields: [{ type: 'required', field: 'input', description: 'prompt is required' }],
  },
  429: { detail: 'Request was throttled. Your rate limit resets in ~30s.', status: 429 },
};

function failure(status: number): Answer {
  return { status, body: ENVELOPES[status] };
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
  const vendor = await startReplicateVendor({ port: Number(values.port), record: false });
  console.log(vendor.url);
}
