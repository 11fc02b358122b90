import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { type Micros, millionths } from '../money.ts';
import type { Operation } from '../providers/index.ts';
import { cardOf, type ModelCard, type VariantPrice } from './cards.ts';
import {
  type Cancellation,
  type CancelOutcome,
  type ChangeOutcome,
  type CostChange,
  cancelChange,
  changeCost,
  changeList,
  changePrice,
  type ListChange,
  type PriceChange,
} from './edit.ts';
import { historyOf, type ModelHistory } from './history.ts';
import { type PreviewedChange, type PreviewOutcome, preview } from './preview.ts';
import { type Appraisal, type IsServed, orderOf, PriceBook } from './price-book.ts';
import { dropOldQuotes, priceUnder, readQuote, type StoredQuote, storeQuote } from './quotes.ts';
import type {
  InvalidOutcome,
  PricedOutcome,
  PriceOutcome,
  PriceRequest,
  UnpricedOutcome,
} from './request.ts';
import { type PriceListRow, readSnapshot, readVersion } from './snapshot.ts';

/** What a catalogue needs. */
export interface CatalogOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Id of the active price list: `tokens` or `dtf`, or one that the operator made. */
  readonly priceList: string;
  /** The margin under which a price is flagged, from 0 to 1: 0.20. */
  readonly marginFloor: number;
  /**
   * Whether something answers for a model now. Asked at every call, and several times by the router, so it is to
   * be quick; it must not throw.
   */
  readonly isServed: IsServed;
  /** How often to look whether the catalogue has changed, in milliseconds; 2,000 by default. */
  readonly refreshMs?: number | undefined;
  /** Told when a look in the background failed. The catalogue goes on with what it knew. */
  readonly onRefreshError?: ((error: unknown) => void) | undefined;
}

export type QuoteOutcome =
  | { readonly status: 'quoted'; readonly quote: StoredQuote }
  | Exclude<PriceOutcome, PricedOutcome>;

/** The catalogue of one process: prices, models and quotes. */
export interface Catalog {
  /**
   * What a request is served by, costs and is priced at now.
   *
   * A named model is that model, or what replaced it when it is retired and `allowSuccessor` says so. Without a
   * name it is the cheapest for this request that is served and has at least `minimumQuality`: by cost, then by
   * credits, then the better, then by name. Synchronous and without effect: it sits on the path of every call.
   *
   * @returns the same frozen object for the same question, as long as nothing changes.
   */
  price(request: PriceRequest): PriceOutcome;
  /**
   * Every model that could serve a request for which none was named, in the order in which {@link price} would choose
   * them. Empty when there is none.
   */
  candidates(request: PriceRequest): PricedOutcome[];
  /**
   * What a request for a model costs and is priced at by the rows in force, also when it is retired or not served: for
   * reckoning, and not for selling.
   */
  appraise(
    model: string,
    request: Omit<PriceRequest, 'operation' | 'model'>,
  ): Appraisal | UnpricedOutcome | InvalidOutcome;
  /**
   * Sets what the active list asks for a model, as a new dated row with a line in the audit log. This process sells by
   * it from its instant on; others may be 2 s behind.
   */
  changePrice(change: PriceChange): Promise<ChangeOutcome>;
  /** Sets what a vendor bills for a model, likewise. */
  changeCost(change: CostChange): Promise<ChangeOutcome>;
  /** Takes back a price of the active list or a cost before it begins, with a line in the audit log. */
  cancelChange(cancellation: Cancellation): Promise<CancelOutcome>;
  /** What a change would do, reckoned on what is known now; nothing is written. */
  preview(change: PreviewedChange): PreviewOutcome;
  /** All prices in the active list and all costs that a model has, had and is to have; null when there is no such model. */
  history(id: string): ModelHistory | null;
  /** Changes what a credit of the active list sells for and the free credits, from now on, with a line in the audit log. */
  changeList(change: ListChange): Promise<'changed' | 'least-above-most'>;
  /** The active list as it stands. */
  list(): PriceListRow;
  /** How a model will be sold at an instant, by what is known now; null when there is no such model. */
  variantsAt(id: string, at: Date): readonly VariantPrice[] | null;
  /** Every model, retired ones too, by operation, then the best first; of one operation when it is said. */
  models(operation?: Operation | null): ModelCard[];
  /** The least that a credit of the active list sells for. */
  creditMicros(): Micros;
  /** One model, or null. */
  model(id: string): ModelCard | null;
  /**
   * Prices a request and writes the price down: it is honoured for {@link QUOTE_TTL_MS}, as often as it is used.
   *
   * @param accountId who may use it, an account's id; null: whoever asks.
   * @throws what the database throws.
   */
  createQuote(request: PriceRequest, accountId: string | null): Promise<QuoteOutcome>;
  /** A quote by its id, expired or not; null when there is none for this price list. */
  quote(id: string): Promise<StoredQuote | null>;
  /**
   * Prices a request under a quote: at the quoted credits, and at today's cost, whatever has become of the
   * price since. A dimension that the request leaves out is as quoted.
   *
   * @returns `invalid` with the path `quoteId` when the quote has expired, belongs to another account or is for
   *   another operation, with the argument's own path when the request asks for something else; `unavailable` when
   *   nothing serves the model now.
   */
  priceUnder(quote: StoredQuote, request: PriceRequest, accountId: string): PriceOutcome;
  /** Drops quotes that nobody can use any more: a day after they expired. */
  dropOldQuotes(): Promise<void>;
  /**
   * Reads the catalogue again, changed or not. When it resolves, everything that was committed before the call
   * counts.
   *
   * @throws what the database throws; the catalogue then goes on with what it knew.
   */
  refresh(): Promise<void>;
  /** Stops looking. What is known stays usable. */
  close(): void;
}

