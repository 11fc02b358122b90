/** For which requests of a model a price or a cost is. */

/** The dimensions of a row; null: any. */
export interface Dimensions {
  readonly size?: string | null;
  readonly quality?: string | null;
  readonly durationSeconds?: number | null;
}

/** "5 s", "1024x1024, high", "any, a second". */
export function variantOf({
  size,
  quality,
  durationSeconds,
  unit,
}: Dimensions & { readonly unit: string }): string {
  const parts = [
    size,
    quality,
    durationSeconds === null || durationSeconds === undefined ? null : `${durationSeconds} s`,
    unit === 'OUTPUT' ? null : `a ${unit.toLowerCase()}`,
  ].filter((part) => part !== null && part !== undefined);
  return parts.length > 0 ? parts.join(', ') : 'any';
}
