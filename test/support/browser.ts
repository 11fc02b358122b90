/** A real Chromium for suites that look at pages. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { describe } from 'vitest';

/** Without a window of its own, which nobody sees, it takes a quarter less of the processor. */
const PATHS = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

const executablePath = process.env.CHROMIUM_PATH ?? PATHS.find((path) => existsSync(path));

/** Registers a suite that needs a browser; without one it is named as skipped, with what would enable it. */
export function describeInBrowser(name: string, suite: () => void): void {
  if (executablePath) describe(name, suite);
  else {
    describe.skip(
      `${name} (skipped: no Chromium; install Debian's package chromium-headless-shell or set CHROMIUM_PATH)`,
      suite,
    );
  }
}

/** Starts the browser. Nothing that it would ask of the internet is asked. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath ?? '',
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
