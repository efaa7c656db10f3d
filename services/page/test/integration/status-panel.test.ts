import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type LaunchedServer, launchRedis } from '@rankd/testkit';
import { DEADLINE_MS, PageFixture, untilShown } from './page-fixture.js';

jest.setTimeout(6 * DEADLINE_MS);

let fixture: PageFixture;
let server: LaunchedServer;
beforeAll(async () => {
  fixture = await PageFixture.launch();
  server = await fixture.server({
    RANKD_MEMBERS_MAX: '3',
    RANKD_WAITLIST_MAX: '5',
    RANKD_GRACE_MS: '60000',
    RANKD_ADMIN_TOKEN: 'admin',
  });
});
afterAll(() => fixture.dispose());
afterEach(async () => {
  await fixture.closeWindows();
  expect(fixture.complaints.splice(0)).toEqual([]);
});

describe('what the page shows', () => {
  it('of a member: name, slot, tags, address, age; a name is always text', async () => {
    const page = await fixture.open(server, {}, '#group=facts');
    await page.getByText('This group has no members.').waitFor();
    const evil = '<img/src=x/onerror=alert(1)>';
    await fixture.join(server, { group: 'facts', name: evil, tags: { zone: 'eu-1', '<b>': '</b>' } });
    await untilShown(page, [evil]);
    const leader = page.locator('[data-rank="0"]');
    const text = await leader.innerText();
    for (const part of [evil, 'zone eu-1', '<b> </b>', '127.0.0.1:', 'leads']) expect(text).toContain(part);
    expect(await leader.locator('.slot').textContent()).toBe('slot 0');
    expect(await leader.locator('.age').textContent()).toMatch(/^here for \d+ s$/);
    expect(await page.locator('.row img').count()).toBe(0);
  });

  it('that a group is full, how many members wait, and which are away', async () => {
    const group = 'full';
    const page = await fixture.open(server, {}, `#group=${group}`);
    await fixture.join(server, { group, name: 'ann' });
    const bob = await fixture.join(server, { group, name: 'bob' });
    for (const name of ['cleo', 'dora', 'emil']) await fixture.join(server, { group, name });
    await untilShown(page, ['ann', 'bob', 'cleo']);
    await page.getByText('2 waiting, at most 5').waitFor();
    await page.locator('.capacity.full').waitFor();
    bob.reset();
    await page.locator('[data-rank="1"].away').getByText('away', { exact: true }).waitFor();
    await page.getByText('bob, rank 1, is away: connection closed').waitFor();
  });

  it('what an administrator has moved', async () => {
    const group = 'moves';
    const page = await fixture.open(server, {}, `#group=${group}`);
    for (const name of ['ann', 'bob', 'cleo']) await fixture.join(server, { group, name });
    await untilShown(page, ['ann', 'bob', 'cleo']);
    const admin = await fixture.join(server, { group, role: 'observer', token: 'admin' });
    const member = await page.locator('[data-rank="2"]').getAttribute('data-member');
    admin.send({ type: 'admin', id: '1', action: 'move', member, rank: 1 });
    await untilShown(page, ['ann', 'cleo', 'bob']);
    await page.getByText('cleo was moved to rank 1').waitFor();
  });

  it('the state of the mirror, and why it is not up to date', async () => {
    const redis = await launchRedis();
    try {
      const page = await fixture.open(await fixture.server({ RANKD_REDIS_URL: redis.url }));
      await page.locator('.facts .well').getByText('up').waitFor();
      redis.childProcess.kill();
      await page.locator('.facts .ill').getByText('down').waitFor();
    } finally {
      await redis.dispose();
    }
  });
});
