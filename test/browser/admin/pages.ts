/** Every page: what axe-core says of it in both colour schemes, and whether a phone has to scroll sideways. */
import { expect, test } from 'vitest';
import { CHEAP } from '../../support/client.ts';
import { type Stage, settled, violationsOf } from './stage.ts';

/** The addresses of all pages; `:user` and `:generation` are filled in. A new page is added here. */
const PAGES = [
  '/',
  '/budgets',
  '/users',
  '/users/:user',
  '/generations',
  '/generations/:generation',
  '/catalogue',
  '/providers',
  '/keys',
  '/audit',
  '/settings',
  '/sign-in',
] as const;

export function pagesSuite(stage: () => Stage): void {
  const addresses = async () => {
    const { admin } = stage().server;
    const user = await admin.account(100);
    const { id: generation = '' } = await admin.generateImage({ ...CHEAP, accountId: user });
    return PAGES.map((page) => page.replace(':user', user).replace(':generation', generation));
  };

  for (const colors of ['light', 'dark'] as const) {
    test(`have no violation of WCAG 2.2 AA, ${colors}`, async () => {
      const all = await addresses();
      const page = await stage().open('/', { colors });
      const found: string[] = [];
      for (const address of all) {
        await page.goto(`/admin${address}`);
        await settled(page);
        found.push(...(await violationsOf(page)).map((violation) => `${address}: ${violation}`));
      }
      expect(found).toEqual([]);
      await page.context().close();
    });
  }

  test('fit a phone', async () => {
    const all = await addresses();
    const page = await stage().open('/', { phone: true });
    const found: string[] = [];
    for (const address of all) {
      await page.goto(`/admin${address}`);
      await settled(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) found.push(`${address} is ${wide} px wider than a phone.`);
    }
    expect(found).toEqual([]);
    await page.context().close();
  });
}
