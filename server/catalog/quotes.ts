import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { isUuid, newId } from '../ids.ts';
import { type Micros, margin } from '../money.ts';
import type { Operation } from '../providers/index.ts';
import type { IsServed, PriceBook } from './price-book.ts';
import {
  aspectRatioProblem,
  type FieldProblem,
  imageProblem,
  invalid,
  type PricedOutcome,
  type PricedRequest,
  type PriceOutcome,
  type PriceRequest,
  shown,
  unavailable,
} from './request.ts';
import type { PriceListRow } from './snapshot.ts';
import { DROP_QUOTES } from './statements.ts';

/** How long a quote is honoured. */
export const QUOTE_TTL_MS = 10 * 60 * 1000;
/** How long an expired quote is kept, so that "expired" can be told from "never was". */
const KEEP_EXPIRED_MS = 24 * 60 * 60 * 1000;

/** A price that is honoured until it expires, whatever the catalogue does meanwhile. */
export interface StoredQuote {
  readonly id: string;
  /** Who may use it; null: whoever asks. */
  readonly accountId: string | null;
  readonly operation: Operation;
  readonly model: string;
  /** What was priced, every default filled in. */
  readonly request: PricedRequest;
  readonly credits: number;
  /** What the vendor was expected to bill when the quote was made. */
  readonly costMicros: Micros;
  /** What the credits earn when each sells for the least that the list allows. */
  readonly revenueMicros: Micros;
  /** By these two; null when the credits earn nothing. */
  readonly margin: number | null;
  readonly modelCostId: string;
  readonly modelPriceId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** Writes a quote for a priced request. */
export async function storeQuote(
  database: Database,
  clock: Clock,
  list: PriceListRow,
  outcome: PricedOutcome,
  accountId: string | null,
): Promise<StoredQuote> {
  const createdAt = clock.now();
  const { model, operation, request, credits, costMicros, revenueMicros, modelCostId, modelPriceId } =
    outcome;
  const stored = {
    id: newId(),
    accountId,
    model,
    credits,
    costMicros,
    modelCostId,
    modelPriceId,
    createdAt,
    expiresAt: new Date(createdAt.getTime() + QUOTE_TTL_MS),
  };
  await database.prisma.quote.create({
    data: { ...stored, request: { priceList: list.id, operation, ...request } },
  });
  return { ...stored, operation, request, revenueMicros, margin: margin(revenueMicros, costMicros) };
}

/**
 * Reads a quote, expired or not.
 *
 * @returns null when there is none, or when it was made by another price list: a credit is worth something else
 *   there, so sites that share a database must not honour each other's quotes.
 */
export async function readQuote(
  database: Database,
  list: PriceListRow,
  id: string,
): Promise<StoredQuote | null> {
  if (!isUuid(id)) return null;
  const row = await database.prisma.quote.findUnique({ where: { id } });
  if (!row) return null;
  const { request, ...columns } = row;
  // Written by storeQuote and by nobody else.
  const { priceList, operation, ...priced } = request as unknown as PricedRequest & {
    readonly priceList: string;
    readonly operation: Operation;
  };
  if (priceList !== list.id) return null;
  const revenueMicros = BigInt(row.credits) * list.creditMicros;
  return {
    ...columns,
    operation,
    request: priced,
    revenueMicros,
    margin: margin(revenueMicros, row.costMicros),
  };
}

/** Drops quotes that nobody can use any more. */
export async function dropOldQuotes(database: Database, now: Date): Promise<void> {
  await database.query(DROP_QUOTES, [new Date(now.getTime() - KEEP_EXPIRED_MS)]);
}

/** See {@link Catalog.priceUnder}. */
export function priceUnder(
  book: PriceBook,
  quote: StoredQuote,
  request: PriceRequest,
  accountId: string,
  now: Date,
  isServed: IsServed,
): PriceOutcome {
  const refused = (message: string) => invalid({ path: 'quoteId', message });
  if (quote.accountId !== null && quote.accountId !== accountId) {
    return refused('The quote belongs to another account.');
  }
  if (quote.expiresAt <= now) {
    return refused(`The quote expired at ${quote.expiresAt.toISOString()}; ask for a new one.`);
  }
  if (request.operation !== quote.operation) {
    return refused(`The quote is for ${quote.operation}, not for ${request.operation}.`);
  }
  const differences = differencesOf(book, quote, request);
  if (differences.length > 0) return invalid(...differences);

  const model = book.models.get(quote.model);
  if (!model || !isServed(model.servable)) return unavailable(`${quote.model} is not served at present.`);
  // The quote binds us to the customer, not the vendor to us: what is booked and reserved is today's cost.
  const cost = book.costOf(model, quote.request) ?? quote;
  const { aspectRatio } = request;
  const priced = aspectRatio == null ? quote.request : { ...quote.request, aspectRatio };
  return book.outcomeOf(model, priced, cost, quote);
}

/** What a request says otherwise than its quote. What it leaves out is as quoted. */
function differencesOf(book: PriceBook, quote: StoredQuote, request: PriceRequest): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (request.model != null && request.model !== quote.model) {
    const meant = book.find(quote.operation, request.model, request.allowSuccessor === true);
    if ('status' in meant || meant.row.id !== quote.model) {
      problems.push({
        path: 'model',
        message: `The quote is for ${quote.model}, not for ${shown(request.model)}.`,
      });
    }
  }
  // The aspect ratio changes no price, so any will do that is one.
  if (request.aspectRatio != null) {
    const problem =
      quote.operation === 'GENERATE_VIDEO'
        ? aspectRatioProblem(request.aspectRatio)
        : { path: 'aspectRatio', message: 'The quote has no aspectRatio; leave it out.' };
    if (problem) problems.push(problem);
  }
  // A quote was made for a request with an image or for one that needs none; it does not stand in for the image.
  const model = book.models.get(quote.model);
  const missing = model && imageProblem(model.row, request.hasImage);
  if (missing) problems.push(missing);
  for (const path of ['size', 'quality', 'count', 'durationSeconds'] as const) {
    const asked = request[path];
    const quoted = quote.request[path];
    if (asked == null || asked === quoted) continue;
    const said = typeof asked === 'string' ? shown(asked) : asked;
    const message =
      quoted === undefined
        ? `The quote has no ${path}; leave it out.`
        : `The quote is for ${path} ${quoted}, not ${said}.`;
    problems.push({ path, message });
  }
  return problems;
}
