/** The door of the catalogue room: models with their lives, dated costs, priced lists, quotes. See README.md. */
export type { ModelCard, VariantPrice } from './cards.ts';
export { type Catalog, type CatalogOptions, createCatalog, type QuoteOutcome } from './catalog.ts';
export type { ChangeOutcome, CostChange, PriceChange, RowChange } from './edit.ts';
export type { Appraisal, IsServed, Servable } from './price-book.ts';
export { QUOTE_TTL_MS, type StoredQuote } from './quotes.ts';
export type {
  FieldProblem,
  InvalidOutcome,
  PricedOutcome,
  PricedRequest,
  PriceOutcome,
  PriceRequest,
  UnavailableOutcome,
  UnpricedOutcome,
} from './request.ts';
export { type SeedReport, seedCatalog } from './seed.ts';
export type { PriceUnit } from './snapshot.ts';
export { bumpCatalogVersion } from './version.ts';
