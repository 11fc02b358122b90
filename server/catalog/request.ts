/** What can be asked, what is answered, and whether a model takes what is asked. */
import type { Micros } from '../money.ts';
import type { Operation } from '../providers/index.ts';
import type { ModelRow } from './snapshot.ts';
import { enumerate } from './text.ts';

type Maybe<Value> = Value | null | undefined;

/** A question for a price, as GraphQL hands it on: null and undefined both mean "not said". */
export interface PriceRequest {
  readonly operation: Operation;
  /** `provider/name`. Not said: the router chooses. */
  readonly model?: Maybe<string>;
  /** Whether what replaced a retired model may serve in its place. */
  readonly allowSuccessor?: Maybe<boolean>;
  /** From 0 to 10; 0 when not said. */
  readonly minimumQuality?: Maybe<number>;
  /** Width × height in pixels, such as `1024x1024`. */
  readonly size?: Maybe<string>;
  /** As the vendor names it: `low`, `hd`. */
  readonly quality?: Maybe<string>;
  /** How many outputs; 1 when not said. */
  readonly count?: Maybe<number>;
  /** Of the output; whole seconds. */
  readonly durationSeconds?: Maybe<number>;
  /** Such as `16:9`. It changes no price, and is checked for its form only. */
  readonly aspectRatio?: Maybe<string>;
  /** Whether there is an image to start from; none when not said. */
  readonly hasImage?: Maybe<boolean>;
}

/** What was priced, with every default filled in. What an operation or a model does not know is left out. */
export interface PricedRequest {
  readonly size?: string;
  readonly quality?: string;
  readonly count: number;
  readonly durationSeconds?: number;
  readonly aspectRatio?: string;
}

/** What a request is served by, costs and is priced at. */
export interface PricedOutcome {
  readonly status: 'priced';
  /** The catalogue's name; the successor's, when that serves. */
  readonly model: string;
  readonly provider: string;
  /** What the vendor calls it on the wire. */
  readonly vendorModel: string;
  readonly operation: Operation;
  /** The model's score out of 10. */
  readonly quality: number;
  readonly credits: number;
  /** What the vendor is expected to bill, and what is to be reserved of a budget. */
  readonly costMicros: Micros;
  /** What the credits earn when each sells for the least that the list allows. */
  readonly revenueMicros: Micros;
  readonly modelCostId: string;
  readonly modelPriceId: string;
  readonly request: PricedRequest;
}

/** The model is there, but has no dated cost or no price in the active list. Never a price of $0. */
export interface UnpricedOutcome {
  readonly status: 'unpriced';
  readonly model: string;
  readonly message: string;
}

/** One argument that cannot be; `path` is relative to the input. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/** Arguments that cannot be. */
export interface InvalidOutcome {
  readonly status: 'invalid';
  readonly fields: readonly FieldProblem[];
}

/** Nothing serves it now; the same request may be served later. */
export interface UnavailableOutcome {
  readonly status: 'unavailable';
  readonly message: string;
}

export type PriceOutcome = PricedOutcome | UnpricedOutcome | InvalidOutcome | UnavailableOutcome;

/** An outcome that names each argument that cannot be. */
export function invalid(...fields: FieldProblem[]): InvalidOutcome {
  return { status: 'invalid', fields };
}

/** An outcome that says what is not served now. */
export function unavailable(message: string): UnavailableOutcome {
  return { status: 'unavailable', message };
}

/** A picture's size where neither the caller nor the model says one. */
const USUAL_SIZE = '1024x1024';
/** A clip's duration where nobody says one; the default of `generateVideo` too. */
export const USUAL_CLIP_SECONDS = 5;
/** What a video to dub is priced as while its duration is not known. */
export const USUAL_DUB_SECONDS = 60;
/** Four hours: beyond it, a typing error is more likely than a film. */
const MOST_SECONDS = 14_400;
const LEAST_SIDE = 64;
const MOST_SIDE = 4096;

const SIZE = /^([1-9]\d{1,3})x([1-9]\d{1,3})$/;
const ASPECT_RATIO = /^[1-9]\d{0,2}:[1-9]\d{0,2}$/;

/** Whether a model has a size at all: pictures do, and whatever lists some. */
export function hasSize({ operation, sizes }: ModelRow): boolean {
  return operation === 'GENERATE_IMAGE' || sizes.length > 0;
}

/** Whether a model has a duration at all: clips and dubs do, and whatever lists some. */
export function hasDuration({ operation, durations }: ModelRow): boolean {
  return operation === 'GENERATE_VIDEO' || operation === 'DUB_VIDEO' || durations.length > 0;
}

/** A caller's text, short enough to be shown in a message. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** What is wrong with a size whoever makes it, or null. */
export function sizeProblem(size: string): FieldProblem | null {
  const match = SIZE.exec(size);
  const fits = match?.slice(1).every((side) => Number(side) >= LEAST_SIDE && Number(side) <= MOST_SIDE);
  if (fits) return null;
  return {
    path: 'size',
    message: `${shown(size)} is not a size: write WIDTHxHEIGHT in pixels, each from ${LEAST_SIDE} to ${MOST_SIDE}, such as ${USUAL_SIZE}.`,
  };
}

/** What is wrong with a duration whoever makes it, or null. */
export function durationProblem(seconds: number): FieldProblem | null {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MOST_SECONDS) return null;
  return {
    path: 'durationSeconds',
    message: `The duration is to be a whole number of seconds from 1 to ${MOST_SECONDS}, not ${seconds}.`,
  };
}

