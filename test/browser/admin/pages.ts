/** Every page: what axe-core says of it in both colour schemes, and whether a phone has to scroll sideways for it. */
import { expect, test } from 'vitest';
import { csv, row } from '../../history/fixture.ts';
import { CHEAP } from '../../support/client.ts';
import { settled } from '../../support/settled.ts';
import { DESK, goWithin, PHONE, type Stage, violationsOf } from './stage.ts';

/** The addresses of all pages; what begins with a colon is filled in. A new page is added here. */
const PAGES = [
  '/',
  '/profit',
  '/business',
  '/books',
  '/books?show=events',
  '/budgets',
  '/alerts?show=all',
  '/alerts/:alert',
  '/alert-rules',
  '/alert-channels',
  '/users',
  '/users/:user',
  '/generations',
  '/generations/:generation',
  '/catalogue',
  '/catalogue?model=mdl_luma/dream-machine',
  '/plans',
  '/plans?show=versions',
  '/plans?show=simulator&plan=tokens-creator',
  '/providers',
  '/keys',
  '/audit',
  '/import',
  '/import/:import',
  '/settings',
  '/sign-in',
] as const;

/** What opens over a page: where, how, and what is there then. */
const OPENED = [
  ['/profit', { field: 'Models' }],
  ['/profit', { field: 'By' }],
  ['/catalogue?operation=GENERATE_VIDEO', { button: 'Change the price of luma/dream-machine' }],
  ['/plans', { button: 'Change Pro, a month' }],
  ['/plans', { button: 'Archive Pro, a month' }],
  ['/users/:user?show=grants', { button: 'Take back' }],
  ['/alert-channels', { button: 'Add a channel' }],
  ['/budgets', { button: 'Set a budget' }],
  ['/keys', { button: 'Make a key' }],
] as const;

export function pagesSuite(stage: () => Stage): void {
  test('has no violation of WCAG 2.2 AA, light and dark, and fits a phone', {
    timeout: 180_000,
  }, async () => {
    const { admin } = stage().server;
    const user = await admin.account(100);
    const { id: generation = '' } = await admin.generateImage({ ...CHEAP, accountId: user });
    const { alerts, imports } = stage().server.core;
    await alerts.raise({ kind: 'MODEL_RETIRING', severity: 'WARNING', title: 'It retires', detail: 'Soon.' });
    const [newest] = await alerts.changesAfter((await alerts.newestSequence()) - 1, 1);
    await alerts.deliveries.createChannel('WEBHOOK', { name: 'ops', target: 'http://127.0.0.1:9/' }, 'admin');
    const file = Buffer.from(csv(row('axe-1', { cost: '-1' }), row('axe-2')));
    const made = await imports.create({ fileName: 'history.csv', bytes: file.length }, 'admin');
    const history = made.status === 'created' ? made.id : '';
    await imports.receive(history, 0, file);
    const ids: Readonly<Record<string, string>> = {
      user,
      generation,
      alert: `alt_${newest?.alert.id}`,
      import: `imp_${history}`,
    };
    const page = await stage().open('/settings');
    const found: string[] = [];
    const goTo = async (pattern: string) => {
      const address = `/admin${pattern.replace(/:(\w+)/, (_all, name: string) => ids[name] ?? '')}`;
      if (new URL(page.url()).pathname === new URL(address, page.url()).pathname) await page.goto(address);
      else await goWithin(page, address);
      await settled(page);
    };
    const lookAt = async (what: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
        const violations = await violationsOf(page, { coloursOnly: colorScheme === 'dark' });
        found.push(...violations.map((violation) => `${what}, ${colorScheme}: ${violation}`));
      }
    };
    for (const pattern of PAGES) {
      await goTo(pattern);
      await lookAt(pattern);
      await page.setViewportSize(PHONE);
      // A chart hears of a new width a moment after its page.
      await page
        .waitForFunction(() => document.documentElement.scrollWidth <= window.innerWidth, null, {
          timeout: 5_000,
        })
        .catch(() => found.push(`${pattern} is wider than a phone.`));
      await page.setViewportSize(DESK);
    }
    for (const [pattern, opens] of OPENED) {
      await goTo(pattern);
      if ('field' in opens) {
        await page.getByRole('combobox', { name: opens.field, exact: true }).press('ArrowDown');
        await page.getByRole('option').first().waitFor();
      } else {
        await page.getByRole('button', { name: opens.button }).first().click();
        await page.getByRole('dialog').getByRole('textbox').first().waitFor();
      }
      await lookAt(`${pattern} with ${'field' in opens ? opens.field : opens.button}`);
    }
    expect(found).toEqual([]);
    await page.context().close();
  });

  test('shows in high contrast what is chosen, and keeps all that can be pressed within reach at 400 %', async () => {
    const page = await stage().open('/keys');
    await page.emulateMedia({ forcedColors: 'active' });
    const styleOf = (selector: string, name: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((element, property) => getComputedStyle(element).getPropertyValue(property), name);
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByRole('checkbox', { checked: true }).first().waitFor();
    expect(await styleOf('.mantine-Checkbox-icon', 'color')).not.toBe(
      await styleOf('.mantine-Checkbox-input', 'background-color'),
    );
    await page.goto('/admin/settings');
    await page.getByRole('switch').waitFor();
    expect(await styleOf('.mantine-SegmentedControl-indicator', 'border-top-style')).toBe('solid');
    expect(await styleOf('.mantine-Switch-track', 'outline-style')).toBe('solid');
    expect(await styleOf('.mantine-Switch-thumb', 'background-color')).not.toBe(
      await styleOf('.mantine-Switch-track', 'background-color'),
    );

    // 1280 × 1024 at 400 %.
    await page.emulateMedia({ forcedColors: 'none' });
    await page.setViewportSize({ width: 320, height: 256 });
    for (const address of ['/books', '/profit']) {
      await page.goto(`/admin${address}`);
      const range = page.getByRole('radiogroup', { name: 'Range' }).locator('label');
      for (const pressed of [range.last(), page.getByRole('button', { name: 'Sign out' })]) {
        const right = await pressed.evaluate((element) => {
          element.scrollIntoView({ inline: 'nearest', block: 'nearest' });
          return element.getBoundingClientRect().right;
        });
        expect(right).toBeLessThanOrEqual(320);
      }
    }
    await page.context().close();
  });
}
