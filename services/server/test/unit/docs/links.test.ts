/** Checks the links of all pages: the file exists, and the section of a page that an anchor names. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';

const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: repository, encoding: 'utf8' }).trim().split('\n');

/** Returns the anchors of the headings of a page, as GitHub makes them: a repeated heading gets a number. */
function anchorsOf(markdown: string): Set<string> {
  const counts = new Map<string, number>();
  const anchors = new Set([...markdown.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, name = '']) => name));
  for (const [, heading = ''] of withoutFences(markdown).matchAll(/^#{1,6} (.*)$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

const withoutFences = (markdown: string): string => markdown.replace(/^( *)```.*\n[^]*?^\1```/gm, '');
const read = (path: string): string => readFileSync(path, 'utf8');

/** Returns the links of a page that lead nowhere. Links to other sites are not followed. */
function deadLinksOf(page: string): string[] {
  const text = withoutFences(read(resolve(repository, page))).replace(/`[^`\n]*`/g, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)].map(
    ([, link = '', attribute = '']) => link || attribute,
  );
  return targets.filter(target => {
    if (/^[a-z]+:/.test(target)) return false;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? resolve(repository, page) : resolve(repository, dirname(page), path);
    if (!existsSync(file)) return true;
    return anchor !== undefined && file.endsWith('.md') && !anchorsOf(read(file)).has(anchor);
  });
}

describe('the links of the pages', () => {
  it.each(pages)('%s', page => {
    expect(deadLinksOf(page)).toEqual([]);
  });

  it('are checked with their anchors', () => {
    const anchors = anchorsOf('# A `b` (c)\n\n```\n# no heading\n```\n\n## Same\n\n## Same\n\n<a id="own"></a>\n');
    expect([...anchors]).toEqual(['own', 'a-b-c', 'same', 'same-1']);
  });
});
