/** Rounds in turn: A B A B, so that what the machine does meanwhile falls on both sides alike. */
import { fileURLToPath } from 'node:url';
import { ACCOUNT, KEY, type Load, type LoadResult } from './load.ts';
import { Worker, type WorkerOptions } from './worker.ts';

const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Starts the load generator. */
export const startLoad = () => Worker.start(program('./load.ts'));

/** Starts Solvent on a bench's database. No vendor is configured unless `env` says so. */
export function startServer(databaseUrl: string, folder: string, options: WorkerOptions = {}) {
  return Worker.start(program('./server.ts'), {
    ...options,
    env: {
      DATABASE_URL: databaseUrl,
      DATA_DIR: folder,
      HOST: '127.0.0.1',
      PORT: '0',
      SANDBOX: 'off',
      RATE_LIMIT_PER_MINUTE: '0',
      LOG_LEVEL: 'error',
      NODE_ENV: 'production',
      ...options.env,
    },
  });
}

/** Starts the yoga that does nothing: with its defaults, or with the settings that Solvent gives it. */
export const startBareYoga = (settings: 'default' | 'tuned') =>
  Worker.start(program('./bare-yoga.ts'), { env: { NODE_ENV: 'production', BARE: settings } });

/**
 * The mutation of the first example in GraphiQL, as an app would send it. Each asks for another picture, since an identical
 * one would be served from the result cache.
 */
export function generateImage(model: string): string {
  return JSON.stringify({
    query:
      'mutation Generate($input: GenerateImageInput!) { generateImage(input: $input) { __typename ... on Generation { id status creditsCharged outputs { url } } } }',
    variables: {
      input: { idempotencyKey: KEY, accountId: ACCOUNT, prompt: `a fox in the snow, at dawn, ${KEY}`, model },
    },
  });
}

/** Someone under load. */
export interface Side {
  readonly name: string;
  readonly worker: Worker;
  readonly load: Omit<Load, 'concurrency' | 'seconds'>;
}

/** One round of a side: what the load generator saw, and what the side spent. */
export interface Round extends LoadResult {
  /** Processor time of the side's own process for each call, in milliseconds. */
  readonly sideCpuMs: number;
}

export async function round(
  load: Worker,
  side: Side,
  concurrency: number,
  seconds: number,
  calls?: number,
): Promise<Round> {
  const before = await side.worker.ask<number>('cpu');
  const result = await load.ask<LoadResult>('run', {
    ...side.load,
    concurrency,
    seconds,
    ...(calls === undefined ? {} : { calls }),
  } satisfies Load);
  if (result.failures > 0) {
    throw new Error(`${side.name} failed ${result.failures} times, first with: ${result.failure}`);
  }
  const after = await side.worker.ask<number>('cpu');
  return { ...result, sideCpuMs: (after - before) / result.calls };
}

/** Rounds of all sides in turn; the first side goes first in every other round only. */
export async function rounds(
  load: Worker,
  sides: readonly Side[],
  concurrency: number,
  seconds: number,
  times: number,
): Promise<Round[][]> {
  const found: Round[][] = sides.map(() => []);
  for (let time = 0; time < times; time += 1) {
    const order = time % 2 === 0 ? [...sides.keys()] : [...sides.keys()].reverse();
    for (const index of order) {
      const side = sides[index];
      if (side) found[index]?.push(await round(load, side, concurrency, seconds));
    }
  }
  return found;
}
