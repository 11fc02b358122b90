/** The admin while its server dies and comes back: a real process, killed by the system's own means. */
import { rmSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeInBrowser, openBrowser } from '../support/browser.ts';
import { CHEAP } from '../support/client.ts';
import { openTestDatabase, postgresIsReachable, type TestDatabase } from '../support/databases.ts';
import { type DatabaseProxy, openProxy } from '../support/proxy.ts';
import {
  prepareFolder,
  reachable,
  type SpawnedServer,
  spawnReady,
  temporaryFolder,
} from '../support/server.ts';
import { ADMIN, DESK, signIn } from './admin/stage.ts';

describeInBrowser('the admin beside a server that is killed', () => {
  let browser: Browser;
  let folder: string;
  let env: Readonly<Record<string, string>>;
  let server: SpawnedServer;
  beforeAll(async () => {
    [browser, folder] = await Promise.all([openBrowser(), prepareFolder()]);
    env = { ...(await reachable()), ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password };
    server = await spawnReady({ folder, env });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  test('says that it is cut off, and shows the right figures by itself when the server is back', {
    timeout: 120_000,
  }, async () => {
    const url = await server.ready;
    const page = await browser.newPage({ viewport: DESK, baseURL: url, reducedMotion: 'reduce' });
    page.setDefaultTimeout(60_000);
    await page.goto('/admin/sign-in');
    await signIn(page);
    await page.getByText('Live', { exact: true }).waitFor();
    const accountId = await server.admin.account(100);
    await server.admin.generateImage({ ...CHEAP, accountId });
    const today = page.getByRole('region', { name: 'Today' });
    const cost = today.locator('data').first();
    await expect.poll(() => cost.getAttribute('value'), { timeout: 10_000 }).toBe('0.003');
    await page.evaluate(() => Object.assign(window, { loadedOnce: true }));

    await server.kill('SIGKILL');
    await page.getByText('Live data is interrupted').waitFor();
    // What is known stays on the page meanwhile.
    expect(await cost.getAttribute('value')).toBe('0.003');

    server = await spawnReady({ folder, env });
    await server.admin.generateImage({ ...CHEAP, accountId });
    await page.getByText('Live data is interrupted').waitFor({ state: 'detached' });
    await page.getByText('Live', { exact: true }).waitFor();
    await expect.poll(() => cost.getAttribute('value'), { timeout: 10_000 }).toBe('0.006');
    // By itself: the page was not loaded again, and nobody signed in again.
    expect(await page.evaluate(() => 'loadedOnce' in window)).toBe(true);
    await page.context().close();
  });
});

describeInBrowser('the admin beside a database that goes away', () => {
  let browser: Browser;
  let opened: TestDatabase;
  let proxy: DatabaseProxy;
  let server: SpawnedServer;
  const isReachable = postgresIsReachable();
  beforeAll(async () => {
    if (!(await isReachable)) return;
    [browser, opened] = await Promise.all([openBrowser(), openTestDatabase('postgres')]);
    proxy = await openProxy(opened.url ?? '');
    const folder = temporaryFolder();
    const admin = { ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password };
    server = await spawnReady({
      folder,
      env: { ...admin, DATABASE_URL: proxy.url, SANDBOX: 'on', LOG_LEVEL: 'silent' },
    });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.kill('SIGKILL');
    await proxy?.[Symbol.asyncDispose]();
    await opened?.close();
  });

  test('watches by itself, when it is back, what was opened meanwhile', { timeout: 120_000 }, async ({
    skip,
  }) => {
    if (!(await isReachable)) return skip();
    const page = await browser.newPage({ viewport: DESK, baseURL: await server.ready });
    page.setDefaultTimeout(60_000);
    await page.goto('/admin/sign-in');
    await signIn(page);
    await page.getByText('Live', { exact: true }).waitFor();
    await server.admin.generateImage({ ...CHEAP, accountId: await server.admin.account(100) });
    await page.getByRole('link', { name: 'Settings', exact: true }).click();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    proxy.cutAnswers();
    // Longer than the server goes by what it knows of a session.
    await page.waitForTimeout(3_000);
    await page.getByRole('link', { name: 'Overview' }).click();
    const today = page.getByRole('region', { name: 'Today', exact: true });
    await today.waitFor();
    await page.getByText('Not available at present').first().waitFor();
    proxy.restore();
    const cost = today.locator('data').first();
    await expect.poll(() => cost.getAttribute('value'), { timeout: 30_000 }).toBe('0.003');
    // The rest is asked for again every ten seconds.
    const notes = page.getByText('Not available at present');
    await expect.poll(() => notes.count(), { timeout: 20_000 }).toBe(0);
    await page.context().close();
  });
});
