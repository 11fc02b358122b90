import { OPERATIONS, type Operation } from '../providers/index.ts';
import { explain } from './explain.ts';
import { costOf, creditsOf, type Dimensions, rowFor, rowsInForce, unitsOf } from './in-force.ts';
import {
  type FieldProblem,
  type InvalidOutcome,
  invalid,
  normalize,
  type PricedOutcome,
  type PricedRequest,
  type PriceOutcome,
  type PriceRequest,
  shown,
  type UnpricedOutcome,
  USUAL_CLIP_SECONDS,
  unavailable,
} from './request.ts';
import type { CostRow, ModelRow, PriceListRow, PriceRow, Snapshot } from './snapshot.ts';
import { closeMatches, enumerate } from './text.ts';

/** What is asked whether it can be served now. */
export interface Servable {
  readonly id: string;
  readonly provider: string;
  readonly operation: Operation;
}

/** Whether something answers for a model: its provider has a key and works, or the sandbox stands in. */
export type IsServed = (model: Servable) => boolean;

/** A model as it stands at the book's instant. */
export interface BookModel {
  readonly row: ModelRow;
  readonly servable: Servable;
  readonly life: 'coming' | 'living' | 'retired';
  /** In force, the most specific first. */
  readonly costs: readonly CostRow[];
  readonly prices: readonly PriceRow[];
}

/** What a request costs by a row. */
export interface Cost {
  readonly costMicros: bigint;
  readonly modelCostId: string;
}

/** What a request is priced at by a row. */
export interface Price {
  readonly credits: number;
  readonly modelPriceId: string;
}

/** What a request comes to by the rows in force, whether the model is sold or not. */
export interface Appraisal {
  readonly status: 'appraised';
  readonly model: string;
  readonly operation: Operation;
  /** With every default filled in. */
  readonly request: PricedRequest;
  readonly costMicros: bigint;
  /** Null when the active list has no price. */
  readonly credits: number | null;
}

interface Candidate {
  readonly servable: Servable;
  readonly outcome: PricedOutcome;
}

/** Enough for every request that is asked often; what comes beyond it starts the memory anew. */
const MOST_REMEMBERED = 10_000;

/**
 * A snapshot as it stands between two instants at which something begins or ends: a cost, a price, a model's life.
 * Between them a request always gets the same answer, so the book remembers the ones that it gave. Whether a model
 * is served changes at any time, and is asked each time.
 */
export class PriceBook {
  readonly list: PriceListRow;
  readonly models: ReadonlyMap<string, BookModel>;
  readonly #from: number;
  readonly #until: number;
  readonly #named = new Map<string, Candidate>();
  readonly #rankings = new Map<string, readonly Candidate[]>();

  /** @param now Unix milliseconds. */
  constructor(snapshot: Snapshot, now: number) {
    this.list = snapshot.list;
    this.models = new Map(snapshot.models.map((row) => [row.id, openModel(row, now)]));
    let from = Number.NEGATIVE_INFINITY;
    let until = Number.POSITIVE_INFINITY;
    for (const boundary of boundariesOf(snapshot)) {
      if (boundary <= now) from = Math.max(from, boundary);
      else until = Math.min(until, boundary);
    }
    this.#from = from;
    this.#until = until;
  }

  /** Whether this book holds at an instant (Unix milliseconds). */
  covers(now: number): boolean {
    return now >= this.#from && now < this.#until;
  }

  /** See {@link Catalog.price}. */
  price(request: PriceRequest, isServed: IsServed): PriceOutcome {
    return request.model == null
      ? this.#route(request, isServed)
      : this.#priceNamed(request, request.model, isServed);
  }

  /** See {@link Catalog.candidates}. */
  candidates(request: PriceRequest, isServed: IsServed): PricedOutcome[] {
    const ranking = this.#rankingOf(request);
    if ('status' in ranking) return [];
    const minimum = request.minimumQuality ?? 0;
    return ranking
      .filter(({ servable, outcome }) => outcome.quality >= minimum && isServed(servable))
      .map(({ outcome }) => outcome);
  }

