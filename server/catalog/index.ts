/** The door of the catalogue room: models with their lives, dated costs, priced lists, quotes. See README.md. */
export type { ModelCard, VariantPrice } from './cards.ts';
export { type Catalog, type CatalogOptions, createCatalog, type QuoteOutcome } from './catalog.ts';
export {
  type Cancellation,
  type CancelOutcome,
  type ChangeOutcome,
  type CostChange,
  type ListChange,
  MOST_CREDITS,
  type PriceChange,
  type RowChange,
} from './edit.ts';
export type { Dated, DatedState, ModelHistory } from './history.ts';
export type { PreviewedChange, PreviewedFigure, PreviewedVariant, PreviewOutcome } from './preview.ts';
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
export type { CostRow, PriceListRow, PriceRow, PriceUnit } from './snapshot.ts';
export { bumpCatalogVersion } from './version.ts';
