import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { repository } from '@rankd/testkit';

export interface NamedTest {
  readonly path: string;
  readonly title: string;
}

export function readPage(name: string): string {
  return readFileSync(resolve(repository, 'docs', name), 'utf8');
}

/** `[file](../services/…) "title"`: every test that the page names, from any folder of docs. */
export function testsNamedIn(page: string): NamedTest[] {
  return [...page.matchAll(/\]\((?:\.\.\/)+(services\/[^)]+\.test\.ts)\)((?: (?:and )?"[^"]+")+)/g)].flatMap(
    ([, path = '', titles = '']) => [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ path, title })),
  );
}

/** The quoted tests whose title is not in the named file. */
export function missingAmong(named: readonly NamedTest[]): NamedTest[] {
  return named.filter(({ path, title }) => !readFileSync(resolve(repository, path), 'utf8').includes(title));
}

/** The number of links to tests, and of those that are followed by a title. */
export function linksToTests(page: string): { readonly all: number; readonly withTitles: number } {
  return {
    all: [...page.matchAll(/\]\((?:\.\.\/)+services\/[^)]+\.test\.ts\)/g)].length,
    withTitles: [...page.matchAll(/\]\((?:\.\.\/)+services\/[^)]+\.test\.ts\) (?:and )?"/g)].length,
  };
}
