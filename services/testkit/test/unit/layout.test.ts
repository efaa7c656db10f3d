import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';

const FILES_MAX = 15;

const page = readFileSync(join(repository, 'docs/architecture.md'), 'utf8');
const tracked = execFileSync('git', ['-C', repository, 'ls-files', '-co', '--exclude-standard'], {
  encoding: 'utf8',
}).split('\n');
const code = tracked.filter(path => /\.(ts|tsx|mjs|js|c)$/.test(path) && existsSync(join(repository, path)));

describe('a folder', () => {
  it(`holds at most ${FILES_MAX} files of code`, () => {
    const counts = new Map<string, number>();
    for (const path of code) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > FILES_MAX)).toEqual([]);
    expect(counts.size).toBeGreaterThan(60);
  });
});

describe('docs/architecture.md', () => {
  const rows = page.slice(page.indexOf('## Folders'), page.indexOf('## Five ways'));

  it('has a sentence for every folder of the sources, and for no other', () => {
    const folders = new Set(code.map(path => dirname(path)).filter(path => /^services\/[a-z]+\/src/.test(path)));
    const named = new Set<string>();
    let service = '';
    for (const [, cell = ''] of rows.matchAll(/^\| (`[^|]*`) *\|/gm)) {
      for (const [, name = ''] of cell.matchAll(/`([^`]+)`/g)) {
        if (!name.startsWith('…')) service = name.split('/').slice(0, 3).join('/');
        named.add(name.replace('…', service));
      }
    }
    expect([...named].sort()).toEqual([...folders].sort());
  });

  it('names only files that exist', () => {
    const text = page.slice(page.indexOf('## Five ways'), page.indexOf('## Glossary'));
    const names = [...text.matchAll(/`([a-z-]+(?:\/[a-z-]+)+\.ts)`/g)].map(([, name = '']) => name);
    const isThere = (name: string): boolean =>
      existsSync(join(repository, 'services/server/src', name)) || existsSync(join(repository, 'services', name));
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter(name => !isThere(name))).toEqual([]);
  });
});
