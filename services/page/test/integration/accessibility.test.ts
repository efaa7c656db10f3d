import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type LaunchedServer, repository } from '@rankd/testkit';
import type { Page } from 'playwright-core';
import { DEADLINE_MS, PageFixture } from './page-fixture.js';

jest.setTimeout(6 * DEADLINE_MS);

const axe = readFileSync(join(repository, 'node_modules/axe-core/axe.min.js'), 'utf8');
const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
const LONG = `${'a-long-name.'.repeat(5)}1234`;
const LOCKED = { RANKD_HTTP_TOKEN: 'geheim' };

let fixture: PageFixture;
let server: LaunchedServer;
let locked: LaunchedServer;
beforeAll(async () => {
  fixture = await PageFixture.launch();
  locked = await fixture.server(LOCKED);
  server = await fixture.server({
    RANKD_MEMBERS_MAX: '30',
    RANKD_WAITLIST_MAX: '5',
    RANKD_GRACE_MS: '60000',
    RANKD_GRACE_LEADER_MS: '60000',
  });
  for (let rank = 0; rank < 30; rank += 1)
    await fixture.join(server, { group: LONG, name: `worker-${rank}`, tags: { zone: 'eu' } });
});
afterAll(() => fixture.dispose());
afterEach(() => fixture.closeWindows());

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** Returns what axe-core finds, with the elements. */
async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
  await page.evaluate(axe);
  const { violations } = await page.evaluate(
    async () => await (window as unknown as { axe: { run: () => Promise<AxeResult> } }).axe.run(),
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** Fills a group with everything that the page shows: roles, an away leader and another member, commands and a refusal. */
async function busyGroup(page: Page, group: string): Promise<void> {
  const members = [];
  for (const name of ['ann', 'bob', 'cleo', 'dora'])
    members.push(await fixture.join(server, { group, name, tags: { zone: 'eu' } }));
  const [ann, , cleo, dora] = members;
  ann?.send({ type: 'command', id: '1', name: 'print', deadlineMs: 1 });
  dora?.send({ type: 'command', id: '1', name: 'print', to: { ranks: [0] } });
  await page.locator('.activity.refused').waitFor();
  cleo?.reset();
  ann?.reset();
  await page.locator('[data-rank="0"].away').waitFor();
  await page.locator('[data-rank="2"].away').waitFor();
}

/** Checks the page in both colour schemes. */
async function expectNoViolation(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect([colorScheme, ...(await violationsOf(page))]).toEqual([colorScheme]);
  }
}

describe('axe-core finds nothing, in light and dark,', () => {
  it('in an empty group, a busy one, a full one with a filter, and a lost connection', async () => {
    const group = 'busy';
    const page = await fixture.open(server, {}, `#group=${group}`);
    await page.locator('.nobody').waitFor();
    await expectNoViolation(page);
    await busyGroup(page, group);
    await expectNoViolation(page);
    await page.evaluate(name => (location.hash = `#group=${name}`), LONG);
    await page.getByLabel('Filter by name, id or tag').fill('worker-2');
    await page.getByText('11 matches').waitFor();
    await expectNoViolation(page);
    await page.context().setOffline(true);
    await page.evaluate(() => (location.hash = '#group=other'));
    await page.getByText('Not connected:').waitFor();
    await expectNoViolation(page);
  });

  it('on a phone', async () => {
    const page = await fixture.open(server, PHONE, `#group=${LONG}`);
    await page.locator('[data-rank="0"]').waitFor();
    await expectNoViolation(page);
  });

  it('where the page asks for a token', async () => {
    const page = await fixture.open(locked);
    await page.getByLabel('Token').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText(/^The token is wrong: /).waitFor();
    await expectNoViolation(page);
  });
});

it('on a phone the ranks are first, long group names wrap, and the group has a name for screen readers', async () => {
  const page = await fixture.open(server, PHONE, `#group=${LONG}`);
  await page.locator('[data-rank="0"]').waitFor();
  const top = async (selector: string): Promise<number> => (await page.locator(selector).boundingBox())?.y ?? NaN;
  expect(await top('.roster-list')).toBeLessThan(await top('.side'));
  expect(await top('[data-rank="1"]')).toBeLessThan(PHONE.viewport.height);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBe(PHONE.viewport.width);
  const heading = page.getByRole('heading', { name: LONG });
  expect(await heading.evaluate(element => element.scrollWidth <= element.clientWidth)).toBe(true);
  await page.getByRole('combobox', { name: 'group' }).waitFor();
  // What is below a long roster is one tap away.
  await page.getByRole('button', { name: 'What happens' }).click();
  expect(await top('.activity-log')).toBeLessThan(PHONE.viewport.height);
});

