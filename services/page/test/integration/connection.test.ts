import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { within } from '@rankd/testkit';
import { DEADLINE_MS, PageFixture, untilShown } from './page-fixture.js';

jest.setTimeout(6 * DEADLINE_MS);

let fixture: PageFixture;
beforeAll(async () => {
  fixture = await PageFixture.launch();
});
afterAll(() => fixture.dispose());
afterEach(() => fixture.closeWindows());

describe('when the connection is lost', () => {
  it('the page reports it, keeps the last roster, and shows the current one when the server is back', async () => {
    const server = await fixture.server();
    await fixture.join(server, { name: 'ann' });
    const page = await fixture.open(server);
    await untilShown(page, ['ann']);
    await page.getByText('live', { exact: true }).waitFor();

    server.childProcess.kill('SIGKILL');
    await page.getByText('connection lost', { exact: true }).waitFor();
    await page
      .getByText(/: the server cannot be reached\. The page shows the state of that time\. Trying again/)
      .waitFor();
    await untilShown(page, ['ann']);

    const again = await fixture.server({ RANKD_HTTP_PORT: String(server.httpPort) });
    await fixture.join(again, { name: 'bob' });
    await fixture.join(again, { name: 'cleo' });
    await untilShown(page, ['bob', 'cleo']);
    await page.getByText('live', { exact: true }).waitFor();
    expect(await page.getByText('Connection lost').count()).toBe(0);
  });

  it('because the server sends nothing, the page reports that', async () => {
    const server = await fixture.server();
    await fixture.join(server, { name: 'ann' });
    const page = await fixture.open(server);
    await untilShown(page, ['ann']);
    await server.childProcess.stop();
    await page.getByText(/the server does not answer/).waitFor({ timeout: 3 * DEADLINE_MS });
    server.childProcess.kill('SIGCONT');
    await page.getByText('live', { exact: true }).waitFor({ timeout: 3 * DEADLINE_MS });
  });

  it('because the limit of streams is reached, the page says what to do', async () => {
    const server = await fixture.server({ RANKD_HTTP_STREAMS_MAX: '1' });
    const first = await fixture.open(server);
    await first.getByText('live', { exact: true }).waitFor();
    const second = await fixture.open(server);
    await second.getByText(/the limit of \d+ streams is reached/).waitFor();
    await first.close();
    await second.getByText('live', { exact: true }).waitFor();
  });
});

it('if the page is called by a name that the server does not know, it says what to do', async () => {
  const server = await fixture.server();
  // Chromium resolves every name that ends like this to this machine.
  const url = `http://rankd.localhost:${server.httpPort}/`;
  const page = await fixture.openTab(await fixture.openWindow(), url);
  await page
    .getByText(/^Not connected: rankd\.localhost:\d+ is not a name of this server: .*RANKD_HTTP_HOSTS/)
    .waitFor();
});

describe('with RANKD_HTTP_TOKEN', () => {
  it('the page asks for the token, reports a wrong one, keeps it for the tab and never puts it into a URL', async () => {
    const TOKEN = 'correct horse';
    const server = await fixture.server({ RANKD_HTTP_TOKEN: TOKEN });
    await fixture.join(server, { name: 'ann' });
    const page = await fixture.open(server);
    const urls: string[] = [];
    page.on('request', request => urls.push(request.url()));

    const field = page.getByLabel('Token');
    await field.waitFor();
    expect(await field.evaluate(element => element === document.activeElement)).toBe(true);
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.getByText(/^The token is wrong: /).waitFor();
    expect(await page.getByText('ann').count()).toBe(0);

    await field.fill(TOKEN);
    await page.keyboard.press('Enter');
    await untilShown(page, ['ann']);
    await page.reload();
    await untilShown(page, ['ann']);
    expect(urls.length).toBeGreaterThan(3);
    expect(urls.filter(url => /correct|wrong/.test(url))).toEqual([]);

    const other = await fixture.open(server);
    await within(DEADLINE_MS, 'the question', other.getByLabel('Token').waitFor());
  });
});