/** What is wrong with an aspect ratio whoever makes it, or null. */
export function aspectRatioProblem(aspectRatio: string): FieldProblem | null {
  if (ASPECT_RATIO.test(aspectRatio)) return null;
  return {
    path: 'aspectRatio',
    message: `${shown(aspectRatio)} is not an aspect ratio: write WIDTH:HEIGHT, such as 16:9.`,
  };
}

/** The sentence about a count that cannot be. */
export function countProblem(count: number, most: number, subject: string): FieldProblem {
  const range = most === 1 ? '1' : `a whole number from 1 to ${most}`;
  return { path: 'count', message: `The count is to be ${range} for ${subject}, not ${count}.` };
}

/** Whether `count` is a whole number from 1 to `most`. */
export function isCount(count: number, most: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= most;
}

type Checked<Value> = { readonly value: Value } | { readonly problem: FieldProblem };

function checkSize(model: ModelRow, size: Maybe<string>): Checked<string | undefined> {
  if (!hasSize(model)) {
    if (size == null) return { value: undefined };
    return { problem: { path: 'size', message: `${model.id} takes no size; leave it out.` } };
  }
  if (size == null) return { value: model.sizes[0] ?? USUAL_SIZE };
  const problem = sizeProblem(size);
  if (problem) return { problem };
  if (model.sizes.length === 0 || model.sizes.includes(size)) return { value: size };
  return {
    problem: {
      path: 'size',
      message: `${model.id} does not make ${size}; it makes ${enumerate(model.sizes, 'and')}.`,
    },
  };
}

function checkQuality(model: ModelRow, quality: Maybe<string>): Checked<string | undefined> {
  if (quality == null) return { value: model.qualities[0] };
  if (model.qualities.includes(quality)) return { value: quality };
  // Unlike a size, a quality that nobody listed is refused: vendors price by it, and the row would not know.
  const message =
    model.qualities.length === 0
      ? `${model.id} has no choice of quality; leave it out.`
      : `${model.id} has no quality ${shown(quality)}; it has ${enumerate(model.qualities, 'and')}.`;
  return { problem: { path: 'quality', message } };
}

function checkCount(model: ModelRow, count: Maybe<number>): Checked<number> {
  if (count == null) return { value: 1 };
  if (isCount(count, model.maxCount)) return { value: count };
  return { problem: countProblem(count, model.maxCount, model.id) };
}

function checkDuration(model: ModelRow, seconds: Maybe<number>): Checked<number | undefined> {
  if (!hasDuration(model)) {
    if (seconds == null) return { value: undefined };
    return { problem: { path: 'durationSeconds', message: `${model.id} takes no duration; leave it out.` } };
  }
  if (seconds == null) {
    const usual = model.operation === 'DUB_VIDEO' ? USUAL_DUB_SECONDS : USUAL_CLIP_SECONDS;
    return { value: model.durations[0] ?? usual };
  }
  if (model.durations.length === 0) {
    const problem = durationProblem(seconds);
    return problem ? { problem } : { value: seconds };
  }
  if (model.durations.includes(seconds)) return { value: seconds };
  return {
    problem: {
      path: 'durationSeconds',
      message: `${model.id} makes clips of ${enumerate(model.durations, 'or')} seconds, not ${seconds}.`,
    },
  };
}

function checkAspectRatio(model: ModelRow, aspectRatio: Maybe<string>): Checked<string | undefined> {
  if (aspectRatio == null) return { value: undefined };
  if (model.operation !== 'GENERATE_VIDEO') {
    return {
      problem: { path: 'aspectRatio', message: `${model.id} takes no aspect ratio; leave it out.` },
    };
  }
  const problem = aspectRatioProblem(aspectRatio);
  return problem ? { problem } : { value: aspectRatio };
}

/** What is wrong with a request without an image to start from, or null. */
export function imageProblem(model: ModelRow, hasImage: Maybe<boolean>): FieldProblem | null {
  if (!model.needsImage || hasImage) return null;
  return { path: 'imageUrl', message: `${model.id} needs an image to start from; give one.` };
}

/** Either what is wrong, argument by argument, or the request with every default filled in. */
export type Normalized = { readonly problems: FieldProblem[] } | { readonly request: PricedRequest };

/** Whether a model takes what is asked of it. The first of what it lists is its default. */
export function normalize(model: ModelRow, request: PriceRequest): Normalized {
  const size = checkSize(model, request.size);
  const quality = checkQuality(model, request.quality);
  const count = checkCount(model, request.count);
  const duration = checkDuration(model, request.durationSeconds);
  const aspectRatio = checkAspectRatio(model, request.aspectRatio);
  const image = imageProblem(model, request.hasImage);
  if (
    image ||
    'problem' in size ||
    'problem' in quality ||
    'problem' in count ||
    'problem' in duration ||
    'problem' in aspectRatio
  ) {
    const checks = [size, quality, count, duration, aspectRatio];
    const problems = checks.flatMap((check) => ('problem' in check ? [check.problem] : []));
    return { problems: image ? [...problems, image] : problems };
  }
  return {
    request: Object.freeze({
      ...(size.value === undefined ? {} : { size: size.value }),
      ...(quality.value === undefined ? {} : { quality: quality.value }),
      count: count.value,
      ...(duration.value === undefined ? {} : { durationSeconds: duration.value }),
      ...(aspectRatio.value === undefined ? {} : { aspectRatio: aspectRatio.value }),
    }),
  };
}
