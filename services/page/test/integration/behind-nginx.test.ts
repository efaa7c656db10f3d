import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { eventually, type LaunchedServer } from '@rankd/testkit';
import { Nginx } from './nginx.js';
import { DEADLINE_MS, PageFixture, untilShown } from './page-fixture.js';

jest.setTimeout(6 * DEADLINE_MS);

/** nginx passes what it buffers on when the buffer is full or the stream has ended. Both take longer than this, ms. */
const UNBUFFERED_MS = 2000;

let fixture: PageFixture;
let server: LaunchedServer;
let nginx: Nginx;
beforeAll(async () => {
  fixture = await PageFixture.launch();
  server = await fixture.server();
  nginx = await Nginx.launch(server.httpPort);
});
afterAll(async () => {
  await fixture.dispose();
  await nginx.dispose();
});
afterEach(async () => {
  await fixture.closeWindows();
  expect(fixture.complaints.splice(0)).toEqual([]);
});

it.each(['/', '/rankd/', '/rankd', '/rankd/#group=..', '/rankd?x=1#group=.'])(
  'the page at %s shows a member when it joins, and each of its files is found',
  async path => {
    const group = new URLSearchParams(path.split('#')[1]).get('group') ?? `at.${path.replaceAll(/\W/g, '_')}`;
    const own = path.includes('#') ? path : `${path}#group=${group}`;
    await fixture.join(server, { group, name: 'ann' });
    const context = await fixture.openWindow();
    const failed: string[] = [];
    context.on('response', answer => {
      if (answer.status() >= 400) failed.push(answer.url());
    });
    const page = await fixture.openTab(context, `http://127.0.0.1:${nginx.port}${own}`);
    await untilShown(page, ['ann']);
    await fixture.join(server, { group, name: 'bob' });
    const joinedMs = Date.now();
    await untilShown(page, ['ann', 'bob']);
    expect(Date.now() - joinedMs).toBeLessThan(UNBUFFERED_MS);
    expect(failed).toEqual([]);
    expect(await page.evaluate(() => document.fonts.check('1rem "Archivo Variable"'))).toBe(true);
    await context.close();
  },
);

it.each(['/ranks?watch&group=table', '/rankd/ranks?watch&group=table', '/rankd/api/groups/table/events'])(
  'a stream at %s arrives event by event',
  async path => {
    const { body } = await fetch(`http://127.0.0.1:${nginx.port}${path}`);
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    if (reader === undefined) throw new Error('no body');
    let text = '';
    const name = `late-${Math.random().toString(36).slice(2)}`;
    await reader.read();
    await fixture.join(server, { group: 'table', name });
    void (async () => {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += piece.value;
    })().catch(() => undefined);
    await eventually(UNBUFFERED_MS, name, () => (text.includes(name) ? true : undefined));
    await reader.cancel();
  },
);
