/** A real Chromium, for whatever looks at pages: suites, a bench, and the screenshots of the documentation. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** The first takes a quarter less of the processor: it has no window, which nobody would see. */
const PATHS = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** Where it is: `CHROMIUM_PATH`, or where Debian's packages put it. Undefined when there is none. */
export const chromiumPath = process.env.CHROMIUM_PATH ?? PATHS.find((path) => existsSync(path));

/** What is said where there is none. */
export const NO_CHROMIUM =
  "no Chromium; install Debian's package chromium-headless-shell or set CHROMIUM_PATH";

/**
 * Starts the browser. Nothing that it would ask of the internet is asked.
 *
 * @throws when there is no Chromium.
 */
export async function openBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error(`There is ${NO_CHROMIUM}.`);
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
