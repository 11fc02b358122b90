/** For which requests of a model a price, a cost or a use is. */

/** The dimensions of a row; null: any. */
export interface Dimensions {
  readonly size?: string | null;
  readonly quality?: string | null;
  readonly durationSeconds?: number | null;
}

/** "5 s", "1024x1024, high"; empty: any. */
export function dimensionsOf({ size, quality, durationSeconds }: Dimensions): string {
  return [size, quality, durationSeconds ? `${durationSeconds} s` : null].filter(Boolean).join(', ');
}

/** The same of a price or a cost, with what it counts: "5 s", "any, a second". */
export function variantOf(row: Dimensions & { readonly unit: string }): string {
  const unit = row.unit === 'OUTPUT' ? '' : `a ${row.unit.toLowerCase()}`;
  return [dimensionsOf(row) || (unit ? '' : 'any'), unit].filter(Boolean).join(', ');
}
