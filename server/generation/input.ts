/** What a caller asks for: checked, with every default filled in, and with the hash by which a key knows it again. */
import { hash } from 'node:crypto';
import { isStorable } from '../database/index.ts';
import type { Operation } from '../providers/index.ts';
import type { Priority } from '../queue/index.ts';

/** The six mutations' inputs in one shape. Null means the same as left out. */
export interface GenerationInput {
  readonly idempotencyKey: string;
  readonly accountId?: string | null | undefined;
  readonly prompt?: string | null | undefined;
  readonly imageUrl?: string | null | undefined;
  readonly videoUrl?: string | null | undefined;
  readonly targetLanguage?: string | null | undefined;
  readonly model?: string | null | undefined;
  readonly allowSuccessor?: boolean | null | undefined;
  readonly minimumQuality?: number | null | undefined;
  readonly quoteId?: string | null | undefined;
  readonly size?: string | null | undefined;
  readonly quality?: string | null | undefined;
  readonly count?: number | null | undefined;
  readonly seed?: number | null | undefined;
  readonly durationSeconds?: number | null | undefined;
  readonly aspectRatio?: string | null | undefined;
  readonly useCache?: boolean | null | undefined;
  readonly priority?: Priority | null | undefined;
  /** How long to wait for the result, in milliseconds. No part of what is asked for. */
  readonly waitMs?: number | null | undefined;
}

/** An argument that cannot be, with what would be right. */
export interface FieldProblem {
  /** Path within the input, such as `prompt`. */
  readonly path: string;
  readonly message: string;
}

/** The longest prompt that a vendor of the catalogue takes. */
const PROMPT_MAX = 32_000;
const URL_MAX = 2_048;
/** The longest that an answer is held back for a result, in milliseconds. */
export const WAIT_MAX_MS = 60_000;
const SEED_MAX = 2_147_483_647;

/** What an operation cannot do without. */
const REQUIRED: Record<Operation, readonly ('prompt' | 'imageUrl' | 'videoUrl' | 'targetLanguage')[]> = {
  GENERATE_IMAGE: ['prompt'],
  GENERATE_VIDEO: ['prompt'],
  UPSCALE_IMAGE: ['imageUrl'],
  REMOVE_BACKGROUND: ['imageUrl'],
  VECTORIZE_IMAGE: ['imageUrl'],
  DUB_VIDEO: ['videoUrl', 'targetLanguage'],
};

/** The texts that are kept as they come; all others are compared with what there is. */
const KEPT = ['prompt', 'imageUrl', 'videoUrl', 'aspectRatio'] as const;

function checkUrl(text: string): string | null {
  if (text.length > URL_MAX) return `Give a URL of at most ${URL_MAX} characters.`;
  if (/[^\x21-\x7e]/.test(text)) return 'Give a URL without spaces and encoded where it is not ASCII.';
  if (!URL.canParse(text)) return 'Give a whole URL such as https://example.com/picture.png.';
  const { protocol, username } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return 'Only http and https URLs are fetched.';
  if (username !== '') return 'Give a URL without a user name or password.';
  return null;
}

function checkLanguage(text: string): string | null {
  try {
    Intl.getCanonicalLocales(text);
    return text.length <= 35 ? null : 'Give a shorter language tag, such as es or pt-BR.';
  } catch {
    return 'Give a language tag of BCP 47, such as es or pt-BR.';
  }
}

/** What is wrong with an input, apart from what only the catalogue can tell. Empty when nothing is. */
export function checkInput(operation: Operation, input: GenerationInput): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const report = (path: string, message: string | null) => {
    if (message !== null) problems.push({ path, message });
  };
  for (const field of REQUIRED[operation]) {
    if (input[field] == null || input[field].trim() === '') report(field, `${field} must not be empty.`);
  }
  if (input.prompt != null && input.prompt.length > PROMPT_MAX) {
    report('prompt', `A prompt has at most ${PROMPT_MAX} characters; this one has ${input.prompt.length}.`);
  }
  for (const field of KEPT) {
    if (input[field] != null && !isStorable(input[field])) {
      report(
        field,
        'It must not contain NUL, nor half a character, as a text has that was cut within an emoji.',
      );
    }
  }
  if (input.imageUrl) report('imageUrl', checkUrl(input.imageUrl));
  if (input.videoUrl) report('videoUrl', checkUrl(input.videoUrl));
  if (input.targetLanguage) report('targetLanguage', checkLanguage(input.targetLanguage));
  if (input.seed != null && (input.seed < 0 || input.seed > SEED_MAX)) {
    report('seed', `A seed is a whole number from 0 to ${SEED_MAX}.`);
  }
  if (input.waitMs != null && (input.waitMs < 0 || input.waitMs > WAIT_MAX_MS)) {
    report('waitMs', `Wait from 0 to ${WAIT_MAX_MS} milliseconds.`);
  }
  return problems;
}

/**
 * SHA-256 of what is asked for, by which a repeated idempotency key tells the same request from another. How long
 * to wait is no part of it: a client that gave up waiting may ask again with more patience.
 */
export function hashInput(operation: Operation, accountId: string, input: GenerationInput): string {
  return hash(
    'sha256',
    JSON.stringify([
      operation,
      accountId,
      input.prompt ?? null,
      input.imageUrl ?? null,
      input.videoUrl ?? null,
      input.targetLanguage ?? null,
      input.model ?? null,
      input.allowSuccessor ?? false,
      input.minimumQuality ?? null,
      input.quoteId ?? null,
      input.size ?? null,
      input.quality ?? null,
      input.count ?? 1,
      input.seed ?? null,
      input.durationSeconds ?? null,
      input.aspectRatio ?? null,
      input.useCache ?? true,
      // Left out unless it was asked for, so that the keys of before it could be are known again.
      ...(input.priority === 'LOW' ? [input.priority] : []),
    ]),
  );
}
