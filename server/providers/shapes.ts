/** Sizes in pixels, and shapes such as `16:9` for models that know no sizes. */

/** A size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What a text such as `1024x768` says; undefined when it is no such text. */
export function readSize(size: string | undefined): Size | undefined {
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(size ?? '');
  return match ? { width: Number(match[1]), height: Number(match[2]) } : undefined;
}

/** The one of some shapes that is nearest to a size: as much too wide counts the same as as much too tall. */
export function nearestRatio(size: Size, ratios: readonly string[]): string {
  const distance = (ratio: string) => {
    const [width = 1, height = 1] = ratio.split(':').map(Number);
    return Math.abs(Math.log((size.width * height) / (size.height * width)));
  };
  return ratios.reduce((best, ratio) => (distance(ratio) < distance(best) ? ratio : best));
}