  /** The living model of a name, or of what replaced it, or a sentence that says why there is none. */
  find(operation: Operation, name: string, allowSuccessor: boolean): BookModel | InvalidOutcome {
    const model = this.models.get(name);
    const problem = (message: string) => invalid({ path: 'model', message });
    if (!model) return problem(this.#unknown(operation, name));
    const { row, life } = model;
    if (row.operation !== operation) {
      return problem(`${row.id} is for ${row.operation}, not for ${operation}.`);
    }
    if (life === 'coming') return problem(`${row.id} is available from ${dayOf(row.availableFrom)}.`);
    if (life === 'living') return model;
    const successor = this.#successorOf(model);
    if (successor && allowSuccessor) return successor;
    const retired = `${row.id} was retired on ${dayOf(row.retiresAt ?? 0)}`;
    return problem(successor ? `${retired}; use ${successor.row.id}.` : `${retired}.`);
  }

  /** See {@link Catalog.appraise}. */
  appraise(
    name: string,
    request: Omit<PriceRequest, 'operation' | 'model'>,
  ): Appraisal | UnpricedOutcome | InvalidOutcome {
    const model = this.models.get(name);
    if (!model) return invalid(unknownModel(name, this.models.keys()));
    const { id, operation } = model.row;
    const normalized = normalize(model.row, { ...request, operation, hasImage: true });
    if ('problems' in normalized) return invalid(...normalized.problems);
    const cost = this.costOf(model, normalized.request);
    if (!cost) {
      const message = `${id} has no dated cost for ${describe(normalized.request)}.`;
      return { status: 'unpriced', model: id, message };
    }
    return {
      status: 'appraised',
      model: id,
      operation,
      request: normalized.request,
      costMicros: cost.costMicros,
      credits: this.priceOf(model, normalized.request)?.credits ?? null,
    };
  }

  /** What a request for a model costs by the row in force; null when there is none. */
  costOf(model: BookModel, request: Dimensions & { readonly count: number }): Cost | null {
    const row = rowFor(model.costs, request);
    const units = row && unitsOf(row.unit, request.count, request.durationSeconds);
    if (!row || units == null) return null;
    return { costMicros: row.costMicros * BigInt(units), modelCostId: row.id };
  }

  /** What a request for a model is priced at by the row in force; null when there is none. */
  priceOf(model: BookModel, request: Dimensions & { readonly count: number }): Price | null {
    const row = rowFor(model.prices, request);
    const units = row && unitsOf(row.unit, request.count, request.durationSeconds);
    if (!row || units == null) return null;
    return { credits: row.credits * units, modelPriceId: row.id };
  }

  /** Puts an answer together. Frozen, because everybody who asks the same gets the same object. */
  outcomeOf(model: BookModel, request: PricedRequest, cost: Cost, price: Price): PricedOutcome {
    const { id, provider, vendorModel, operation, quality } = model.row;
    return Object.freeze({
      status: 'priced',
      model: id,
      provider,
      vendorModel,
      operation,
      quality,
      credits: price.credits,
      costMicros: cost.costMicros,
      revenueMicros: BigInt(price.credits) * this.list.creditMicros,
      modelCostId: cost.modelCostId,
      modelPriceId: price.modelPriceId,
      request,
    });
  }

  // ---------------------------------------------------------------------------------------- a model was named

  #priceNamed(request: PriceRequest, name: string, isServed: IsServed): PriceOutcome {
    const key = `${keyOf(request)}|${name}|${request.allowSuccessor === true}|${request.minimumQuality ?? ''}`;
    let candidate = this.#named.get(key);
    if (!candidate) {
      const made = this.#makeNamed(request, name);
      if ('status' in made) return made;
      candidate = made;
      remember(this.#named, key, candidate);
    }
    if (isServed(candidate.servable)) return candidate.outcome;
    return unavailable(`${candidate.servable.id} is not served at present.`);
  }

  #makeNamed(request: PriceRequest, name: string): Candidate | UnpricedOutcome | InvalidOutcome {
    const model = this.find(request.operation, name, request.allowSuccessor === true);
    if ('status' in model) return model;
    const normalized = normalize(model.row, request);
    const quality =
      minimumQualityProblem(request.minimumQuality) ?? tooLow(model.row, request.minimumQuality);
    if ('problems' in normalized || quality) {
      return invalid(...('problems' in normalized ? normalized.problems : []), ...(quality ? [quality] : []));
    }
    return this.#candidateOf(model, normalized.request);
  }

