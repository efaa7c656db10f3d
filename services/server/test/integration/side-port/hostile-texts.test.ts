import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { eventually, firstSteering, hostileTexts } from '@rankd/testkit';
import { SidePortFixture } from './side-port-fixture.js';

jest.setTimeout(20_000);

let fixture: SidePortFixture;
beforeAll(async () => {
  fixture = await SidePortFixture.launch({ RANKD_MEMBERS_MAX: '100' });
});
afterAll(() => fixture.dispose());

it('sends a terminal no control characters, and clients the original text as JSON', async () => {
  const stream = await fixture.stream('/api/groups/default/events');
  const texts: Record<string, string>[] = hostileTexts.map(text => ({ [text]: text }));
  for (const tags of texts) await fixture.join({ tags });
  await eventually(5000, 'every view', () =>
    stream.text.split('event: view').length > texts.length ? true : undefined,
  );
  stream.close();
  expect(firstSteering(stream.text)).toBeUndefined();

  const paths = ['/api/groups/default', '/api/groups', '/ranks', '/readyz', '/metrics', '/nothing%1b%5B31m%c2%9b'];
  for (const path of paths) {
    const { body } = await fixture.get(path);
    expect([path, firstSteering(body)]).toEqual([path, undefined]);
  }
  const { members } = (await fixture.json('/api/groups/default')) as { members: { tags: Record<string, string> }[] };
  expect(members.map(({ tags }) => tags)).toEqual(texts);
});

it('repeats no control characters of a request', async () => {
  for (const text of hostileTexts.filter(each => !/[\ud800-\udfff]/.test(each))) {
    const { body } = await fixture.get(`/ranks?group=${encodeURIComponent(text)}`);
    expect(body).toMatch(/^group .* has no members\n$/);
    expect([text, firstSteering(body)]).toEqual([text, undefined]);
  }
});
