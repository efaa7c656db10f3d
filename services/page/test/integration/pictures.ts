/** Screenshots of the live page for the documentation. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { repository } from '@rankd/testkit';
import type { Page } from 'playwright-core';

const directory = join(repository, 'docs/images');
/** The number of samples in the curves of a screenshot: half a minute. */
const SAMPLES = 15;

/** Tests take screenshots only if scripts/screenshots asks for them. */
const areWanted = process.env['RANKD_TEST_SCREENSHOTS'] === '1';

/** Resolves when the curves have enough samples. */
export async function untilWorthAPicture(page: Page): Promise<void> {
  if (!areWanted) return;
  const hasCurve = (samples: number): boolean =>
    (document.querySelector('.line')?.getAttribute('points') ?? '').split(' ').length >= samples;
  await page.waitForFunction(hasCurve, SAMPLES, { timeout: 60_000 });
}

/** Takes screenshots in light and in dark colours, and in the size of a phone. */
export async function takePictures(page: Page): Promise<void> {
  if (!areWanted) return;
  await mkdir(directory, { recursive: true });
  await page.getByText('ranks', { exact: true }).click();
  const wide = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await take(page, `page-${colorScheme}`);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await take(page, 'page-phone');
  await page.setViewportSize(wide);
  await page.emulateMedia({ colorScheme: null });
}

async function take(page: Page, name: string): Promise<void> {
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
  await page.screenshot({ path: join(directory, `${name}.png`) });
}
