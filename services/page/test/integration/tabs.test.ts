import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { eventually, type LaunchedServer } from '@rankd/testkit';
import type { BrowserContext, Page } from 'playwright-core';
import { DEADLINE_MS, PageFixture, untilShown } from './page-fixture.js';

jest.setTimeout(6 * DEADLINE_MS);

/** More than a browser opens connections to one server over HTTP/1.1: 6. */
const TABS = 10;
/** The longest time until another tab has the stream, ms. */
const HANDOVER_MS = 1000;

let fixture: PageFixture;
let server: LaunchedServer;
beforeAll(async () => {
  fixture = await PageFixture.launch();
  server = await fixture.server();
});
afterAll(() => fixture.dispose());
afterEach(async () => {
  await fixture.closeWindows();
  expect(fixture.complaints.splice(0)).toEqual([]);
});

const address = (group: string): string => `http://127.0.0.1:${server.httpPort}/#group=${group}`;
const untilLive = async (page: Page): Promise<void> => page.getByText('live', { exact: true }).waitFor();

/** Counts the streams that a tab opens. */
function countStreams(page: Page, requests: Map<Page, number>): void {
  page.on('request', request => {
    if (request.url().includes('/api/events')) requests.set(page, (requests.get(page) ?? 0) + 1);
  });
}

async function openTabs(context: BrowserContext, groups: readonly string[]): Promise<Page[]> {
  return await Promise.all(groups.map(group => fixture.openTab(context, address(group))));
}

it('ten tabs of four groups, two of them called . and .., are all live over one stream', async () => {
  const groups = ['tabs', '.', '..', 'other'];
  for (const group of groups) await fixture.join(server, { group, name: `first-of-${group}` });
  const context = await fixture.openWindow();
  const shown = Array.from({ length: TABS }, (_, index) => groups[index % groups.length] ?? '');
  const pages = await openTabs(context, shown);
  await Promise.all(pages.map(untilLive));
  for (const group of groups) await fixture.join(server, { group, name: `second-of-${group}` });
  await Promise.all(
    pages.map((page, index) => untilShown(page, [`first-of-${shown[index]}`, `second-of-${shown[index]}`])),
  );
  // A tab can still load everything else: no connection is used up.
  const status = await pages.at(-1)?.evaluate(async () => (await fetch('api/groups')).status);
  expect(status).toBe(200);
});

it('when the tab with the stream is closed or changes its group, another one continues within a second', async () => {
  const group = 'handover';
  await fixture.join(server, { group, name: 'ann' });
  const context = await fixture.openWindow();
  const requests = new Map<Page, number>();
  context.on('page', page => countStreams(page, requests));
  const [holder, second, third] = await openTabs(context, [group, 'elsewhere', group]).then(async pages => {
    await Promise.all(pages.map(untilLive));
    const first = [...requests.keys()][0];
    return [first, ...pages.filter(page => page !== first)];
  });
  if (holder === undefined || second === undefined || third === undefined) throw new Error('three tabs are open');
  expect(requests.size).toBe(1);

  await holder.close();
  const closedMs = Date.now();
  await eventually(DEADLINE_MS, 'another stream', () => (requests.size === 2 ? true : undefined));
  await fixture.join(server, { group, name: 'bob' });
  const next = [second, third].find(page => page.url().endsWith(`=${group}`)) ?? third;
  await untilShown(next, ['ann', 'bob']);
  expect(Date.now() - closedMs).toBeLessThan(HANDOVER_MS);

  for (const page of [second, third]) await page.evaluate(() => (location.hash = '#group=handover'));
  await Promise.all([second, third].map(page => untilShown(page, ['ann', 'bob'])));
  await fixture.join(server, { group, name: 'cleo' });
  await Promise.all([second, third].map(page => untilShown(page, ['ann', 'bob', 'cleo'])));
});

it('when the server is lost and returns, every tab says so, and continues', async () => {
  const own = await fixture.server();
  const context = await fixture.openWindow();
  const url = `http://127.0.0.1:${own.httpPort}/`;
  const pages = await Promise.all(Array.from({ length: 3 }, () => fixture.openTab(context, url)));
  await Promise.all(pages.map(untilLive));
  own.childProcess.kill('SIGKILL');
  await Promise.all(pages.map(page => page.getByText('connection lost', { exact: true }).waitFor()));
  const again = await fixture.server({ RANKD_HTTP_PORT: String(own.httpPort) });
  await fixture.join(again, { name: 'ann' });
  await Promise.all(pages.map(page => untilShown(page, ['ann'])));
  await Promise.all(pages.map(untilLive));
  // The browser reports each failed attempt.
  fixture.complaints.length = 0;
});

it('a tab without the token does not see what a tab with the token sees', async () => {
  const token = 'ключ 🔑';
  const locked = await fixture.server({ RANKD_HTTP_TOKEN: token });
  await fixture.join(locked, { name: 'ann' });
  const context = await fixture.openWindow();
  const url = `http://127.0.0.1:${locked.httpPort}/`;
  const [open, closed] = await Promise.all([fixture.openTab(context, url), fixture.openTab(context, url)]);
  await open.getByLabel('Token').fill(` ${token} `);
  await open.keyboard.press('Enter');
  await untilShown(open, ['ann']);
  await fixture.join(locked, { name: 'bob' });
  await untilShown(open, ['ann', 'bob']);
  await closed.getByLabel('Token').waitFor();
  expect(await closed.getByText('ann').count()).toBe(0);
  fixture.complaints.length = 0;
});

it('a page that was not loaded securely ends its stream while it is hidden, and continues when it is shown', async () => {
  const group = 'insecure';
  await fixture.join(server, { group, name: 'ann' });
  const context = await fixture.openWindow();
  // Chromium treats loopback addresses as secure, and headless tabs as visible.
  await context.addInitScript(() => {
    Object.defineProperty(navigator, 'locks', { value: undefined });
    let isHidden = false;
    Object.defineProperty(document, 'hidden', { get: () => isHidden });
    Object.assign(window, {
      setHidden: (value: boolean) => {
        isHidden = value;
        document.dispatchEvent(new Event('visibilitychange'));
      },
    });
  });
  const setHidden = (page: Page, value: boolean): Promise<void> =>
    page.evaluate(each => (window as unknown as { setHidden: (value: boolean) => void }).setHidden(each), value);
  const pages: Page[] = [];
  for (let count = 0; count < TABS; count += 1) {
    const page = await fixture.openTab(context, address(group));
    await untilLive(page);
    await setHidden(page, true);
    pages.push(page);
  }
  await fixture.join(server, { group, name: 'bob' });
  const [first] = pages;
  if (first === undefined) throw new Error('no tab');
  await setHidden(first, false);
  await untilShown(first, ['ann', 'bob']);
});
