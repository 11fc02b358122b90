/** A newcomer's first minute: GraphiQL on a local start, with nothing typed. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeInBrowser, openBrowser } from '../support/browser.ts';
import { type SpawnedServer, spawnReady, temporaryFolder } from '../support/server.ts';

describeInBrowser('GraphiQL on a local start', () => {
  let browser: Browser;
  let server: SpawnedServer;
  beforeAll(async () => {
    [browser, server] = await Promise.all([
      openBrowser(),
      spawnReady({ folder: temporaryFolder(), env: { SANDBOX_SPEED: 'instant' } }),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.kill('SIGTERM');
  });

  test('runs the example that is there and gets a real picture, with its price, cost, revenue and margin', async () => {
    const page = await browser.newPage();
    const failures: string[] = [];
    page.on('pageerror', (error) => failures.push(error.message));
    page.on('requestfailed', (request) => {
      if (request.url().startsWith('http')) failures.push(request.url());
    });
    await page.goto(`${await server.ready}/graphql`);
    const answered = page.waitForResponse(
      (response) =>
        response.request().method() === 'POST' &&
        (response.request().postData() ?? '').includes('GenerateImage'),
    );
    await page.getByRole('button', { name: /execute query/i }).click();
    const { data } = (await (await answered).json()) as {
      data: { generateImage: { outputs: { url: string }[] } };
    };
    expect(data.generateImage).toMatchObject({
      status: 'SUCCEEDED',
      model: 'replicate/sdxl',
      creditsCharged: 2,
      cost: { amount: '0.003' },
      revenue: { amount: '0.02' },
      margin: 0.85,
      attempts: [{ outcome: 'SUCCEEDED', cost: { amount: '0.003' } }],
      account: { balance: { available: 98, reserved: 0, posted: 98 } },
    });
    await page.getByText('"creditsCharged"').waitFor();

    await page.goto(data.generateImage.outputs[0]?.url ?? '');
    const size = await page
      .locator('img')
      .evaluate((image) => [
        (image as HTMLImageElement).naturalWidth,
        (image as HTMLImageElement).naturalHeight,
      ]);
    expect(size).toEqual([1024, 1024]);
    expect(failures).toEqual([]);
    await page.close();
  });
});
