import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { serverSettingsSchema } from '../../src/config.js';

const root = resolve(__dirname, '../../../..');
const page = readFileSync(resolve(root, 'docs/reliability.md'), 'utf8');

/** `[file](../services/…) "title"`: a test that the page names. */
const named = [...page.matchAll(/\]\(\.\.\/(services\/[^)]+\.test\.ts)\)((?: (?:and )?"[^"]+")+)/g)].flatMap(
  ([, path = '', titles = '']) => [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ path, title })),
);

/** Rows of notes/reliability.md, section 2: transport, load, commands, lifecycle. */
const rows = { T: 14, L: 13, C: 11, S: 7 };

describe('docs/reliability.md', () => {
  it('names no test that does not exist', () => {
    expect(named.length).toBeGreaterThan(50);
    const missing = named.filter(({ path, title }) => !readFileSync(resolve(root, path), 'utf8').includes(title));
    expect(missing).toEqual([]);
  });

  it('links to no test without saying which of its titles is meant', () => {
    const links = [...page.matchAll(/\]\(\.\.\/services\/[^)]+\.test\.ts\)/g)];
    const withTitles = [...page.matchAll(/\]\(\.\.\/services\/[^)]+\.test\.ts\) (?:and )?"/g)];
    expect(links.length).toBe(withTitles.length);
  });

  it.each(Object.entries(rows))('has every %s row: a test, or why it does not apply', (letter, count) => {
    const wanted = Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
    const told = [...page.matchAll(new RegExp(`^\\| (${letter}\\d+) +\\|`, 'gm'))].map(([, row]) => row);
    expect(told).toEqual(wanted);
  });

  it('lists every setting that is a limit', () => {
    const isLimit = (name: string): boolean => /_(MAX|MS|PER_SECOND)$/.test(name);
    const limits = Object.keys(serverSettingsSchema.properties).filter(isLimit);
    expect(limits.filter(name => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
