/** Alerts, their rules, and the channels that they are delivered to. */
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { startReceiver } from '../../support/receiver.ts';
import { liveLineOf, type Stage } from './stage.ts';

export function alertsSuite(stage: () => Stage): void {
  const raise = (subject: string, title: string) =>
    stage().server.core.alerts.raise({
      kind: 'BILL_MISMATCH',
      subject,
      severity: 'WARNING',
      title,
      detail: 'The bill has $12.50 more than the books.',
    });

  test('shows an alert in every window as it opens, is acknowledged and ends, also after an interruption', async () => {
    const mine = await stage().open('/alerts?search=Luma');
    const other = await stage().open('/settings');
    const line = await liveLineOf(other);
    await other.goto('/admin/alerts?search=Luma');
    await mine.getByText('No alert is like that').waitFor();
    await other.getByText('No alert is like that').waitFor();
    await raise('luma', "Luma's bill is not what was booked");
    const rowOf = (page: typeof mine) => page.getByRole('row', { name: /Luma's bill/ });
    await Promise.all([rowOf(mine).waitFor(), rowOf(other).waitFor()]);
    await other
      .getByRole('navigation', { name: 'Pages' })
      .getByText(/^\d+ open$/)
      .waitFor();

    await rowOf(mine)
      .getByRole('button', { name: /^Acknowledge/ })
      .click();
    await rowOf(mine).getByText('Known').filter({ visible: true }).waitFor();
    await rowOf(other).getByText('Known').filter({ visible: true }).waitFor();

    await other.getByRole('link', { name: "Luma's bill is not what was booked" }).click();
    await other.getByRole('heading', { level: 1, name: /Luma's bill/ }).waitFor();
    await line.cut();
    await other.getByText('Live data is interrupted').waitFor();
    await mine.getByRole('link', { name: "Luma's bill is not what was booked" }).click();
    await mine.getByRole('button', { name: 'End this alert' }).click();
    const dialog = mine.getByRole('dialog', { name: 'End this alert?' });
    await dialog.getByLabel('Reason').fill('Luma has sent another bill');
    await dialog.getByRole('button', { name: 'End it' }).click();
    await mine.getByText('Luma has sent another bill').waitFor();
    expect(await other.getByText('Luma has sent another bill').count()).toBe(0);
    line.mend();
    await other.getByText('Luma has sent another bill').waitFor();

    const history = other.getByRole('region', { name: 'History' });
    const numbers = await history.getByText(/, number \d+$/).allInnerTexts();
    expect(numbers.map((text) => text.replace(/\d+$/, 'N'))).toEqual([
      'Opened, number N',
      'Acknowledged, number N',
      'Over, number N',
    ]);
    const sequences = numbers.map((text) => Number(/\d+$/.exec(text)?.[0]));
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    await history.getByText('by admin@example.com').first().waitFor();
    await Promise.all([mine.context().close(), other.context().close()]);
  });

  test('acknowledges with a note that the others read, and takes it back where the server refuses', async () => {
    await raise('pika', "Pika's bill is not what was booked");
    const page = await stage().open('/alerts?search=Pika');
    const row = page.getByRole('row', { name: /Pika's bill/ });
    await row.waitFor();
    await page.route('**/graphql', async (request) => {
      // What names an alert is the acknowledgement; the page may just be asking again for what it shows.
      if (!request.request().postData()?.includes('"alt_')) return request.continue();
      await request.fulfill({
        status: 503,
        contentType: 'application/json',
        body: JSON.stringify({
          errors: [{ message: 'Not now.', extensions: { code: 'SERVICE_UNAVAILABLE' } }],
        }),
      });
    });
    await row.getByRole('button', { name: /^Acknowledge/ }).click();
    await page.getByText('Not now.').first().waitFor();
    await row.getByRole('button', { name: /^Acknowledge/ }).waitFor();
    await page.unroute('**/graphql');
    await row.getByRole('link').click();
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    const dialog = page.getByRole('dialog', { name: 'Acknowledge this alert?' });
    await dialog.getByLabel('Note').fill('Asked their support');
    await dialog.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByRole('region', { name: 'History' }).getByText('Asked their support').waitFor();
    await page.context().close();
  });

  test('sets a threshold of a rule, and refuses one that cannot be at its field', async () => {
    const page = await stage().open('/alert-rules');
    await page.getByRole('button', { name: 'Change: Cost of the free tier' }).click();
    const dialog = page.getByRole('dialog', { name: 'Cost of the free tier' });
    const [first] = await dialog.getByRole('textbox').all();
    await first?.fill('a lot');
    await dialog.getByRole('button', { name: 'Set' }).click();
    await expect.poll(() => first?.getAttribute('aria-invalid')).toBe('true');
    await first?.fill('7.25');
    await dialog.getByRole('button', { name: 'Set' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page
      .getByRole('row', { name: /Cost of the free tier/ })
      .getByText('$7.25')
      .waitFor();
    await page.context().close();
  });

  test('adds a channel whose test arrives, signed by the secret that was shown, and tries a dead message anew', async () => {
    const receiver = await startReceiver();
    try {
      const page = await stage().open('/alert-channels');
      await page.getByRole('button', { name: 'Add a channel' }).click();
      const dialog = page.getByRole('dialog', { name: 'Add a channel' });
      await dialog.getByRole('textbox', { name: 'Name' }).fill('on call');
      await dialog.getByRole('textbox', { name: 'URL' }).fill('ftp://example.com');
      await dialog.getByRole('button', { name: 'Add' }).click();
      await expect
        .poll(() => dialog.getByRole('textbox', { name: 'URL' }).getAttribute('aria-invalid'))
        .toBe('true');
      await dialog.getByRole('textbox', { name: 'URL' }).fill(receiver.url);
      await dialog.getByRole('button', { name: 'Add' }).click();
      const secret = (await page.getByLabel('The secret of the webhook').textContent()) ?? '';
      await page.getByRole('button', { name: 'I have it' }).click();

      await page.getByRole('button', { name: 'Send a test to on call' }).click();
      const arrived = await receiver.nth(1);
      new Webhook(secret).verify(arrived.body, arrived.headers as Record<string, string>);
      expect(JSON.parse(arrived.body)).toMatchObject({ type: 'alerts.test' });
      await page.getByRole('row', { name: /Delivered.*A test to on call/ }).waitFor();

      receiver.behave({ status: 500 });
      await page.getByRole('button', { name: 'Send a test to on call' }).click();
      await page.getByText('The test did not arrive at “on call”').waitFor();
      await page.locator('label').filter({ hasText: 'Dead' }).click();
      const dead = page.getByRole('row', { name: /Dead.*A test to on call/ });
      await dead.waitFor();
      receiver.behave({ status: 204 });
      await dead.getByRole('button', { name: /^Try again/ }).click();
      await receiver.nth(3);
      await dead.waitFor({ state: 'detached' });

      await page.getByRole('button', { name: 'More for on call' }).click();
      await page.getByRole('menuitem', { name: 'Remove' }).click();
      await page.getByRole('button', { name: 'Remove it for good' }).click();
      await page.getByText('Nobody is told of alerts yet').waitFor();
      await page.context().close();
    } finally {
      await receiver.close();
    }
  });
}