const REFRESH_MS = 2000;
/** The version misses what somebody wrote by hand with psql: now and then everything is read whatever it says. */
const REREAD_MS = 60_000;

/**
 * Opens the catalogue and keeps it fresh.
 *
 * @throws when the database cannot be read or has no such price list: nothing is sold by a list that is not there.
 */
export async function createCatalog(options: CatalogOptions): Promise<Catalog> {
  const { database, clock, isServed, priceList, refreshMs = REFRESH_MS } = options;
  const floorMicros = millionths(options.marginFloor);

  let snapshot = await readSnapshot(database, priceList);
  let book = new PriceBook(snapshot, clock.now().getTime());
  let cards = new Map<string, Omit<ModelCard, 'available'>>();
  let closed = false;
  /** Readings follow one another, so that an older one never replaces a newer. */
  let reading: Promise<void> = Promise.resolve();

  function openBook(now: number): void {
    book = new PriceBook(snapshot, now);
    cards = new Map();
  }

  function current(): PriceBook {
    const now = clock.now().getTime();
    if (!book.covers(now)) openBook(now);
    return book;
  }

  function refresh(): Promise<void> {
    const next = reading.then(async () => {
      snapshot = await readSnapshot(database, priceList);
      openBook(clock.now().getTime());
    });
    reading = next.catch(() => {});
    return next;
  }

  function card(id: string): ModelCard | null {
    const present = current();
    const model = present.models.get(id);
    if (!model) return null;
    let known = cards.get(id);
    if (!known) {
      known = cardOf(model, present, floorMicros);
      cards.set(id, known);
    }
    const available = model.life === 'living' && known.creditsFrom !== null && isServed(model.servable);
    return { ...known, available };
  }

  let looking = false;
  let readAt = performance.now();
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look()
      .catch((error: unknown) => {
        if (!closed) options.onRefreshError?.(error);
      })
      .finally(() => {
        looking = false;
      });
  }, refreshMs);
  timer.unref();

  async function look(): Promise<void> {
    const now = performance.now();
    if (now - readAt >= REREAD_MS || (await readVersion(database)) !== snapshot.version) {
      await refresh();
      readAt = now;
    }
  }

  const price = (request: PriceRequest): PriceOutcome => current().price(request, isServed);

  async function edit<Outcome extends { readonly status: string }>(
    write: (editing: Parameters<typeof changePrice>[0]) => Promise<Outcome>,
  ) {
    const outcome = await write({ database, clock, book: current() });
    if (outcome.status === 'changed') await refresh();
    return outcome;
  }

  return {
    price,
    appraise: (model, request) => current().appraise(model, request),
    changePrice: (change) => edit((editing) => changePrice(editing, change)),
    changeCost: (change) => edit((editing) => changeCost(editing, change)),
    cancelChange: (cancellation) => edit((editing) => cancelChange(editing, cancellation)),
    preview: (change) => preview(snapshot, clock.now(), floorMicros, change),
    history(id) {
      const model = current().models.get(id);
      return model ? historyOf(model, clock.now().getTime()) : null;
    },
    async changeList(change) {
      const outcome = await changeList({ database, clock, book: current() }, change);
      if (outcome === 'changed') await refresh();
      return outcome;
    },
    list: () => current().list,
    variantsAt(id, at) {
      const then = new PriceBook(snapshot, at.getTime());
      const model = then.models.get(id);
      return model ? cardOf(model, then, floorMicros).prices : null;
    },
    candidates: (request) => current().candidates(request, isServed),
    models: (operation) =>
      [...current().models.values()]
        .filter(({ row }) => operation == null || row.operation === operation)
        .flatMap(({ row }) => card(row.id) ?? [])
        .sort(
          (one, other) =>
            orderOf(one.operation) - orderOf(other.operation) ||
            other.quality - one.quality ||
            (one.id < other.id ? -1 : 1),
        ),
    creditMicros: () => current().list.creditMicros,
    model: card,
    async createQuote(request, accountId) {
      const outcome = price(request);
      if (outcome.status !== 'priced') return outcome;
      return {
        status: 'quoted',
        quote: await storeQuote(database, clock, current().list, outcome, accountId),
      };
    },
    quote: (id) => readQuote(database, current().list, id),
    priceUnder: (quote, request, accountId) =>
      priceUnder(current(), quote, request, accountId, clock.now(), isServed),
    dropOldQuotes: () => dropOldQuotes(database, clock.now()),
    refresh,
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}
