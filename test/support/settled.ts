import type { Page } from 'playwright-core';

/** Waits until a page of the admin has all that it shows: nothing is a skeleton any more, or is yet to be drawn. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForFunction(
    () => document.querySelector('.mantine-Skeleton-root, [aria-busy="true"]') === null,
  );
}
