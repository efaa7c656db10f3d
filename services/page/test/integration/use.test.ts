import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { LaunchedServer } from '@rankd/testkit';
import type { Page } from 'playwright-core';
import { DEADLINE_MS, PageFixture, untilShown } from './page-fixture.js';

jest.setTimeout(6 * DEADLINE_MS);

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

let fixture: PageFixture;
let server: LaunchedServer;
beforeAll(async () => {
  fixture = await PageFixture.launch();
  server = await fixture.server();
  for (const group of ['jobs', 'mail']) {
    for (const name of ['ann', 'bob']) await fixture.join(server, { group, name: `${group}-${name}` });
  }
});
afterAll(() => fixture.dispose());
afterEach(async () => {
  await fixture.closeWindows();
  expect(fixture.complaints.splice(0)).toEqual([]);
});

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement } = document;
    return activeElement?.getAttribute('aria-label') ?? activeElement?.closest('label')?.textContent ?? '';
  });

describe('the groups', () => {
  it('are selected by the address, otherwise the first one is; a selection by keyboard changes the address', async () => {
    const page = await fixture.open(server);
    await untilShown(page, ['jobs-ann', 'jobs-bob']);
    await page.keyboard.press('Tab');
    expect(await focused(page)).toContain('group');
    await page.keyboard.press('ArrowDown');
    await untilShown(page, ['mail-ann', 'mail-bob']);
    expect(new URL(page.url()).hash).toBe('#group=mail');
    await page.goBack();
    await untilShown(page, ['jobs-ann', 'jobs-bob']);
    await page.goForward();
    await page.reload();
    await untilShown(page, ['mail-ann', 'mail-bob']);
  });
});

describe('the keyboard', () => {
  it('reaches every control in order, and its focus is visible', async () => {
    const page = await fixture.open(server, {}, '#group=jobs');
    await untilShown(page, ['jobs-ann', 'jobs-bob']);
    const order: string[] = [];
    for (let tab = 0; tab < 3; tab += 1) {
      await page.keyboard.press('Tab');
      order.push(await focused(page));
      const outline = await page.evaluate(() => {
        const { activeElement: active } = document;
        const marked = [active, active?.parentElement, active?.nextElementSibling];
        return marked.some(element => element && getComputedStyle(element).outlineStyle === 'solid');
      });
      expect([order.at(-1), outline]).toEqual([order.at(-1), true]);
    }
    expect(order).toEqual([expect.stringContaining('group'), 'all', 'What happens, newest first']);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('ArrowRight');
    expect(await focused(page)).toBe('ranks');
  });
});

describe('a screen reader', () => {
  it('announces the connection, the curves as text, and the current leader', async () => {
    const group = 'heard';
    const leader = await fixture.join(server, { group, name: 'ann' });
    await fixture.join(server, { group, name: 'bob' });
    const page = await fixture.open(server, {}, `#group=${group}`);
    await untilShown(page, ['ann', 'bob']);
    await page.getByRole('status').getByText('live').waitFor();
    await page.getByRole('img', { name: /^Members over the last five minutes: now 2/ }).waitFor();
    await page
      .getByRole('list', { name: `${group} 2 members` })
      .getByRole('listitem')
      .first()
      .waitFor();
    leader.destroy();
    await page.locator('[aria-live="polite"]').getByText('bob is promoted and leads now').waitFor();
  });
});

describe('the window', () => {
  it.each(['light', 'dark'] as const)('%s: text has enough contrast', async colorScheme => {
    const page = await fixture.open(server, { colorScheme }, '#group=jobs');
    await untilShown(page, ['jobs-ann', 'jobs-bob']);
    const [text, paper] = await page.evaluate(() => {
      const { color, backgroundColor } = getComputedStyle(document.body);
      return [color, backgroundColor].map(rgb => Number(/\d+/.exec(rgb)?.[0]));
    });
    expect((text ?? 0) < (paper ?? 0)).toBe(colorScheme === 'light');
    expect(Math.abs((text ?? 0) - (paper ?? 0))).toBeGreaterThan(150);
  });

  it('of a phone fits the page: nothing is cut off at its side', async () => {
    const page = await fixture.open(server, PHONE, '#group=jobs');
    await untilShown(page, ['jobs-ann', 'jobs-bob']);
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    expect(widths).toEqual([PHONE.viewport.width, PHONE.viewport.width]);
    const box = await page.locator('[data-rank="1"]').boundingBox();
    expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThan(PHONE.viewport.height);
  });

  it('with reduced motion has no animation', async () => {
    const page = await fixture.open(server, { reducedMotion: 'reduce' }, '#group=jobs');
    await untilShown(page, ['jobs-ann', 'jobs-bob']);
    const property = (name: string): Promise<string> =>
      page.locator('[data-rank="0"]').evaluate((row, each) => getComputedStyle(row).getPropertyValue(each), name);
    expect(await property('transition-property')).toBe('none');
    const running = (): Promise<number> => page.evaluate(() => document.getAnimations().length);
    expect(await running()).toBe(0);
  });
});
