/** All that can be done without a mouse. */
import { expect, test } from 'vitest';
import type { Stage } from './stage.ts';

export function keyboardSuite(stage: () => Stage): void {
  test('goes anywhere by the palette and by shortcuts, and nowhere while somebody types', async () => {
    const page = await stage().open('/');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    const search = page.getByPlaceholder('Where to, or what to do?');
    const focused = () => search.evaluate((field) => field === document.activeElement);
    await page.keyboard.press('Control+k');
    await expect.poll(focused).toBe(true);
    await page.keyboard.type('credits ledger');
    await page.keyboard.press('Escape');
    await search.waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await expect.poll(focused).toBe(true);
    await page.keyboard.type('ledger');
    // What matches is there before it is chosen, as for whoever looks.
    await page
      .getByRole('button', { name: /^Users/ })
      .last()
      .waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const heading = page.getByRole('heading', { level: 1, name: 'Users' });
    await heading.waitFor();
    // A screen reader hears where it has come to.
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Users');
    await page.getByLabel('Search').focus();
    await page.keyboard.type('gk');
    expect(await page.getByLabel('Search').inputValue()).toBe('gk');
    await heading.focus();
    await page.keyboard.type('gp');
    await page.getByRole('heading', { level: 1, name: 'Providers' }).waitFor();
    await page.keyboard.press('?');
    const list = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await list.getByText('API keys').waitFor();
    await list.getByLabel('Single keys are shortcuts').press('Space');
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'detached' });
    await page.keyboard.type('go');
    expect(await page.getByRole('heading', { level: 1, name: 'Providers' }).count()).toBe(1);
    await page.context().close();
  });
}
