/** Measures in the page when it shows a new leader. */

import type { Page } from 'playwright-core';

/** When the page showed a new leader, on this machine's clock. */
export interface Succession {
  /** When the rows had their new ranks. */
  readonly shownAtMs: number;
  /** When the new leader's row had slid to the top. */
  readonly settledAtMs: number;
}

/** Watches inside the page for a new leader. Await the first promise before the leader changes. */
export async function expectSuccession(page: Page): Promise<{ readonly succession: Promise<Succession> }> {
  await page.evaluate(() => {
    const leader = (): Element | null => document.querySelector('[data-rank="0"]');
    const rows = document.querySelector('.rows');
    const before = leader()?.getAttribute('data-member');
    const isNew = (): boolean => leader() !== null && leader()?.getAttribute('data-member') !== before;
    const top = (element: Element | null): number => element?.getBoundingClientRect().top ?? Number.NaN;
    const isOnTop = (): boolean => Math.abs(top(leader()) - top(rows)) < 1;
    const shown = new Promise<number>(resolve => {
      const observer = new MutationObserver(() => {
        if (!isNew()) return;
        observer.disconnect();
        resolve(Date.now());
      });
      observer.observe(document.body, {
        subtree: true,
        childList: true,
        attributes: true,
        attributeFilter: ['data-rank'],
      });
    });
    const settled = async (): Promise<number> => {
      do await new Promise(requestAnimationFrame);
      while (!isOnTop());
      return Date.now();
    };
    const succession = shown.then(async shownAtMs => ({ shownAtMs, settledAtMs: await settled() }));
    Object.assign(window, { succession });
  });
  return { succession: page.evaluate(() => (window as unknown as { succession: Promise<Succession> }).succession) };
}
