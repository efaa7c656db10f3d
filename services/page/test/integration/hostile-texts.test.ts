import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { eventually, firstSteering, hostileTexts } from '@rankd/testkit';
import { DEADLINE_MS, PageFixture } from './page-fixture.js';

jest.setTimeout(6 * DEADLINE_MS);

let fixture: PageFixture;
beforeAll(async () => {
  fixture = await PageFixture.launch();
});
afterAll(() => fixture.dispose());
afterEach(async () => {
  await fixture.closeWindows();
  expect(fixture.complaints.splice(0)).toEqual([]);
});

it('the page shows names and tags as text, in every attribute too, and executes none of them', async () => {
  const server = await fixture.server();
  for (const text of hostileTexts) await fixture.join(server, { tags: { [text]: text } });
  const page = await fixture.open(server);
  const read = (): Promise<{ readonly text: string; readonly attributes: string[]; readonly tags: string[] }> =>
    page.evaluate(() => {
      const elements = [...document.body.querySelectorAll('*')];
      return {
        text: document.body.textContent,
        attributes: elements.flatMap(element => [...element.attributes].map(({ value }) => value)),
        tags: elements.filter(({ className }) => className === 'tag').map(({ textContent }) => textContent),
      };
    });
  const { text, attributes, tags } = await eventually(DEADLINE_MS, 'all tags', async () => {
    const seen = await read();
    return seen.tags.length === hostileTexts.length ? seen : undefined;
  });
  expect([firstSteering(text), ...attributes.map(firstSteering)].filter(each => each !== undefined)).toEqual([]);
  expect(tags).toContain('<img src=x onerror=alert(1)> <img src=x onerror=alert(1)>');
  expect(await page.locator('img, script:not([src])').count()).toBe(0);
});
