/** API keys. */
import { expect, test } from 'vitest';
import { unique } from '../../support/client.ts';
import type { Stage } from './stage.ts';

export function keysSuite(stage: () => Stage): void {
  test('makes a key that is shown once and works, and revokes it', async () => {
    const { server } = stage();
    const page = await stage().open('/keys');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('the shop');
    await dialog.getByLabel('profit:read').check();
    await dialog.getByRole('button', { name: 'Make it' }).click();
    const key = (await dialog.getByLabel('The new API key').textContent()) ?? '';
    expect(key).toMatch(/^slv_/);
    const viewer = '{ viewer { kind scopes } }';
    expect(await server.as(key).ask(viewer)).toEqual({
      viewer: { kind: 'API_KEY', scopes: ['generate', 'accounts:write', 'profit:read'] },
    });
    await dialog.getByRole('button', { name: 'I have it' }).click();
    await page.getByRole('row', { name: /the shop/ }).waitFor();
    expect(await page.getByText(key).count()).toBe(0);

    await page.getByRole('button', { name: 'Revoke the shop' }).click();
    await page.getByRole('dialog', { name: 'Revoke “the shop”?' }).getByText(key.slice(0, 12)).waitFor();
    await page.getByRole('button', { name: 'Revoke it for good' }).click();
    await page.getByRole('row', { name: /the shop.*Revoked/ }).waitFor();
    // The button that had the focus is gone: whoever uses the keyboard is where it was.
    await page.locator('section[aria-label="API keys"]:focus').waitFor();
    expect((await server.as(key).send(viewer)).status).toBe(401);
    await page.context().close();
  });

  test('shows a key that was made though its dialog was closed meanwhile: nobody could be shown it later', async () => {
    const page = await stage().open('/keys');
    const name = unique('closed');
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route('**/graphql', async (route) => {
      if (route.request().postData()?.includes(name)) await held;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Make a key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByRole('button', { name: 'Make it' }).click();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    answer();
    await page.getByRole('dialog', { name: 'Copy the key now' }).getByLabel('The new API key').waitFor();
    await page.context().close();
  });
}