describe('the roster', () => {
  it('of a group without tags has no column for them, until a member with a tag joins', async () => {
    const group = 'tagless';
    await fixture.join(server, { group, name: 'ann' });
    const page = await fixture.open(server, {}, `#group=${group}`);
    await page.locator('[data-rank="0"]').waitFor();
    expect(await page.locator('.columns').innerText()).not.toContain('tags');
    await fixture.join(server, { group, name: 'bob', tags: { zone: 'eu' } });
    await page.locator('[data-rank="1"]').getByText('zone eu').waitFor();
    expect(await page.locator('.columns').innerText()).toContain('tags');
    expect(await page.getByLabel(/Filter/).count()).toBe(0);
  });

  it('of a large group is filtered by name, id and tag, and keeps each rank', async () => {
    const page = await fixture.open(server, {}, `#group=${LONG}`);
    const field = page.getByLabel('Filter by name, id or tag');
    await field.fill(' WORKER-17 ');
    await page.getByText('1 match', { exact: true }).waitFor();
    const row = page.locator('[data-rank]');
    expect([await row.count(), await row.getAttribute('data-rank')]).toEqual([1, '17']);
    await field.fill((await row.getAttribute('data-member')) ?? '');
    await page.locator('[data-rank="17"]').waitFor();
    for (const tag of ['zone=eu', 'zone eu']) {
      await field.fill(tag);
      await page.getByText('30 matches').waitFor();
    }
    await field.fill('no such member');
    await page.getByText('No member matches this filter.').waitFor();
    await field.fill('');
    await page.locator('[data-rank="0"]').waitFor();
    const meter = page.getByRole('meter', { name: 'capacity' });
    expect(await meter.getAttribute('aria-valuetext')).toBe('30 of 30 members');
    const widths = await meter.evaluate(bar => [bar.clientWidth, bar.firstElementChild?.clientWidth]);
    expect(widths[0]).toBe(widths[1]);
  });
});

it('a promotion stays in view among many commands', async () => {
  const group = 'noise';
  const page = await fixture.open(server, {}, `#group=${group}`);
  await page.locator('.nobody').waitFor();
  const ann = await fixture.join(server, { group, name: 'ann' });
  const bob = await fixture.join(server, { group, name: 'bob' });
  await fixture.join(server, { group, name: 'cleo' });
  ann.send({ type: 'leave' });
  const promotion = page.locator('.activity.promoted').first();
  await promotion.waitFor();
  for (let id = 1; id <= 150; id += 1)
    bob.send({ type: 'command', id: String(id), name: `print-${id}`, deadlineMs: 1 });
  await page.getByText('print-150').waitFor();
  const isInView = (): Promise<boolean> =>
    promotion.evaluate(line => {
      const { top, bottom } = line.getBoundingClientRect();
      const list = line.closest('.activity-list')?.getBoundingClientRect();
      return list !== undefined && top >= list.top && bottom <= list.bottom;
    });
  expect(await isInView()).toBe(true);
  await page.locator('.activity-list').evaluate(list => list.scrollTo(0, list.scrollHeight));
  expect(await isInView()).toBe(true);
});

it('while the connection is lost, "here for" does not change, and the page says when the server was last heard', async () => {
  const own = await fixture.server();
  await fixture.join(own, { name: 'ann' });
  const page = await fixture.open(own);
  const age = page.locator('[data-rank="0"] .age');
  await age.getByText('2 s').waitFor();
  own.childProcess.kill('SIGKILL');
  const notice = page.getByText(/The server was last heard at \d\d:\d\d:\d\d, \d+ s ago/);
  await notice.waitFor();
  const before = await age.textContent();
  await expectNoViolation(page);
  await page.getByText(/last heard at \S+, [4-9] s ago/).waitFor();
  expect(await age.textContent()).toBe(before);
});
