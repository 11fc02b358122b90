/** The profit explorer: views that are links, and a file that says what the page says. */
import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { CHEAP } from '../../support/client.ts';
import { settled } from '../../support/settled.ts';
import type { Stage } from './stage.ts';

export function profitSuite(stage: () => Stage): void {
  test('groups by several things and filters by an address, and its CSV is what the page shows', async () => {
    const { admin } = stage().server;
    const first = await admin.account(100);
    const second = await admin.account(100);
    for (const accountId of [first, second]) await admin.generateImage({ ...CHEAP, accountId });
    await admin.generateImage({ ...CHEAP, model: 'openai/gpt-image-2', size: '1024x1024', accountId: first });
    const search = new URLSearchParams({
      days: '7',
      by: JSON.stringify(['PROVIDER', 'MODEL', 'TIER']),
      operations: JSON.stringify(['GENERATE_IMAGE']),
      compare: 'true',
    });
    const page = await stage().open(`/profit?${search}`);
    await settled(page);
    const table = page.getByRole('table', { name: 'Profit by provider, model, tier' });
    const shown = await table.locator('tbody tr').evaluateAll((rows) =>
      rows.map((row) => {
        const cells = [...row.children];
        const exact = (cell: Element | undefined) =>
          cell?.querySelector('data')?.getAttribute('value') ?? cell?.textContent ?? '';
        return {
          names: cells.slice(0, 2).map((cell) => cell.textContent),
          calls: exact(cells[3]),
          cost: exact(cells[7]),
          revenue: exact(cells[9]),
        };
      }),
    );
    expect(shown.length).toBeGreaterThan(1);
    expect(await table.getByRole('columnheader', { name: 'Profit before' }).count()).toBe(1);

    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download as CSV' }).click();
    const file = await (await downloading).path();
    const rows = parse(await readFile(file), { columns: true, bom: true }) as Record<string, string>[];
    expect(
      rows.map(({ provider, model, calls, cost, revenue }) => ({
        names: [provider, model],
        calls,
        cost,
        revenue,
      })),
    ).toEqual(shown);

    // What is chosen is in the address, so that the address is the view.
    await page
      .getByRole('combobox', { name: 'Models' })
      .or(page.getByRole('textbox', { name: 'Models' }))
      .click();
    await page.getByRole('option', { name: 'openai/gpt-image-2' }).click();
    await page.waitForFunction(() =>
      decodeURIComponent(location.search).includes('models=["openai/gpt-image-2"]'),
    );
    await expect.poll(() => table.locator('tbody tr').count()).toBe(1);
    const address = page.url();
    await page.reload();
    await settled(page);
    expect(page.url()).toBe(address);
    expect(await table.locator('tbody tr').count()).toBe(1);
    await page.context().close();
  });

  test('shows a page as it is without what its address cannot say, and takes no year of five digits', async () => {
    const page = await stage().open('/profit?from=zzz&to=zzzz&days=abc&by=FOO');
    await page.getByRole('table', { name: 'Profit by provider' }).waitFor();
    for (const address of ['/books?from=x&to=y&show=no', '/business?days=x', '/plans?show=no']) {
      await page.goto(`/admin${address}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await settled(page);
      expect(await page.getByText(/This page broke|That did not work/).count()).toBe(0);
      expect(new URL(page.url()).search).toBe('');
    }
    await page.goto('/admin/catalogue');
    await page
      .getByRole('button', { name: /^Change the price of/ })
      .first()
      .click();
    const from = page.getByRole('dialog').getByLabel('From');
    await from.pressSequentially('0101202777');
    expect(await from.inputValue()).toMatch(/^(\d{4}-01-01)?$/);
    await page.context().close();
  });

  test('takes a range of days by the keyboard, digit by digit', async () => {
    for (const [address, label, typed] of [
      ['/profit?from=2026-03-01&to=2026-03-31', 'To', '10152026'],
      ['/books?from=2026-03-01&to=2026-03-31', 'From', '12152025'],
    ] as const) {
      const page = await stage().open(address);
      const field = page.getByLabel(label, { exact: true });
      await field.focus();
      for (const digit of typed) await page.keyboard.type(digit);
      const day = `${typed.slice(4)}-${typed.slice(0, 2)}-${typed.slice(2, 4)}`;
      await page.waitForURL((url) => url.searchParams.get(label.toLowerCase()) === day);
      expect(await field.inputValue()).toBe(day);
      expect(new URL(page.url()).searchParams.get(label === 'To' ? 'from' : 'to')).toBe(
        label === 'To' ? '2026-03-01' : '2026-03-31',
      );
      await page.context().close();
    }
  });
}
