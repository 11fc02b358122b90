/** Ten thousand rows: only those are drawn that are seen, and the last one is reached. */
import { expect, test } from 'vitest';
import { settled } from '../../support/settled.ts';
import type { Stage } from './stage.ts';

const ROWS = 10_000;
/** What fits on a screen, with what is drawn beyond its edges. */
const MOST_DRAWN = 80;

export function longSuite(stage: () => Stage): void {
  test('draws of 10,000 rows those that are seen, and scrolls to the last', {
    timeout: 120_000,
  }, async () => {
    const { core } = stage().server;
    const header =
      'external_id,provider,model,operation,account_external_id,tier,status,cost,credits,revenue,duration_ms,created_at';
    const rows = Array.from(
      { length: ROWS },
      (_, row) =>
        `long-${row},openai,gpt-image,image,long-${String(row).padStart(5, '0')},payg,ok,${((ROWS - row) / 1_000).toFixed(3)},8,${((ROWS - row) / 500).toFixed(3)},900,2019-06-15T12:00:00Z`,
    );
    const outcome = await core.history.import(
      {
        kind: 'text',
        layout: 'solvent',
        bytes: (async function* () {
          yield Buffer.from([header, ...rows, ''].join('\n'));
        })(),
      },
      { dryRun: false, actor: 'test' },
    );
    expect(outcome).toMatchObject({ status: 'done', summary: { added: ROWS } });
    const page = await stage().open('/profit?by=ACCOUNT&from=2019-06-01&to=2019-06-30');
    await settled(page);
    const table = page.getByRole('table', { name: 'Profit by account' });
    // A screen reader is told of all rows, with the header and the sum.
    expect(Number(await table.getAttribute('aria-rowcount'))).toBeGreaterThanOrEqual(ROWS);
    expect(await table.locator('tbody tr').count()).toBeLessThan(MOST_DRAWN);
    await table.getByRole('rowheader', { name: 'long-00000' }).waitFor();

    // By the keyboard, as far as the page goes.
    await page.keyboard.press('End');
    const last = table.getByRole('rowheader', { name: `long-0${ROWS - 1}` });
    await last.waitFor();
    await expect
      .poll(() => last.evaluate((cell) => cell.getBoundingClientRect().top < innerHeight))
      .toBe(true);
    expect(await last.locator('xpath=..').getAttribute('aria-rowindex')).toBe(String(ROWS + 1));
    expect(await table.locator('tbody tr').count()).toBeLessThan(MOST_DRAWN);

    // In the middle of a long way no frame takes long enough to be seen.
    await page.evaluate(() => scrollTo(0, 0));
    const slowest = await page.evaluate(async () => {
      let most = 0;
      let before = performance.now();
      for (let step = 0; step < 60; step += 1) {
        scrollBy(0, 400);
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        most = Math.max(most, now - before);
        before = now;
      }
      return most;
    });
    expect(slowest).toBeLessThan(500);
    await page.context().close();
  });
}
