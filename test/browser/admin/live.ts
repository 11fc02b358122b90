/** What is shown when the live connection is lost, and where there can be none. */
import { expect, test } from 'vitest';
import { CHEAP } from '../../support/client.ts';
import { liveLineOf, type Stage } from './stage.ts';

export function liveSuite(stage: () => Stage): void {
  test('says that live data is interrupted, tries again by itself, and shows what was missed', async () => {
    const { admin } = stage().server;
    const accountId = await admin.account(100);
    const page = await stage().open('/settings');
    const line = await liveLineOf(page);
    await page.goto('/admin/');
    await page.getByText('Live', { exact: true }).waitFor();
    const cost = page.getByRole('region', { name: 'Today' }).locator('data').first();
    await cost.waitFor();
    await line.cut();
    await page.getByText('Live data is interrupted').waitFor();
    const before = await cost.getAttribute('value');
    await admin.generateImage({ ...CHEAP, accountId });
    expect(await cost.getAttribute('value')).toBe(before);
    line.mend();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('Live data is interrupted').waitFor({ state: 'detached' });
    await expect.poll(() => cost.getAttribute('value')).not.toBe(before);
    await page.context().close();
  });

  test('says while live data is interrupted what it is told when it asks', async () => {
    const { admin } = stage().server;
    const change = (name: string) => admin.ask(`mutation { ${name}(reason: "Elsewhere") { state } }`, {});
    const page = await stage().open('/settings');
    const line = await liveLineOf(page);
    await page.goto('/admin/');
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('region', { name: 'Today' }).locator('data').first().waitFor();
    await line.cut();
    await page.getByText('Live data is interrupted').waitFor();
    await change('suspendService');
    await page.getByText('Paid calls are stopped', { exact: true }).waitFor();
    await change('resumeService');
    await page.context().close();
  });

  test('leaves the browser connections for other tabs where it is live by server-sent events', async () => {
    const first = await stage().open('/settings');
    const context = first.context();
    await context.routeWebSocket(/\/graphql$/, (socket) => socket.close({ code: 1006 }));
    await first.goto('/admin/');
    await first.getByText('Live', { exact: true }).waitFor();
    const look = (page: typeof first, state: string) =>
      page.evaluate((visibility) => {
        Object.defineProperty(document, 'visibilityState', { value: visibility, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    await look(first, 'hidden');
    await first.getByText('Live', { exact: true }).waitFor({ state: 'detached' });
    const second = await context.newPage();
    await second.goto('/admin/');
    await second.getByText('Live', { exact: true }).waitFor();
    await second.goto('/admin/users');
    await second.getByRole('table', { name: 'Users' }).waitFor();
    await look(first, 'visible');
    await first.getByText('Live', { exact: true }).waitFor();
    await context.close();
  });

  test('says of nothing that it is not there while nothing of it is known', async () => {
    const page = await stage().open('/settings');
    await page.routeWebSocket(/\/graphql$/, (socket) => socket.close({ code: 1013 }));
    // Refused as a busy server refuses, which the page may say in its console, where a connection cut off may not.
    await page.route('**/graphql', (route) =>
      route.request().headers().accept === 'text/event-stream'
        ? route.fulfill({ status: 503 })
        : route.continue(),
    );
    await page.goto('/admin/');
    await page.getByRole('table', { name: 'Budgets' }).getByRole('row').nth(1).waitFor();
    await page.getByRole('region', { name: 'Cost by provider' }).waitFor();
    expect(await page.getByText('What is made shows up here at once.').count()).toBe(0);
    await page.context().close();
  });

  test('is live by server-sent events where no WebSocket can be opened', async () => {
    const { admin } = stage().server;
    const accountId = await admin.account(100);
    const page = await stage().open('/settings');
    await page.routeWebSocket(/\/graphql$/, (socket) => socket.close({ code: 1006 }));
    // Also where nothing happens that could be told.
    await page.goto('/admin/users');
    await page.getByText('Live', { exact: true }).waitFor();
    await page.goto('/admin/');
    await page.getByText('Live', { exact: true }).waitFor();
    const cost = page.getByRole('region', { name: 'Today' }).locator('data').first();
    await cost.waitFor();
    const before = await cost.getAttribute('value');
    await admin.generateImage({ ...CHEAP, accountId });
    await expect.poll(() => cost.getAttribute('value')).not.toBe(before);
    await page.context().close();
  });

  test('shows of another generation nothing that was watched of the one before', async () => {
    const { admin } = stage().server;
    const accountId = await admin.account(100);
    const { id: done } = await admin.generateImage({ ...CHEAP, accountId, prompt: 'A quiet harbour' });
    const { id: slow } = await admin.generateImage({
      ...CHEAP,
      accountId,
      prompt: 'A lighthouse [sandbox:slow=3000]',
      waitMs: 0,
    });
    const page = await stage().open(`/generations/${slow}`);
    const words = page.getByText('A lighthouse').first();
    await words.waitFor();
    await page.getByText('Succeeded', { exact: true }).first().waitFor();
    await page.evaluate((to) => {
      history.pushState({}, '', to);
      dispatchEvent(new PopStateEvent('popstate'));
    }, `/admin/generations/${done}`);
    await page.getByText('A quiet harbour').waitFor();
    expect(await words.count()).toBe(0);
    await page.context().close();
  });
}
