/** Shapes such as `16:9`, for models that know no sizes in pixels. */

/** The one of some shapes that is nearest to a size: as much too wide counts the same as as much too tall. */
export function nearestRatio(
  size: { readonly width: number; readonly height: number },
  ratios: readonly string[],
): string {
  const distance = (ratio: string) => {
    const [width = 1, height = 1] = ratio.split(':').map(Number);
    return Math.abs(Math.log((size.width * height) / (size.height * width)));
  };
  return ratios.reduce((best, ratio) => (distance(ratio) < distance(best) ? ratio : best));
}