  #candidateOf(model: BookModel, request: PricedRequest): Candidate | UnpricedOutcome {
    const { id } = model.row;
    const unpriced = (message: string) => ({ status: 'unpriced', model: id, message }) as const;
    const cost = this.costOf(model, request);
    if (!cost) {
      return unpriced(`${id} has no dated cost for ${describe(request)}, and without one it is not sold.`);
    }
    const price = this.priceOf(model, request);
    if (!price) {
      return unpriced(`${id} has no price in the list "${this.list.id}" for ${describe(request)}.`);
    }
    return { servable: model.servable, outcome: this.outcomeOf(model, request, cost, price) };
  }

  /** What serves in a retired model's place: the first living model down the line. */
  #successorOf(model: BookModel): BookModel | null {
    const seen = new Set<BookModel>();
    let next: BookModel | undefined = model;
    while (next && next.life === 'retired' && !seen.has(next)) {
      seen.add(next);
      next = this.models.get(next.row.replacedById ?? '');
    }
    return next?.life === 'living' && next.row.operation === model.row.operation ? next : null;
  }

  #unknown(operation: Operation, name: string): string {
    const names = this.#living(operation).map(({ row }) => row.id);
    const all = [...this.models.values()].filter(({ row }) => row.operation === operation);
    const close = closeMatches(
      name,
      all.map(({ row }) => row.id),
    );
    const there = `There is no model ${shown(name)}`;
    if (close.length > 0) return `${there}. Did you mean ${enumerate(close, 'or')}?`;
    if (names.length > 0) return `${there}; for ${operation} there are: ${names.join(', ')}.`;
    return `${there}, nor any for ${operation}.`;
  }

  // -------------------------------------------------------------------------------------- the router chooses

  #living(operation: Operation): BookModel[] {
    return [...this.models.values()].filter(
      ({ row, life }) => row.operation === operation && life === 'living',
    );
  }

  #route(request: PriceRequest, isServed: IsServed): PriceOutcome {
    const ranking = this.#rankingOf(request);
    const problem = minimumQualityProblem(request.minimumQuality);
    if ('status' in ranking) {
      return problem && ranking.status === 'invalid' ? invalid(...ranking.fields, problem) : ranking;
    }
    if (problem) return invalid(problem);

    const minimum = request.minimumQuality ?? 0;
    let best: PricedOutcome | undefined;
    let bestServed: PricedOutcome | undefined;
    for (const { servable, outcome } of ranking) {
      const served = isServed(servable);
      if (served && outcome.quality >= minimum) return outcome;
      if (!best || outcome.quality > best.quality) best = outcome;
      if (served && (!bestServed || outcome.quality > bestServed.quality)) bestServed = outcome;
    }
    const { operation } = request;
    if (best && best.quality < minimum) {
      return invalid({
        path: 'minimumQuality',
        message: `No model for ${operation} has a quality of ${minimum} or more; the best is ${best.model} with ${best.quality}.`,
      });
    }
    if (!bestServed) return unavailable(`Nothing that serves ${operation} is available at present.`);
    return unavailable(
      `No model for ${operation} with a quality of ${minimum} or more is served at present; the best that is served is ${bestServed.model} with ${bestServed.quality}.`,
    );
  }

  /** Every living, priced model that takes the request, the cheapest first; never empty. */
  #rankingOf(request: PriceRequest): readonly Candidate[] | PriceOutcome {
    const key = keyOf(request);
    const known = this.#rankings.get(key);
    if (known) return known;
    const ranking = this.#rank(request);
    if (!('status' in ranking)) remember(this.#rankings, key, ranking);
    return ranking;
  }

  #rank(request: PriceRequest): readonly Candidate[] | PriceOutcome {
    const { operation } = request;
    // Models are compared by the same clip: without this each would be asked for its own usual one, and the
    // shortest would win for being short.
    const asked =
      operation === 'GENERATE_VIDEO'
        ? { ...request, durationSeconds: request.durationSeconds ?? USUAL_CLIP_SECONDS }
        : request;
    const living = this.#living(operation);
    if (living.length === 0) return unavailable(`The catalogue has no model for ${operation} at present.`);

    const candidates: Candidate[] = [];
    let unpriced: BookModel | undefined;
    for (const model of living) {
      const normalized = normalize(model.row, asked);
      if ('problems' in normalized) continue;
      const candidate = this.#candidateOf(model, normalized.request);
      if (!('status' in candidate)) candidates.push(candidate);
      else if (!unpriced || model.row.quality > unpriced.row.quality) unpriced = model;
    }
    if (candidates.length > 0) return candidates.sort(byCost);
    if (unpriced) {
      return {
        status: 'unpriced',
        model: unpriced.row.id,
        message: `No model for ${operation} has a cost and a price in the list "${this.list.id}" for this request.`,
      };
    }
    return invalid(
      ...explain(
        operation,
        living.map(({ row }) => row),
        asked,
      ),
    );
  }
}

