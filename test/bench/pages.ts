/** How long an operator's phone waits for the overview: the largest paint and the shift of its layout, as Lighthouse throttles. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { chromiumPath, NO_CHROMIUM, openBrowser } from '../support/chromium.ts';
import { settled } from '../support/settled.ts';
import type { Bench } from './bench.ts';
import { figures, spread } from './support/statistics.ts';

const ADMIN = { email: 'admin@example.com', password: 'correct horse battery' };
const LOADS = 5;
const TARGET_PAINT_MS = 2_500;
const TARGET_SHIFT = 0.05;
/** Lighthouse's slow 4G, as it throttles by the debugger: 1.6 Mbit/s down, 750 kbit/s up, 150 ms there and back. */
const NETWORK = {
  offline: false,
  latency: 150,
  downloadThroughput: (1.6 * 1024 * 1024) / 8,
  uploadThroughput: (750 * 1024) / 8,
};
const PROCESSOR_SLOWDOWN = 4;

/** Starts the server as `npm start` does. */
async function startServer(folder: string): Promise<{ readonly url: string; stop(): Promise<unknown> }> {
  const server = spawn(process.execPath, [join(import.meta.dirname, '../../server/main.ts')], {
    env: {
      PATH: process.env.PATH ?? '',
      PORT: '0',
      LOG_LEVEL: 'error',
      DATA_DIR: folder,
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_PASSWORD: ADMIN.password,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => server.once('exit', resolve));
  let printed = '';
  const url = await new Promise<string>((resolve, reject) => {
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const found = /Admin +(\S+)\/admin/.exec(printed)?.[1];
      if (found) resolve(found);
    });
    void ended.then((code) => reject(new Error(`The server ended with ${code} before it was ready.`)));
  });
  return {
    url,
    stop() {
      server.kill('SIGTERM');
      return ended;
    },
  };
}

interface Load {
  readonly paintMs: number;
  readonly shift: number;
  /** What was painted last and largest. */
  readonly element: string;
  readonly bytes: number;
}

/** One load of the overview by a signed-in operator whose browser has nothing of it. */
async function loadOnce(browser: Browser, url: string, throttled: boolean): Promise<Load> {
  const context = await browser.newContext({
    viewport: { width: 412, height: 823 },
    deviceScaleFactor: 1.75,
    isMobile: true,
    hasTouch: true,
    baseURL: url,
  });
  const page = await context.newPage();
  await page.goto('/admin/sign-in');
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  const debug = await context.newCDPSession(page);
  await debug.send('Network.enable');
  await debug.send('Network.clearBrowserCache');
  await debug.send('Network.setCacheDisabled', { cacheDisabled: true });
  let bytes = 0;
  debug.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  if (throttled) {
    await debug.send('Network.emulateNetworkConditions', NETWORK);
    await debug.send('Emulation.setCPUThrottlingRate', { rate: PROCESSOR_SLOWDOWN });
  }
  await page.addInitScript(() => {
    const seen = { paintMs: 0, shift: 0, element: '' };
    Object.assign(window, { seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { element?: Element })[]) {
        seen.paintMs = entry.startTime;
        seen.element = `${entry.element?.tagName.toLowerCase()} ${entry.element?.textContent?.slice(0, 40)}`;
      }
    }).observe({ type: 'largest-contentful-paint', buffered: true });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
      })[]) {
        if (!entry.hadRecentInput) seen.shift += entry.value;
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto('/admin/');
  await page.getByRole('region', { name: 'Today' }).locator('data').first().waitFor();
  await settled(page);
  // What is painted last is told a moment after it is there.
  await page.waitForTimeout(1_500);
  const load = await page.evaluate(() => (window as unknown as { seen: Omit<Load, 'bytes'> }).seen);
  await context.close();
  return { ...load, bytes };
}

export const pages: Bench = {
  name: 'pages',
  needsPostgres: false,
  missing: () => (chromiumPath ? null : NO_CHROMIUM),
  async run() {
    const folder = await mkdtemp(join(tmpdir(), 'solvent-bench-'));
    const server = await startServer(folder);
    const browser = await openBrowser();
    try {
      const phone: Load[] = [];
      const desk: Load[] = [];
      for (let load = 0; load < LOADS; load += 1) phone.push(await loadOnce(browser, server.url, true));
      for (let load = 0; load < LOADS; load += 1) desk.push(await loadOnce(browser, server.url, false));
      const paints = phone.map(({ paintMs }) => paintMs).toSorted((a, b) => a - b);
      const middle = paints[paints.length >> 1] ?? 0;
      const shift = Math.max(...[...phone, ...desk].map((load) => load.shift));
      return {
        question: 'how long a phone waits for the overview, signed in, with nothing in its cache',
        configuration: { loads: LOADS, latencyMs: NETWORK.latency, megabits: 1.6, processor: '1/4' },
        columns: ['load', 'largest paint in ms', 'kilobytes', 'what is painted last'],
        rows: [
          ['phone, slow 4G', figures(spread(paints)), kilobytesOf(phone), phone[0]?.element ?? ''],
          ['as fast as it gets', figures(spread(desk.map(({ paintMs }) => paintMs))), kilobytesOf(desk), ''],
        ],
        targets: [
          {
            what: 'largest paint on a phone, in the middle',
            target: `< ${TARGET_PAINT_MS} ms`,
            found: `${Math.round(middle)} ms`,
            met: middle < TARGET_PAINT_MS,
          },
          {
            what: 'largest layout shift',
            target: `< ${TARGET_SHIFT}`,
            found: shift.toFixed(3),
            met: shift < TARGET_SHIFT,
          },
        ],
        notes: ['Throttled by the debugger of a Chromium on this machine, whose load moves the figures.'],
        figures: { phone, desk },
      };
    } finally {
      await browser.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

const kilobytesOf = (loads: readonly Load[]) => String(Math.round((loads[0]?.bytes ?? 0) / 1_000));
