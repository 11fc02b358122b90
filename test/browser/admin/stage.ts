/** What all tests of the admin stand on: one server, one browser, one signed-in admin; and eyes that miss nothing. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page, WebSocketRoute } from 'playwright-core';
import { expect } from 'vitest';
import { openBrowser } from '../../support/browser.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';

/** Who signs in. */
export const ADMIN = { email: 'admin@example.com', password: 'correct horse battery' };

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** What WCAG 2.2 asks for at the levels A and AA, and nothing else. */
const WCAG = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] };
/** What of it depends on colours, in which alone one colour scheme differs from another. */
const COLOURS = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };

export interface Stage {
  readonly server: TestServer;
  readonly browser: Browser;
  /** A page of a signed-in admin, at an address below `/admin`. What goes wrong in it fails the test at its end. */
  open(path: string): Promise<Page>;
  /** The same of somebody who is not signed in. */
  openSignedOut(path: string): Promise<Page>;
  /** Fails with what went wrong in any page since the last time: errors, and violations of the Content-Security-Policy. */
  expectNoProblems(): void;
  close(): Promise<void>;
}

export const DESK = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** What a page may say without being wrong: the answers that a test has asked for. */
const EXPECTED = /the server responded with a status of (401|503)/;

export async function openStage(): Promise<Stage> {
  const [server, browser] = await Promise.all([
    // Only the documents that the admin is built with: that it works is that it sends hashes. Channels lead to receivers here.
    startTestServer({
      pages: true,
      defaultBudgets: true,
      env: { ADMIN_PERSISTED_ONLY: 'on', ALLOW_PRIVATE_URLS: 'on' },
    }),
    openBrowser(),
  ]);
  await server.core.access.ensureFirstAdmin(ADMIN);
  const problems: string[] = [];

  const newPage = async () => {
    const context = await browser.newContext({
      colorScheme: 'light',
      viewport: DESK,
      locale: 'en-US',
      timezoneId: 'UTC',
      reducedMotion: 'reduce',
      baseURL: server.url,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      if (!EXPECTED.test(message.text())) problems.push(`${page.url()}: ${message.text()}`);
    });
    return page;
  };

  /** The cookies of one sign-in, for all pages that do not test it. */
  let cookies: Parameters<BrowserContext['addCookies']>[0] | undefined;

  return {
    server,
    browser,
    async open(path) {
      const page = await newPage();
      if (!cookies) {
        await page.goto('/admin/sign-in');
        await signIn(page);
        cookies = await page.context().cookies();
      } else await page.context().addCookies(cookies);
      await page.goto(`/admin${path}`);
      return page;
    },
    async openSignedOut(path) {
      const page = await newPage();
      await page.goto(`/admin${path}`);
      return page;
    },
    expectNoProblems() {
      expect(problems.splice(0)).toEqual([]);
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** Fills in the form, and waits until it is gone. */
export async function signIn(page: Page): Promise<void> {
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor({ state: 'attached' });
}

/** What axe-core finds against WCAG 2.2 A and AA, as sentences; or, where all else was looked at, of its colours alone. */
export async function violationsOf(page: Page, { coloursOnly = false } = {}): Promise<string[]> {
  // Injected over the debugger, which the page's Content-Security-Policy does not concern.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  return page.evaluate(
    async (runOnly) => {
      const { axe } = window as unknown as {
        axe: {
          run(options: object): Promise<{
            violations: { id: string; help: string; nodes: { target: string[]; failureSummary: string }[] }[];
          }>;
        };
      };
      const { violations } = await axe.run({ runOnly, resultTypes: ['violations'] });
      return violations.flatMap(({ id, help, nodes }) =>
        nodes
          .slice(0, 3)
          .map(({ target, failureSummary }) => `${id} (${help}) at ${target.join(' ')}: ${failureSummary}`),
      );
    },
    coloursOnly ? COLOURS : WCAG,
  );
}

/** Goes to another page as a link of this one would, without loading all anew. */
export async function goWithin(page: Page, address: string): Promise<void> {
  const before = await page.getByRole('heading', { level: 1 }).elementHandle();
  await page.evaluate((to) => {
    history.pushState({}, '', to);
    dispatchEvent(new PopStateEvent('popstate'));
  }, address);
  await before?.waitForElementState('hidden');
}

/** The live connections of a page, which can be cut, and come again. */
export interface LiveLine {
  cut(): Promise<void>;
  mend(): void;
}

/** Takes hold of the WebSockets that a page opens from its next address on. */
export async function liveLineOf(page: Page): Promise<LiveLine> {
  let isDown = false;
  const open = new Set<WebSocketRoute>();
  await page.routeWebSocket(/\/graphql$/, (socket) => {
    if (isDown) return void socket.close({ code: 1013 });
    open.add(socket);
    socket.connectToServer();
  });
  return {
    async cut() {
      isDown = true;
      for (const socket of open) await socket.close({ code: 1013 });
    },
    mend() {
      isDown = false;
    },
  };
}
