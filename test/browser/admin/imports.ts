/** Files of history: sent, looked at, imported. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { csv, row } from '../../history/fixture.ts';
import type { Stage } from './stage.ts';

export function importsSuite(stage: () => Stage): void {
  test('looks at a file before it is imported, and gives the rows back that are wrong', async () => {
    const { server } = stage();
    const booked = () =>
      server.rows("SELECT external_id AS id FROM imported_call WHERE external_id LIKE 'page-%' ORDER BY 1");
    const file = csv(row('page-1'), row('page-2', { cost: 'much' }), row('page-3', { revenue: '0.30' }));
    const page = await stage().open('/import');
    await page.locator('input[type=file]').setInputFiles({
      name: 'history.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(file),
    });
    await page.getByRole('button', { name: 'Send and check it' }).click();
    await page.getByRole('heading', { level: 1, name: 'history.csv' }).waitFor();
    const summary = page.getByRole('region', { name: 'What is in it' });
    await page.getByText('Waits for you').waitFor();
    await summary.getByText('$0.16').waitFor();
    await summary.getByText('$0.46').waitFor();
    await summary.getByText('$0.30').waitFor();
    await summary.getByText('Margin 65.2').waitFor();
    await page.getByRole('row', { name: /^3 cost: "much"/ }).waitFor();
    expect(await booked()).toEqual([]);

    await page.getByRole('button', { name: 'Import it' }).click();
    const dialog = page.getByRole('dialog', { name: 'Import “history.csv”?' });
    await dialog.getByText('2 calls will be in the books').waitFor();
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.reload();
    await page.getByText('Imported', { exact: true }).waitFor();
    expect(await booked()).toEqual([{ id: 'page-1' }, { id: 'page-3' }]);

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download the rejected rows' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('history.csv.rejected.csv');
    const rejected = await readFile(await download.path(), 'utf8');
    expect(rejected.split('\r\n')[1]).toMatch(/^page-2,.*,much,.*,3,/);
    await page.getByRole('link', { name: 'All files' }).click();
    await page.getByRole('row', { name: /Imported history\.csv 3 2 1 / }).waitFor();
    await page.context().close();
  });

  test('goes on with a file that was cut off half-way, without sending again what is here', async () => {
    const { server } = stage();
    const file = Buffer.from(csv(...Array.from({ length: 50 }, (_, index) => row(`cut-${index}`))));
    const made = await server.core.imports.create({ fileName: 'cut.csv', bytes: file.length }, 'admin');
    const id = made.status === 'created' ? made.id : '';
    await server.core.imports.receive(id, 0, file.subarray(0, 1_000));
    const page = await stage().open(`/import/imp_${id}`);
    await page.getByRole('progressbar', { name: 'Sent' }).waitFor();
    const input = page.locator('input[type=file]');
    await input.setInputFiles({ name: 'other.csv', mimeType: 'text/csv', buffer: file });
    await page.getByText('It is not the same file: choose cut.csv.').waitFor();
    const sent: string[] = [];
    page.on('request', (request) => request.method() === 'PUT' && sent.push(new URL(request.url()).search));
    await input.setInputFiles({ name: 'cut.csv', mimeType: 'text/csv', buffer: file });
    await page.getByText('Waits for you').waitFor();
    expect(sent).toEqual(['?position=1000']);
    await page.context().close();
  });

  test('asks no more for a file that is not there', async () => {
    const page = await stage().open('/import/imp_gone');
    await page.getByText('There is no such file').waitFor();
    let asked = 0;
    page.on('request', (request) => {
      if (request.postData()?.includes('imp_gone')) asked += 1;
    });
    await page.waitForTimeout(2_500);
    expect(asked).toBe(0);
    await page.context().close();
  });
}
