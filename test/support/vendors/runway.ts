/**
 * Runway on the loopback interface, in the vendor's wire format: tasks are created from a picture or from words, asked after,
 * and canceled or deleted; films are served from `/files/`.
 *
 * ```ts
 * await using vendor = await startRunwayVendor();
 * // … a submit answers `running` with an id …
 * vendor.run(id, 0.4);                                    // RUNNING, 40 %
 * vendor.finish(id);                                      // SUCCEEDED, at what was estimated
 * vendor.fail(id, 'SAFETY.INPUT.TEXT', { credits: 25 });  // FAILED, and charged all the same
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

export interface RunwayVendorOptions extends HttpVendorOptions {
  /** The only key that is taken. When not said, any is, but one must be given. */
  readonly apiKey?: string;
}

/** A task as it goes over the wire. */
export interface WireTask {
  readonly id: string;
  readonly createdAt: string;
  status: 'PENDING' | 'THROTTLED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';
  progress?: number;
  output?: readonly string[];
  failure?: string;
  failureCode?: string;
  /** Until it has ended, the most that it may cost. */
  estimatedCost?: { readonly credits: number };
  cost?: { readonly credits: number };
}

/** A running vendor, and what its tasks can be told. */
export interface RunwayVendor extends HttpVendor {
  readonly tasks: ReadonlyMap<string, WireTask>;
  /** What a task costs that is canceled while it runs: 0 when not said. Undefined forgets the task, as deleting does. */
  creditsWhenCanceled: number | undefined;
  throttle(id: string): void;
  run(id: string, progress: number): void;
  /** Ends a task with its film, or with another output. */
  finish(id: string, more?: { readonly output?: readonly string[]; readonly credits?: number }): void;
  /** Ends a task without one. `credits` is what remains charged: 0 when not said. */
  fail(id: string, failureCode?: string, more?: { readonly credits?: number }): void;
}

/** Credits for a second of film. */
export const CREDITS_PER_SECOND: Readonly<Record<string, number>> = {
  gen4_turbo: 5,
  'gen4.5': 12,
  'veo3.1': 40,
};
const FROM_IMAGE_ONLY = ['gen4_turbo'];
const RATIOS = ['1280:720', '720:1280', '1104:832', '832:1104', '960:960', '1584:672'];