/** The sentence about a name that no model of whatever operation has. */
export function unknownModel(name: string, names: Iterable<string>): FieldProblem {
  const close = closeMatches(name, [...names]);
  const hint = close.length > 0 ? ` Did you mean ${enumerate(close, 'or')}?` : '';
  return { path: 'model', message: `There is no model ${shown(name)}.${hint}` };
}

function openModel(row: ModelRow, now: number): BookModel {
  const { id, provider, operation } = row;
  const retired = row.retiresAt !== null && row.retiresAt <= now;
  return {
    row,
    servable: Object.freeze({ id, provider, operation }),
    life: retired ? 'retired' : row.availableFrom > now ? 'coming' : 'living',
    costs: rowsInForce(row.costs, now, costOf),
    prices: rowsInForce(row.prices, now, creditsOf),
  };
}

function* boundariesOf({ models }: Snapshot): Generator<number> {
  for (const { availableFrom, retiresAt, costs, prices } of models) {
    yield availableFrom;
    if (retiresAt !== null) yield retiresAt;
    for (const { effectiveFrom } of costs) yield effectiveFrom;
    for (const { effectiveFrom } of prices) yield effectiveFrom;
  }
}

/**
 * What two requests must share to be priced alike, the model aside. What was said is told from what was not by a
 * mark, so that no text can pass for nothing. An answer is remembered only when its texts were found good, and
 * none of those holds a bar, so no other request has its key.
 */
function keyOf(request: PriceRequest): string {
  const { operation, size, quality, count, durationSeconds, aspectRatio, hasImage } = request;
  return `${operation}|${hasImage === true}|${size == null ? '' : `=${size}`}|${quality == null ? '' : `=${quality}`}|${count ?? ''}|${durationSeconds ?? ''}|${aspectRatio == null ? '' : `=${aspectRatio}`}`;
}

function remember<Value>(memory: Map<string, Value>, key: string, value: Value): void {
  // A caller that asks for ever other sizes must not fill the process.
  if (memory.size >= MOST_REMEMBERED) memory.clear();
  memory.set(key, value);
}

function byCost({ outcome: one }: Candidate, { outcome: other }: Candidate): number {
  if (one.costMicros !== other.costMicros) return one.costMicros < other.costMicros ? -1 : 1;
  return one.credits - other.credits || other.quality - one.quality || (one.model < other.model ? -1 : 1);
}

function minimumQualityProblem(minimum: number | null | undefined): FieldProblem | null {
  if (minimum == null || (minimum >= 0 && minimum <= 10)) return null;
  return { path: 'minimumQuality', message: `The minimum quality is to be from 0 to 10, not ${minimum}.` };
}

function tooLow({ id, quality }: ModelRow, minimum: number | null | undefined): FieldProblem | null {
  if (minimum == null || quality >= minimum) return null;
  return { path: 'minimumQuality', message: `${id} has a quality of ${quality}, under ${minimum}.` };
}

/** `size 1024x1024, quality high`. */
function describe({ size, quality, count, durationSeconds }: PricedRequest): string {
  return [
    size && `size ${size}`,
    quality && `quality ${quality}`,
    `count ${count}`,
    durationSeconds && `${durationSeconds} seconds`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** `2026-05-12`, in UTC. */
function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

/** Where an operation stands in lists. */
export function orderOf(operation: Operation): number {
  return OPERATIONS.indexOf(operation);
}
