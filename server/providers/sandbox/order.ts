/**
 * An order is a request with everything decided that shows in the picture: which kind of file, how large, which
 * text, from which seed. It is small, since it travels inside a job's id, and the same order always makes the
 * same bytes.
 */
import { createHash } from 'node:crypto';
import type { GenerationRequest } from '../provider.ts';

/** What is to be drawn. */
export interface Order {
  readonly kind: 'picture' | 'cutout' | 'animation' | 'vector';
  /** Small print: the model that the sandbox stands in for. */
  readonly model: string;
  /** Large print. */
  readonly text: string;
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** 32 bits; picture number n is drawn from seed + n. */
  readonly seed: number;
  /** Set for an animation. */
  readonly durationSeconds: number | null;
}

/** The largest side that the sandbox draws: memory grows with the square of it. */
export const LARGEST_SIDE = 4096;
const SMALLEST_SIDE = 16;
const MOST_PICTURES = 16;
/** The longest duration: an animation has at most 64 frames, and a frame may last 65 s. */
export const LONGEST_SECONDS = 3600;

const USUAL_SIDE = 1024;
const USUAL_VIDEO_SIDE = 640;
const UPSCALED_SIDE = 2048;
const USUAL_SECONDS = 5;

// No picture has room for more, and a job's id has to stay short enough for a database to index it.
const MOST_TEXT = 240;
const MOST_MODEL = 80;

/** Decides what a request draws; `problem` says what is wrong with it, for the customer. */
export function readOrder(
  request: GenerationRequest,
  model: string,
): { readonly order: Order } | { readonly problem: string } {
  const text = textOf(request);
  if ('problem' in text) return text;
  const dimensions = dimensionsOf(request);
  if ('problem' in dimensions) return dimensions;
  if (!Number.isInteger(request.count) || request.count < 1 || request.count > MOST_PICTURES) {
    return {
      problem: `The count is ${request.count}; it must be a whole number from 1 to ${MOST_PICTURES}.`,
    };
  }
  const kind = KINDS[request.operation];
  const durationSeconds = kind === 'animation' ? (request.durationSeconds ?? USUAL_SECONDS) : null;
  if (durationSeconds !== null && !(durationSeconds > 0 && durationSeconds <= LONGEST_SECONDS)) {
    return {
      problem: `The durationSeconds is ${durationSeconds}; it must be above 0 and at most ${LONGEST_SECONDS}.`,
    };
  }
  return {
    order: {
      kind,
      model: shorten(model, MOST_MODEL),
      text: shorten(text.shown, MOST_TEXT),
      ...dimensions,
      // The other operations make one file of one file.
      count: request.operation === 'GENERATE_IMAGE' ? request.count : 1,
      seed: seedOf(text.shown, request.seed ?? 0),
      durationSeconds,
    },
  };
}

const KINDS = {
  GENERATE_IMAGE: 'picture',
  GENERATE_VIDEO: 'animation',
  UPSCALE_IMAGE: 'picture',
  REMOVE_BACKGROUND: 'cutout',
  VECTORIZE_IMAGE: 'vector',
  DUB_VIDEO: 'animation',
} as const satisfies Record<GenerationRequest['operation'], Order['kind']>;

function textOf(request: GenerationRequest): { readonly shown: string } | { readonly problem: string } {
  const { operation, prompt, imageUrl, videoUrl, targetLanguage } = request;
  switch (operation) {
    case 'GENERATE_IMAGE':
    case 'GENERATE_VIDEO':
      // An empty prompt is what is left of one that held directives only; the request had one.
      if (prompt === undefined) return { problem: `${operation} needs a prompt.` };
      return { shown: prompt === '' ? '(no words)' : prompt };
    case 'UPSCALE_IMAGE':
      return imageUrl ? { shown: `Upscaled:\n${imageUrl}` } : { problem: `${operation} needs an imageUrl.` };
    case 'REMOVE_BACKGROUND':
      return imageUrl
        ? { shown: `Background removed:\n${imageUrl}` }
        : { problem: `${operation} needs an imageUrl.` };
    case 'VECTORIZE_IMAGE':
      return imageUrl
        ? { shown: `Vectorized:\n${imageUrl}` }
        : { problem: `${operation} needs an imageUrl.` };
    case 'DUB_VIDEO':
      if (!videoUrl) return { problem: `${operation} needs a videoUrl.` };
      if (!targetLanguage) return { problem: `${operation} needs a targetLanguage.` };
      return { shown: `Dubbed into ${languageName(targetLanguage)}:\n${videoUrl}` };
  }
}

const LANGUAGES = new Intl.DisplayNames('en', { type: 'language' });

function languageName(tag: string): string {
  try {
    const name = LANGUAGES.of(tag);
    return name === undefined || name === tag ? tag : `${name} (${tag})`;
  } catch {
    return tag;
  }
}

function dimensionsOf(
  request: GenerationRequest,
): { readonly width: number; readonly height: number } | { readonly problem: string } {
  const { size, aspectRatio, operation } = request;
  const moving = KINDS[operation] === 'animation';
  const side = moving ? USUAL_VIDEO_SIDE : operation === 'UPSCALE_IMAGE' ? UPSCALED_SIDE : USUAL_SIDE;
  if (size !== undefined && size !== 'auto') {
    const match = /^(\d{1,5})x(\d{1,5})$/.exec(size);
    const width = Number(match?.[1]);
    const height = Number(match?.[2]);
    if (!match || Math.min(width, height) < SMALLEST_SIDE || Math.max(width, height) > LARGEST_SIDE) {
      return {
        problem: `The size is "${size.slice(0, 40)}"; it must be width × height, such as 1024x1024, each from ${SMALLEST_SIDE} to ${LARGEST_SIDE}.`,
      };
    }
    return { width, height };
  }
  const match = /^(\d{1,4}):(\d{1,4})$/.exec(aspectRatio ?? (moving ? '16:9' : '1:1'));
  const ratio = Number(match?.[1]) / Number(match?.[2]);
  if (!match || !(ratio >= 1 / 4 && ratio <= 4)) {
    return {
      problem: `The aspectRatio is "${(aspectRatio ?? '').slice(0, 40)}"; it must be such as 16:9, from 1:4 to 4:1.`,
    };
  }
  // A video keeps its longer side, as vendors name it (360p, 720p); a picture keeps its number of pixels.
  const width = moving ? (ratio >= 1 ? side : side * ratio) : side * Math.sqrt(ratio);
  return { width: even(width), height: even(width / ratio) };
}

function even(length: number): number {
  return Math.round(length / 2) * 2;
}

function seedOf(text: string, seed: number): number {
  return createHash('sha256').update(`${seed}\n${text}`).digest().readUInt32BE(0);
}

function shorten(text: string, most: number): string {
  // By bytes, since they decide how long a job's id grows; cut between characters.
  if (Buffer.byteLength(text) <= most) return text;
  let kept = '';
  let bytes = 3;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > most) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}