/** Starts the vendor. Its `url` is the origin: the paths hold the version. */
export async function startRunwayVendor(options: RunwayVendorOptions = {}): Promise<RunwayVendor> {
  const tasks = new Map<string, WireTask>();
  let creditsWhenCanceled: number | undefined = 0;

  function get(id: string): WireTask {
    const task = tasks.get(id);
    if (!task) throw new Error(`There is no task ${id}.`);
    return task;
  }

  function end(id: string, change: Partial<WireTask>, credits: number): void {
    const task = Object.assign(get(id), change, { cost: { credits } });
    delete task.estimatedCost;
    delete task.progress;
  }

  const controls = {
    tasks,
    throttle: (id: string) => void Object.assign(get(id), { status: 'THROTTLED' }),
    run: (id: string, progress: number) => void Object.assign(get(id), { status: 'RUNNING', progress }),
    finish(id: string, more: { readonly output?: readonly string[]; readonly credits?: number } = {}) {
      const output = more.output ?? [`${vendor.origin}/files/${id}/film.mp4?_jwt=eyJ`];
      end(id, { status: 'SUCCEEDED', output }, more.credits ?? get(id).estimatedCost?.credits ?? 0);
    },
    fail(id: string, failureCode?: string, { credits = 0 }: { readonly credits?: number } = {}) {
      const failure = 'An unexpected error occurred.';
      end(id, { status: 'FAILED', failure, ...(failureCode === undefined ? {} : { failureCode }) }, credits);
    },
  };

  function create(hit: Hit): Answer {
    const body = JSON.parse(hit.body) as Record<string, unknown>;
    const fromImage = hit.path.endsWith('/image_to_video');
    const perSecond = CREDITS_PER_SECOND[String(body.model)];
    if (perSecond === undefined || (!fromImage && FROM_IMAGE_ONLY.includes(String(body.model)))) {
      return refuse('invalid_union', 'model', 'Invalid discriminator value.');
    }
    if (!RATIOS.includes(String(body.ratio))) return refuse('invalid_value', 'ratio', 'Invalid option.');
    const { duration = 10, promptImage } = body;
    if (!Number.isInteger(duration) || Number(duration) < 2 || Number(duration) > 10) {
      return refuse('too_big', 'duration', 'Too big: expected number to be <=10');
    }
    if (fromImage && !/^(?:https:\/\/|data:image\/(?:png|jpeg|webp);base64,)/.test(String(promptImage))) {
      return refuse('invalid_format', 'promptImage', 'Invalid asset.');
    }
    const id = randomUUID();
    const estimatedCost = { credits: perSecond * Number(duration) };
    tasks.set(id, { id, createdAt: new Date().toISOString(), status: 'PENDING', estimatedCost });
    return { status: 200, body: { id, estimatedCost } };
  }

  function remove(task: WireTask): Answer {
    if (task.cost || creditsWhenCanceled === undefined) tasks.delete(task.id);
    else end(task.id, { status: 'CANCELLED' }, creditsWhenCanceled);
    return { status: 204, body: '' };
  }

  function answer(hit: Hit): Answer {
    if (hit.kind === 'file') return { status: 200, headers: { 'content-type': 'video/mp4' }, body: mp4(5) };
    const { authorization } = hit.headers;
    const known = options.apiKey === undefined || authorization === `Bearer ${options.apiKey}`;
    if (!authorization || !known) return { status: 401, body: ENVELOPES[401] };
    if (hit.headers['x-runway-version'] !== '2024-11-06') {
      return refuse('invalid_value', 'X-Runway-Version', 'This version is not supported.');
    }
    if (hit.kind === 'submit') return create(hit);
    const task = tasks.get(decodeURIComponent(TASK.exec(hit.path)?.[1] ?? ''));
    if (!task) return { status: 404, body: ENVELOPES[404] };
    return hit.kind === 'cancel' ? remove(task) : { status: 200, body: task };
  }

  const vendor = await startHttpVendor(
    {
      kindOf: (method, path) => {
        if (path.startsWith('/files/')) return 'file';
        if (/^\/v1\/(?:image|text)_to_video$/.test(path)) return 'submit';
        if (!TASK.test(path)) return 'other';
        return method === 'DELETE' ? 'cancel' : 'check';
      },
      answer,
      envelope: (status) => ({ body: ENVELOPES[status] ?? { error: 'Internal server error' } }),
    },
    options,
  );
  return Object.defineProperties(vendor, {
    ...Object.getOwnPropertyDescriptors(controls),
    url: { value: vendor.origin },
    creditsWhenCanceled: {
      get: () => creditsWhenCanceled,
      set: (value: number | undefined) => {
        creditsWhenCanceled = value;
      },
    },
  }) as RunwayVendor;
}

const TASK = /^\/v1\/tasks\/([^/]+)$/;

const DOC_URL = 'https://docs.dev.runwayml.com/api';

/** A 400 as Runway writes it. */
function refuse(code: string, path: string, message: string): Answer {
  const issues = [{ code, path: [path], message }];
  return { status: 400, body: { error: 'Validation of body failed', issues, docUrl: DOC_URL } };
}

/** What Runway says with a status: the sentences of 400 and 429 as quoted in public reports. */
const ENVELOPES: Readonly<Record<number, object>> = {
  400: { error: 'You do not have enough credits to run this task.', docUrl: DOC_URL },
  401: { error: 'The API key provided is invalid.' },
  404: { error: 'Not found.' },
  429: { error: 'Too many requests: the daily task limit of this model has been reached.' },
};
