/**
 * `npm run screenshots`: the admin as the demo shows it. The overview goes into docs/, where README has it; every page, light,
 * dark and on a phone, goes into screenshots/, which is not committed. Needs a Chromium (CHROMIUM_PATH, or Debian's package).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from '../test/support/chromium.ts';
import { settled } from '../test/support/settled.ts';

const ROOT = join(import.meta.dirname, '..');
const VIEWS = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const;
/** Live data has moved a little by then. */
const LIVE_MS = 4_000;

/** Where the server listens, and whom to sign in as. */
interface Demo {
  readonly url: string;
  readonly apiKey: string;
  readonly email: string;
  readonly password: string;
}

/** Starts a demo, and waits until it has said where it is. */
function startDemo(folder: string): Promise<{ readonly demo: Demo; readonly child: ChildProcess }> {
  const child = spawn(process.execPath, [join(ROOT, 'server/main-demo.ts'), '--rate', '2'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  return new Promise((resolve, reject) => {
    child.once('close', (code) => reject(new Error(`The demo ended with ${code}:\n${said}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const url = /Admin +(\S+)\/admin/.exec(said)?.[1];
      const apiKey = /API key +(\S+)/.exec(said)?.[1];
      const [, email, password] = /Sign in +(\S+) +(\S+)\s/.exec(said) ?? [];
      if (url && apiKey && email && password) resolve({ demo: { url, apiKey, email, password }, child });
    });
  });
}

/** The addresses of all pages, with somebody's and something's id where one has an id in it. */
async function addressesOf({ url, apiKey }: Demo): Promise<{ name: string; address: string }[]> {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      query: `{ generations(first: 1) { edges { node { id account { id } } } } }`,
    }),
  });
  const { data } = (await answer.json()) as {
    data: { generations: { edges: { node: { id: string; account: { id: string } } }[] } };
  };
  const node = data.generations.edges[0]?.node;
  const pages = join(ROOT, 'client/admin/pages');
  return readdirSync(pages).flatMap((name) => {
    const path = /path: '([^']+)'/.exec(readFileSync(join(pages, name, 'route.ts'), 'utf8'))?.[1] ?? '';
    const address = path
      .replace('$accountId', node?.account.id ?? '')
      .replace('$generationId', node?.id ?? '');
    return address === '' || address.includes('$') ? [] : [{ name, address }];
  });
}

async function signIn(page: Page, { url, email, password }: Demo): Promise<void> {
  await page.goto(`${url}/admin/sign-in`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor({ state: 'attached' });
}

async function openPage(browser: Browser, demo: Demo, view: (typeof VIEWS)[number]): Promise<Page> {
  const { colorScheme, viewport } = view;
  const context = await browser.newContext({
    colorScheme,
    viewport,
    locale: 'en-US',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await signIn(page, demo);
  return page;
}

async function show(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await settled(page);
}

const { values } = parseArgs({ options: { 'overview-only': { type: 'boolean', default: false } } });
const folder = mkdtempSync(join(tmpdir(), 'solvent-screenshots-'));
const browser = await openBrowser();
const { demo, child } = await startDemo(folder);
try {
  const overview = await openPage(browser, demo, VIEWS[0]);
  await show(overview, `${demo.url}/admin/`);
  await overview.waitForTimeout(LIVE_MS);
  mkdirSync(join(ROOT, 'docs'), { recursive: true });
  await overview.screenshot({ path: join(ROOT, 'docs/overview.png') });
  const addresses = values['overview-only'] ? [] : await addressesOf(demo);
  for (const view of addresses.length === 0 ? [] : VIEWS) {
    const page = await openPage(browser, demo, view);
    for (const { name, address } of addresses) {
      await show(page, `${demo.url}/admin${address}`);
      await page.screenshot({ path: join(ROOT, `screenshots/${name}-${view.name}.png`), fullPage: true });
    }
    await page.context().close();
  }
} finally {
  await browser.close();
  child.removeAllListeners('close');
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('close', resolve));
  rmSync(folder, { recursive: true, force: true });
}
console.log(
  `The overview is in docs/overview.png${values['overview-only'] ? '' : ', all pages are in screenshots/'}.`,
);
