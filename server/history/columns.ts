/** The columns of a file of history, and which words they take. */
import type { AttemptOutcome, Tier } from '../ledger/index.ts';
import type { Operation } from '../providers/index.ts';

/** Columns that a file must have. Their order does not matter. */
export const REQUIRED = [
  'external_id',
  'provider',
  'model',
  'operation',
  'account_external_id',
  'tier',
  'status',
  'cost',
  'credits',
  'revenue',
  'duration_ms',
  'created_at',
] as const;

/** Columns that it may have. */
export const OPTIONAL = ['country', 'plan'] as const;

/** Columns that a reject file has beside them; they are passed over when it is imported once it has been put right. */
export const OF_REJECTS = ['line', 'problem', 'row'] as const;

/** One of the columns that are read. */
export type Column = (typeof REQUIRED)[number] | (typeof OPTIONAL)[number];

/** Operations by the words that stand for them, in small letters and with `_` between words. */
export const OPERATION_WORDS: Readonly<Record<Operation, readonly string[]>> = {
  GENERATE_IMAGE: [
    'generate_image',
    'image',
    'image_generation',
    'text_to_image',
    'generation',
    'generate',
    'txt2img',
    'img2img',
  ],
  GENERATE_VIDEO: ['generate_video', 'video', 'video_generation', 'text_to_video', 'image_to_video'],
  UPSCALE_IMAGE: ['upscale_image', 'upscale', 'upscaling', 'image_upscale', 'enhance'],
  REMOVE_BACKGROUND: ['remove_background', 'background_removal', 'bg_removal', 'remove_bg', 'background'],
  VECTORIZE_IMAGE: [
    'vectorize_image',
    'vectorise_image',
    'vectorize',
    'vectorise',
    'vectorization',
    'vectorizer',
  ],
  DUB_VIDEO: ['dub_video', 'dub', 'dubbing', 'video_dubbing'],
};

/** Tiers by their words. */
export const TIER_WORDS: Readonly<Record<Tier, readonly string[]>> = {
  FREE: ['free', 'guest', 'anonymous', 'trial'],
  PAYG: ['payg', 'pay_as_you_go', 'pay_per_use'],
  BASIC: ['basic'],
  STARTER: ['starter'],
  CREATOR: ['creator'],
  PRO: ['pro', 'premium'],
};

/** What a call came to, by the words that stand for it. `FAILED` is told apart by its cost. */
export const STATUS_WORDS: Readonly<Record<AttemptOutcome | 'FAILED', readonly string[]>> = {
  SUCCEEDED: [
    'succeeded',
    'success',
    'successful',
    'ok',
    'done',
    'completed',
    'complete',
    'finished',
    'cached',
    'true',
    '1',
    '200',
  ],
  FAILED: ['failed', 'failure', 'fail', 'error', 'errored', 'rejected', 'refused', 'refunded', 'false', '0'],
  FAILED_BILLED: ['failed_billed'],
  FAILED_UNBILLED: ['failed_unbilled'],
  UNKNOWN: ['unknown', 'pending', 'processing', 'running', 'queued', 'timeout', 'timed_out', 'expired'],
  CANCELED: ['canceled', 'cancelled', 'aborted'],
};

/** Looks words up as people write them: `Text to image` is `text_to_image`. */
export function lookUp<Value extends string>(
  words: Readonly<Record<Value, readonly string[]>>,
): (text: string) => Value | undefined {
  const byWord = new Map<string, Value>();
  for (const [value, all] of Object.entries(words) as [Value, readonly string[]][]) {
    for (const word of all) byWord.set(word, value);
  }
  return (text) => byWord.get(text) ?? byWord.get(text.toLowerCase().replaceAll(/[\s-]+/g, '_'));
}
