import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { eventually, type LaunchedServer, type RawPeer } from '@rankd/testkit';
import type { Page } from 'playwright-core';
import { longestTaskMs } from './longest-task.js';
import { DEADLINE_MS, PageFixture, rowsOf } from './page-fixture.js';

jest.setTimeout(9 * DEADLINE_MS);

const MEMBERS = 1000;
/** A user notices a longer pause, ms. */
const TASK_MS_MAX = 200;
const ROWS_DRAWN_MAX = 60;

let fixture: PageFixture;
let server: LaunchedServer;
const peers = new Map<string, RawPeer>();
beforeAll(async () => {
  fixture = await PageFixture.launch();
  server = await fixture.server({ RANKD_MEMBERS_MAX: String(MEMBERS) });
});
afterAll(() => fixture.dispose());

it('1,000 members: only visible rows are drawn, and neither scrolling nor departures stop the page', async () => {
  const page = await fixture.open(server);
  await joinAll();
  await page.getByRole('heading', { name: '1,000 members' }).waitFor();
  const longestMs = await longestTaskMs(page, () => scrollWhileLeadersDie(page));
  expect(longestMs).toBeGreaterThan(0);
  expect(longestMs).toBeLessThan(TASK_MS_MAX);
});

async function joinAll(): Promise<void> {
  const names = Array.from({ length: MEMBERS }, (_, index) => `worker-${index}`);
  while (names.length > 0) {
    const hellos = names.splice(0, 50).map(name => ({ name, heartbeat: false, tags: { zone: 'eu-1' } }));
    await Promise.all(hellos.map(async hello => peers.set(hello.name, await fixture.join(server, hello))));
  }
}

/** Returns the names by rank, from the server. */
async function order(): Promise<string[]> {
  const answer = await fetch(`http://127.0.0.1:${server.httpPort}/api/groups/default`);
  const { members } = (await answer.json()) as { members: { name: string }[] };
  return members.map(({ name }) => name);
}

async function scrollWhileLeadersDie(page: Page): Promise<void> {
  const names = await order();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  for (let step = 1; step <= 20; step += 1) {
    await page.mouse.wheel(0, height / 20);
    if (step % 4 === 0) peers.get(names.shift() ?? '')?.destroy();
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  // A script scrolls, because the browser drops a key while it still scrolls for the key before.
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await untilDrawn(page, names, names.length - 1);
  await page.evaluate(() => scrollTo(0, 0));
  await untilDrawn(page, names, 0);
}

/** Resolves when the row of `rank` is drawn, and each drawn row shows the member of its rank. */
async function untilDrawn(page: Page, names: readonly string[], rank: number): Promise<void> {
  await eventually(DEADLINE_MS, `rank ${rank}`, async () => {
    const rows = await rowsOf(page);
    expect(rows.length).toBeLessThan(ROWS_DRAWN_MAX);
    const areRight = rows.every(row => row.name === names[row.rank]);
    return areRight && rows.some(row => row.rank === rank) ? true : undefined;
  });
}
