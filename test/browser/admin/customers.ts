/** Users: found, looked at, and given credits. */
import { expect, test } from 'vitest';
import { CHEAP } from '../../support/client.ts';
import { settled } from '../../support/settled.ts';
import type { Stage } from './stage.ts';

export function customersSuite(stage: () => Stage): void {
  test('finds a user, gives credits once, and shows them in the ledger', async () => {
    const { server } = stage();
    for (const name of ['ada', 'grace']) {
      await server.admin.account(0, { externalId: name, email: `${name}@example.com` });
    }
    const page = await stage().open('/users');
    await page.getByRole('link', { name: 'grace' }).waitFor();
    await page.getByLabel('Search').fill('ada@');
    await page.getByRole('heading', { name: 'Found by “ada@”' }).waitFor();
    expect(await page.getByRole('link', { name: 'grace' }).count()).toBe(0);
    expect(new URL(page.url()).searchParams.get('search')).toBe('ada@');
    await page.getByRole('link', { name: 'Users' }).click();
    await page.getByRole('link', { name: 'grace' }).waitFor();
    expect(await page.getByLabel('Search').inputValue()).toBe('');
    await page.getByRole('link', { name: 'ada' }).click();
    await page.getByRole('button', { name: 'Grant credits' }).click();
    const dialog = page.getByRole('dialog', { name: 'Grant credits to ada' });
    await dialog.getByLabel('Credits').fill('250');
    await dialog.getByLabel('What one credit earns').fill('0.0125');
    await dialog.getByText('and will have 250').waitFor();
    await dialog.getByText('$3.125').waitFor();
    await dialog.getByRole('button', { name: 'Grant', exact: true }).click();
    await dialog.getByText('Say why.').waitFor();
    await dialog.getByLabel('Reason').fill('Sorry for the outage');
    await dialog.getByRole('button', { name: 'Grant', exact: true }).dblclick();
    await page.getByRole('row', { name: /Given Sorry for the outage/ }).waitFor();
    await dialog.waitFor({ state: 'detached' });
    expect(await page.getByRole('row', { name: /Given/ }).count()).toBe(1);
    await page.getByRole('tab', { name: 'Grants' }).click();
    await page.getByRole('row', { name: /Admin Sorry for the outage 250 250 \$0\.0125 never/ }).waitFor();
    expect(new URL(page.url()).searchParams.get('show')).toBe('grants');
    await page.context().close();
  });

  test('draws only what is seen of a list of hundreds, and loads more when asked', async () => {
    const { server } = stage();
    await server.rows(
      `INSERT INTO account (id, external_id, created_at, updated_at)
       SELECT gen_random_uuid(), 'many-' || n, now(), now() FROM generate_series(1, 160) AS n`,
    );
    const page = await stage().open('/users?search=many-');
    const rows = page.getByRole('table', { name: 'Users' }).locator('tbody tr:has(a)');
    await rows.first().waitFor();
    for (const shown of [100, 150, 160]) {
      await page.getByRole('button', { name: 'Load more' }).click();
      if (shown < 160) await page.getByText(`${shown} shown`).waitFor();
      else await page.getByRole('button', { name: 'Load more' }).waitFor({ state: 'detached' });
    }
    expect(await page.getByRole('table', { name: 'Users' }).getAttribute('aria-rowcount')).toBe('161');
    expect(await rows.count()).toBeLessThan(80);
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await page.locator('tr[aria-rowindex="161"]').waitFor();
    await page.context().close();
  });

  test('keeps what was loaded of a list that is asked for again by the clock', async () => {
    await stage().server.rows(
      `INSERT INTO audit_log (id, at, actor, action)
       SELECT gen_random_uuid(), now() - n * interval '1 day', 'system', 'many.read' FROM generate_series(1, 120) AS n`,
    );
    const page = await stage().open('/audit?action=many');
    await page.clock.install();
    await page.reload();
    await page.getByRole('button', { name: 'Load more' }).click();
    await page.getByText('100 shown').waitFor();
    await page.clock.runFor(60_000);
    // Whatever was asked for has been answered by then.
    await settled(page);
    expect(await page.getByText('100 shown').count()).toBe(1);
    await page.context().close();
  });

  test('says in a dialog of a user what the page says that they have', async () => {
    const { server } = stage();
    const id = await server.admin.account(100);
    const page = await stage().open(`/users/${id}`);
    await page.clock.install();
    await page.reload();
    const available = page.getByText('Available', { exact: true }).locator('xpath=following-sibling::dd[1]');
    await expect.poll(() => available.textContent()).toBe('100');
    await server.admin.generateImage({ ...CHEAP, accountId: id });
    await expect.poll(() => available.textContent()).toBe('98');
    await page.clock.runFor(11_000);
    await page.getByRole('button', { name: 'Grant credits' }).click();
    await page.getByText('has 98 credits and will have 198').waitFor();
    await page.context().close();
  });
}
