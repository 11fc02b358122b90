/** The money pages: prices, plans and their simulator, credits given and taken back, the books, the business. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { sign } from '../../billing/stage.ts';
import { CHEAP, unique } from '../../support/client.ts';
import { buy } from '../../support/shop.ts';
import { type Stage, violationsOf } from './stage.ts';

const LUMA = 'luma/dream-machine';

/** A day so many days from now, as YYYY-MM-DD of UTC. */
const dayIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

export function moneySuite(stage: () => Stage): void {
  const quoteOf = async (model: string) => {
    const { server } = stage();
    const client = server.as(await server.admin.tokenOf(await server.admin.account()));
    const { quote } = await client.ask<{ quote: { credits: number } }>(
      'query ($input: QuoteInput!) { quote(input: $input) { ... on Quote { credits } } }',
      { input: { operation: 'GENERATE_VIDEO', model } },
    );
    return quote.credits;
  };

  test('changes a price by a margin, shows before what it leaves, and a client is quoted it', async () => {
    expect(await quoteOf(LUMA)).toBe(20);
    const page = await stage().open('/catalogue?operation=GENERATE_VIDEO');
    await page.getByRole('button', { name: `Change the price of ${LUMA}` }).click();
    const dialog = page.getByRole('dialog', { name: `Price of ${LUMA}` });
    await dialog.getByRole('textbox', { name: 'Credits' }).fill('13');
    await dialog.getByRole('row', { name: /20.*40\.0%.*13.*7\.7%, below the floor/ }).waitFor();
    await dialog.getByText('This sells under the floor of margin.').waitFor();
    await dialog.getByText('By a margin', { exact: true }).click();
    await dialog.getByLabel('Margin to be left, in percent').fill('50');
    await dialog.getByText('24 credits are the fewest').waitFor();
    await dialog.getByRole('row', { name: /20.*40\.0%.*24.*50\.0%/ }).waitFor();
    await dialog.getByLabel('Reason').fill('Half should be left');
    await dialog.getByRole('button', { name: 'Set the price' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: new RegExp(`${LUMA}.*24`) }).waitFor();
    expect(await quoteOf(LUMA)).toBe(24);

    // Scheduled, it is quoted from its day on; taken back, never.
    await page.getByRole('button', { name: `Change the price of ${LUMA}` }).click();
    await dialog.getByRole('textbox', { name: 'Credits' }).fill('30');
    await dialog.getByLabel('From').fill(dayIn(9));
    await dialog.getByRole('row', { name: /24.*30/ }).waitFor();
    await dialog.getByLabel('Reason').fill('Dearer soon');
    await dialog.getByRole('button', { name: 'Schedule' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('link', { name: LUMA, exact: true }).click();
    const history = page.getByRole('table', { name: `Prices of ${LUMA}` });
    await history.getByRole('row', { name: /To come.*30/ }).waitFor();
    await history.getByRole('row', { name: /In force.*24/ }).waitFor();
    await history.getByRole('row', { name: /Past.*20/ }).waitFor();
    expect(await quoteOf(LUMA)).toBe(24);
    await history.getByRole('button', { name: 'Take back the price' }).click();
    const confirm = page.getByRole('dialog', { name: `Take the price of ${LUMA} back?` });
    await confirm.getByText('24 credits').waitFor();
    await confirm.getByLabel('Reason').fill('Not after all');
    await confirm.getByRole('button', { name: 'Take it back' }).click();
    await history.getByRole('row', { name: /To come/ }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  test('takes credits back with what they would have earned, and shows it in ledger and balance', async () => {
    const { server } = stage();
    const user = await server.admin.account(0);
    await server.admin.grant(user, 300, { reason: 'By mistake', unitRevenue: '0.0125' });
    const page = await stage().open(`/users/${user}?show=grants`);
    await page.getByRole('button', { name: 'Take back' }).click();
    const dialog = page.getByRole('dialog', { name: 'Take credits back' });
    await dialog.getByText('300 credits at $0.0125 each').waitFor();
    await dialog.getByText('$3.75 of deferred revenue').waitFor();
    await dialog.getByLabel('Credits').fill('200');
    await dialog.getByText('$2.50 of deferred revenue').waitFor();
    await dialog.getByLabel('Reason').fill('Given twice');
    await dialog.getByRole('button', { name: 'Take them back' }).dblclick();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /By mistake 300 100/ }).waitFor();
    await page.getByRole('tab', { name: 'Ledger' }).click();
    await page.getByRole('row', { name: /Taken back Given twice .*200/ }).waitFor();
    expect(await page.getByRole('row', { name: /Taken back/ }).count()).toBe(1);
    expect((await server.admin.balance(user)).available).toBe(100);

    await page.getByRole('button', { name: 'Bar', exact: true }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('Under review');
    await page.getByRole('dialog').getByRole('button', { name: 'Bar', exact: true }).click();
    await page.getByText('Under review').waitFor();
    const refused = await server.admin.generateImage({ ...CHEAP, accountId: user });
    expect(refused.code).toBe('ACCOUNT_BARRED');
    await page.getByRole('button', { name: 'Lift the bar' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('All is well');
    await page.getByRole('dialog').getByRole('button', { name: 'Lift the bar' }).click();
    await page.getByRole('button', { name: 'Bar', exact: true }).waitFor();
    await page.context().close();
  });

  test("simulates the owner's plans by their addresses, before and after fees", async () => {
    const hd = (count: number) => ({ model: 'openai/dall-e-3-hd', count });
    const clips = (count: number, durationSeconds: number) => ({
      model: 'runway/gen3a_turbo',
      count,
      durationSeconds,
    });
    const address = (price: string, uses: readonly object[]) =>
      `/plans?${new URLSearchParams({ show: 'simulator', price: JSON.stringify(price), uses: JSON.stringify(uses) })}`;
    const page = await stage().open('/plans?show=simulator');
    await page.getByText('Nothing to reckon with yet').waitFor();
    const shows = async (...rows: readonly RegExp[]) => {
      for (const name of rows)
        await page.getByRole('table', { name: 'What it leaves' }).getByRole('row', { name }).waitFor();
    };
    for (const [price, uses, before] of [
      ['9', [hd(10), clips(15, 8)], /Before fees \$9\.00 \$6\.80 .*\$2\.20 24\.4%/],
      ['9', [hd(20), clips(30, 5)], /Before fees \$9\.00 \$9\.10 .*-\$0\.10/],
      ['19.99', [hd(50), clips(60, 8)], /Before fees \$19\.99 \$28\.00 .*-\$8\.01/],
      ['19.99', [hd(30), clips(30, 8)], /Before fees \$19\.99 \$14\.40 .*\$5\.59 28\.0%/],
    ] as const) {
      await page.goto(`/admin${address(price, uses)}`);
      await shows(before);
    }
    // $19.99 less 2.9 % + $0.30 is $19.110290 less the cost of $14.40.
    await shows(/After fees \$19\.99 \$14\.40 \$0\.87971 \$4\.71029 23\.6%/);
    // What is changed on the page is the address of the next.
    await page.getByLabel('Count').first().fill('40');
    await shows(/Before fees \$19\.99 \$15\.20 /);
    expect(new URL(page.url()).searchParams.get('uses')).toContain('"count":40');
    await page.getByLabel('Credits').fill('1,000');
    await page.getByText('Give a whole number of credits').first().waitFor();
    expect(await page.getByText('credits at').count()).toBe(0);
    await page.goto('/admin/plans');
    await page.getByRole('link', { name: 'Creator, a month' }).click();
    await shows(/Before fees \$9\.00 \$6\.80 .*\$2\.20 24\.4%/);
    await page.context().close();
  });

  test('schedules a plan’s new price, takes it back, and ends the sale of a pack', async () => {
    const page = await stage().open('/plans');
    await page.getByRole('button', { name: 'Change Pro, a month' }).click();
    const dialog = page.getByRole('dialog', { name: 'Change a plan: Pro' });
    await dialog.getByLabel('Price in dollars').fill('24.99');
    await dialog.getByText('The uses cost $14.40: margin 42.4%').waitFor();
    await dialog.getByLabel('From').fill(dayIn(20));
    await dialog.getByLabel('Reason').fill('It is worth more');
    await dialog.getByRole('button', { name: 'Schedule' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: 'Versions' }).click();
    await page.getByRole('row', { name: /Pro, a month To come \$24\.99/ }).waitFor();
    await page.getByRole('row', { name: /Pro, a month In force \$19\.99/ }).waitFor();
    await page.getByRole('tab', { name: 'Sold now' }).click();

    // Of two for one day the one written later holds: so a change that is to come is changed.
    await page.getByRole('button', { name: 'Change Pro, a month' }).click();
    await dialog.getByLabel('Price in dollars').fill('21.99');
    await dialog.getByLabel('From').fill(dayIn(20));
    await dialog.getByLabel('Reason').fill('That was too much');
    await dialog.getByRole('button', { name: 'Schedule' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: 'Versions' }).click();
    await page.getByRole('row', { name: /Pro, a month To come \$21\.99/ }).waitFor();
    await page.getByRole('row', { name: /Pro, a month Past \$24\.99/ }).waitFor();

    // Taken back, the one before it is to come again, and without that nothing changes.
    const takeBack = page.getByRole('button', { name: 'Take back what is to come of Pro, a month' });
    const taken = page.getByRole('dialog', { name: 'Take back what is to come of “Pro, a month”?' });
    for (const [holds, left] of [
      ['it is sold for $24.99 with', /Pro, a month To come \$24\.99/],
      ['it is sold for $19.99 with', /Pro, a month In force \$19\.99/],
    ] as const) {
      await takeBack.click();
      await taken.getByText(holds).waitFor();
      await taken.getByLabel('Reason').fill('Not after all');
      await taken.getByRole('button', { name: 'Take it back' }).click();
      await taken.waitFor({ state: 'detached' });
      await page.getByRole('row', { name: left }).waitFor();
    }
    await takeBack.waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: 'Sold now' }).click();
    const packs = page.getByRole('table', { name: 'Packs' });
    await packs.getByRole('button', { name: 'Archive 2,500' }).click();
    const confirm = page.getByRole('dialog', { name: 'Archive “2,500' });
    await confirm.getByLabel('Reason').fill('Nobody buys it');
    await confirm.getByRole('button', { name: 'Sell it no more' }).click();
    await packs.getByRole('row', { name: /^2,500/ }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  test('shows a sandbox purchase in the books, in Stripe’s events and with its user, down to the rows', async () => {
    const { server } = stage();
    const name = unique('buyer');
    const user = await server.admin.account(0, { externalId: name });
    await buy(server, user, { pack: '100' });
    await server.admin.generateImage({ ...CHEAP, accountId: user });
    const page = await stage().open('/books?days=7');
    await page.getByText('Adds up', { exact: true }).waitFor();
    const today = page.getByRole('row', { name: new RegExp(dayIn(0)) });
    await today.getByText('Yes').waitFor();
    await page.getByRole('link', { name: dayIn(0) }).click();
    const lines = page.getByRole('table', { name: 'Lines of the cash book' });
    await lines.getByRole('row', { name: new RegExp(`Payment ${name}.*payment:.*\\$1\\.00`) }).waitFor();
    await lines.getByRole('row', { name: new RegExp(`Fee ${name}.*-\\$0\\.33`) }).waitFor();
    const entries = page.getByRole('table', { name: 'Entries that moved deferred revenue' });
    await entries.getByRole('row', { name: new RegExp(`Sold ${name}.*\\+100 \\$1\\.00`) }).waitFor();
    await entries.getByRole('row', { name: new RegExp(`Earned ${name}.*-\\$0\\.02`) }).waitFor();
    await page.getByRole('tab', { name: 'Stripe events' }).click();
    await page
      .getByRole('row', { name: /checkout\.session\.completed.*Done/ })
      .first()
      .waitFor();
    await page.goto(`/admin/users/${user}?show=payments`);
    await page.getByRole('row', { name: /100 credits \$1\.00 100/ }).waitFor();

    // What goes back takes the credits along that are left, once however often one presses.
    await page.getByRole('button', { name: 'Refund' }).click();
    const dialog = page.getByRole('dialog', { name: 'Send money back?' });
    await dialog.getByText('98 of 100 are').waitFor();
    await dialog.getByLabel('Amount in dollars').fill('0.50');
    await dialog.getByLabel('Reason').fill('Half of it was not needed');
    expect(await violationsOf(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Send it back' }).dblclick();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /100 credits \$1\.00 100 \$0\.50/ }).waitFor();
    expect((await server.admin.balance(user)).available).toBe(48);
    await page.context().close();
  });

  test('asks for each payment anew: neither a reason nor an answer of another is taken for its own', async () => {
    const { server } = stage();
    const user = await server.admin.account(0);
    await buy(server, user, { pack: '100' });
    await buy(server, user, { pack: '100' });
    const page = await stage().open(`/users/${user}?show=payments`);
    page.setDefaultTimeout(5_000);
    const refunds = page.getByRole('button', { name: 'Refund' });
    const dialog = page.getByRole('dialog', { name: 'Send money back?' });
    await refunds.nth(0).click();
    await dialog.getByLabel('Reason').fill('Of the first');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    await refunds.nth(0).click();
    expect(await dialog.getByLabel('Reason').inputValue()).toBe('Of the first');
    await dialog.getByLabel('Amount in dollars').fill('0.50');

    // Its answer takes so long that the other one is looked at by then.
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route('**/graphql', async (route) => {
      if (route.request().postData()?.includes('Of the first')) await held;
      await route.continue();
    });
    await dialog.getByRole('button', { name: 'Send it back' }).click();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    await refunds.nth(1).click();
    expect(await dialog.getByLabel('Reason').inputValue()).toBe('');
    await dialog.getByLabel('Reason').fill('Of the second');
    answer();
    await page.getByText('The money goes back.').waitFor();
    expect(await dialog.getByLabel('Reason').inputValue()).toBe('Of the second');
    await dialog.getByRole('button', { name: 'Cancel' }).click();

    // A bank takes the whole of what a part had gone back of: nothing is left to be sent.
    const [charge] = await server.rows<{ id: string }>(
      `SELECT id FROM sandbox_stripe_object
       WHERE kind = 'charge' AND (data->>'amount_refunded')::int = 50 ORDER BY sequence DESC LIMIT 1`,
    );
    const desk = server.core.billing.sandbox;
    await desk?.closeDispute((await desk?.dispute(charge?.id ?? '')) ?? '', 'lost');
    await expect
      .poll(() =>
        server.rows('SELECT 1 FROM payment WHERE account_id = $1 AND disputed_micros > 0', [user.slice(4)]),
      )
      .toHaveLength(1);
    await page.reload();
    await page.getByRole('row', { name: /\$1\.50/ }).waitFor();
    expect(await refunds.count()).toBe(1);
    await page.context().close();
  });

  test('tries an event of Stripe again that was kept, and books it once', async () => {
    const { server } = stage();
    const user = await server.admin.account(0);
    await buy(server, user, { pack: '100' });
    const [session] = await server.rows<{ data: { payment_intent: string } }>(
      "SELECT data FROM sandbox_stripe_object WHERE kind = 'checkout.session' ORDER BY sequence DESC LIMIT 1",
    );
    const intent = session?.data.payment_intent ?? '';
    const rename = (from: string, to: string) =>
      server.rows('UPDATE sandbox_stripe_object SET id = $2 WHERE id = $1', [from, to]);
    // Stripe tells of the payment once more, and does not find it when it is asked.
    await rename(intent, `${intent}_hidden`);
    const event = `evt_${unique('again').replaceAll('-', '')}`;
    const body = JSON.stringify({
      id: event,
      object: 'event',
      api_version: '2026-10-28',
      created: Math.floor(Date.now() / 1_000),
      livemode: false,
      type: 'checkout.session.completed',
      data: { object: session?.data },
    });
    const signature = sign(body, new Date(), await server.core.billing.sandbox?.secret());
    const told = await fetch(`${server.url}/webhooks/stripe`, {
      method: 'POST',
      headers: { 'stripe-signature': signature, 'content-type': 'application/json' },
      body,
    });
    expect(told.status).toBe(200);
    const page = await stage().open('/books?show=events&state=KEPT');
    const again = page.getByRole('button', { name: `Try ${event} again` });
    await again.click();
    await page.getByText('checkout.session.completed is still kept').waitFor();
    await rename(`${intent}_hidden`, intent);
    await again.click();
    await page.getByText('checkout.session.completed is booked now.').waitFor();
    await again.waitFor({ state: 'detached' });
    expect((await server.admin.balance(user)).available).toBe(100);
    await page.context().close();
  });

  test('shows what comes in every month, says why a lifetime is not known, and ends a subscription', async () => {
    const { server } = stage();
    const user = await server.admin.account(0, { externalId: unique('subscriber') });
    await buy(server, user, { plan: 'creator' });
    await server.admin.generateImage({ ...CHEAP, accountId: user });
    const page = await stage().open('/business');
    const figure = (label: string, value: string) =>
      figureOf(page, label).getByText(value, { exact: true }).waitFor();
    await figure('MRR', '$9.00');
    await figure('ARR', '$108.00');
    await figure('LTV', 'Not yet');
    await figureOf(page, 'LTV').getByText('unknown while churn is').waitFor();
    await page.getByRole('row', { name: /^Creator 1 / }).waitFor();
    await page
      .getByRole('table', { name: /^Cohorts/ })
      .getByRole('row', { name: /100\.0%/ })
      .waitFor();
    await page.goto(`/admin/users/${user}`);
    await page.getByRole('button', { name: 'End with its period' }).click();
    const dialog = page.getByRole('dialog', { name: 'End it with its period?' });
    await dialog.getByText('$9.00').waitFor();
    await dialog.getByRole('button', { name: 'End it with its period' }).click();
    await page.getByRole('button', { name: 'Let it go on' }).waitFor();
    await page.context().close();
  });

  test('says at its field that the free credits of the price list are no number', async () => {
    const page = await stage().open('/plans');
    await page.getByRole('button', { name: 'Change the list' }).click();
    const dialog = page.getByRole('dialog', { name: 'Change the price list' });
    await dialog.getByLabel('Free credits').fill('');
    await dialog.getByLabel('Reason').fill('None at all');
    await dialog.getByRole('button', { name: 'Change' }).click();
    await dialog.getByText('Give 0 or more credits.').waitFor();
    await page.context().close();
  });
}

/** A figure by its label. */
const figureOf = (page: Page, label: string) =>
  page.locator('dl > div').filter({ has: page.locator('dt', { hasText: new RegExp(`^${label}$`) }) });
