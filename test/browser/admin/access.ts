/** Coming in, going out, and coming back to where one was. */
import { expect, test } from 'vitest';
import { type Stage, signIn } from './stage.ts';

export function accessSuite(stage: () => Stage): void {
  test('leads whoever is not signed in to the sign-in, and from there to where they wanted to go', async () => {
    const page = await stage().openSignedOut('/generations?status=FAILED');
    await page.getByLabel('E-mail').fill('nobody@example.com');
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This e-mail address and password do not belong together.').waitFor();
    await signIn(page);
    await page.getByRole('heading', { level: 1, name: 'Generations' }).waitFor();
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(
      '/admin/generations?status=FAILED',
    );
    expect(await page.getByRole('radio', { name: 'Failed' }).isChecked()).toBe(true);
    await page.context().close();
  });

  test('asks to sign in again when the session has ended, and goes on where one was', async () => {
    const page = await stage().openSignedOut('/sign-in');
    await signIn(page);
    await page.goto('/admin/keys');
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor();
    // A connection that is still being made would find out by itself.
    await page.getByText('Live', { exact: true }).waitFor();
    await page.context().clearCookies();
    await page.getByRole('link', { name: 'Audit log' }).click();
    await page.getByText('Your session has ended.').waitFor();
    await signIn(page);
    await page.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('Sign in to the admin.').or(page.getByText('Your session has ended.')).waitFor();
    await page.context().close();
  });

  test('says in a form that the session has ended, and keeps what was typed', async () => {
    const page = await stage().openSignedOut('/sign-in');
    await signIn(page);
    await page.goto('/admin/plans');
    await page.getByRole('button', { name: 'Change the list' }).click();
    const dialog = page.getByRole('dialog', { name: 'Change the price list' });
    await dialog.getByLabel('Reason').fill('It was typed');
    await page.context().clearCookies();
    await dialog.getByRole('button', { name: 'Change' }).click();
    await page.getByRole('alert').getByText('Your session has ended', { exact: true }).waitFor();
    expect(await dialog.getByLabel('Reason').inputValue()).toBe('It was typed');
    await page.context().close();
  });

  test('shows a deep link after a reload, and says so when there is nothing', async () => {
    const page = await stage().open('/catalogue?operation=GENERATE_VIDEO&only=below-floor');
    const rows = page.getByRole('table', { name: 'Models and prices' }).getByRole('row');
    await page.getByText('below the floor').first().waitFor();
    const before = await rows.allInnerTexts();
    await page.reload();
    await page.getByText('below the floor').first().waitFor();
    expect(await rows.allInnerTexts()).toEqual(before);
    await page.goto('/admin/no/such/page');
    await page.getByText('There is no such page').waitFor();
    await page.context().close();
  });
}
