/** Suites that look at pages. */
import { describe } from 'vitest';
import { chromiumPath, NO_CHROMIUM } from './chromium.ts';

export { openBrowser } from './chromium.ts';

/** Registers a suite that needs a browser; without one it is named as skipped, with what would enable it. */
export function describeInBrowser(name: string, suite: () => void): void {
  if (chromiumPath) describe(name, suite);
  else describe.skip(`${name} (skipped: ${NO_CHROMIUM})`, suite);
}
