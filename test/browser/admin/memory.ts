/** What the overview keeps in memory while it watches. */
import { expect, test } from 'vitest';
import { CHEAP } from '../../support/client.ts';
import { settled } from '../../support/settled.ts';
import type { Stage } from './stage.ts';

/** MEMORY_MINUTES=30 looks for half an hour instead of some seconds. */
const MINUTES = Number(process.env.MEMORY_MINUTES ?? '0.05');
/** Between rounds of calls. */
const PAUSE_MS = 100;
/** What may stay beyond what was there after the first third: caches that fill, and what a measurement cannot tell apart. */
const MOST_GROWTH_BYTES = 3_000_000;

export function memorySuite(stage: () => Stage): void {
  test('keeps no more in memory the longer it watches', {
    timeout: 120_000 + MINUTES * 120_000,
  }, async () => {
    const { admin } = stage().server;
    const accountId = await admin.account(1_000_000);
    const page = await stage().open('/');
    await settled(page);
    const debug = await page.context().newCDPSession(page);
    await debug.send('HeapProfiler.enable');
    const heap = async () => {
      await debug.send('HeapProfiler.collectGarbage');
      const { usedSize } = await debug.send('Runtime.getHeapUsage');
      return usedSize;
    };
    const watch = async (minutes: number) => {
      const calls = page.getByRole('table', { name: 'Latest calls' });
      for (const until = performance.now() + minutes * 60_000; performance.now() < until; ) {
        await Promise.all(Array.from({ length: 5 }, () => admin.generateImage({ ...CHEAP, accountId })));
        // As many as a busy site has: at full speed half an hour of them would use up the daily budget.
        await page.waitForTimeout(PAUSE_MS);
      }
      await calls.getByRole('row').nth(1).waitFor();
    };
    await watch(MINUTES / 3);
    const early = await heap();
    await watch((MINUTES * 2) / 3);
    const late = await heap();
    const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
    console.log(
      `The overview keeps ${megabytes(early)} MB after a third of ${MINUTES} min, ${megabytes(late)} MB after all.`,
    );
    expect(late - early).toBeLessThan(MOST_GROWTH_BYTES);
    await page.context().close();
  });
}
