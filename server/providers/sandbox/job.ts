/**
 * A job of the sandbox is kept nowhere: its id says everything. So `check` answers rightly after a restart, from
 * any process, and an id costs no memory however many there are.
 *
 * The checksum tells a mistyped or made-up id from one of ours. It is no signature: whoever reads this file can
 * make an id, and gets a picture for it, which costs nobody anything.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Ending } from './directives.ts';
import { LARGEST_SIDE, LONGEST_SECONDS, type Order } from './order.ts';

/** What a job's id says. Times are milliseconds since 1970. */
export interface Job {
  /** Makes the ids of two equal jobs differ. */
  readonly id: string;
  readonly started: number;
  readonly ready: number;
  readonly ending: Ending;
  readonly retryAfterSeconds: number | null;
  readonly order: Order;
}

const side = z.int().min(1).max(LARGEST_SIDE);
const schema = z.object({
  id: z.string(),
  started: z.number(),
  ready: z.number(),
  ending: z.enum(['succeed', 'fail', 'refuse', 'rate-limit', 'bill-failure', 'unknown']),
  retryAfterSeconds: z.number().nullable(),
  order: z.object({
    kind: z.enum(['picture', 'cutout', 'animation', 'vector']),
    model: z.string().max(200),
    text: z.string().max(1000),
    width: side,
    height: side,
    count: z.int().min(1).max(16),
    seed: z.int().min(0).max(0xffffffff),
    durationSeconds: z.number().positive().max(LONGEST_SECONDS).nullable(),
  }),
});

/** The id that says this job: `<base64url of JSON>.<checksum>`. */
export function jobIdOf(job: Job): string {
  const body = Buffer.from(JSON.stringify(job)).toString('base64url');
  return `${body}.${checksum(body)}`;
}

/** The job that an id says, or null when it is not one of ours. */
export function readJobId(jobId: string): Job | null {
  const [body = '', sum = '', ...rest] = jobId.split('.');
  if (rest.length > 0 || sum !== checksum(body)) return null;
  try {
    return schema.parse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
  } catch {
    return null;
  }
}

function checksum(body: string): string {
  return createHash('sha256').update(`solvent sandbox job ${body}`).digest('hex').slice(0, 16);
}
