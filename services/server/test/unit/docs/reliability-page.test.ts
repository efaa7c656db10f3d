import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';
import { serverSettingsSchema } from '../../../src/config.js';
import { linksToTests, missingAmong, readPage, testsNamedIn } from './named-tests.js';

/** docs/reliability.md and the pages of docs/reliability, as one text. */
const parts = readdirSync(resolve(repository, 'docs/reliability')).map(name => `reliability/${name}`);
const page = ['reliability.md', ...parts].map(readPage).join('\n');
const tests = readPage('reliability/tests.md');

/** The number of rows by letter: transport, frames, load, commands, lifecycle, Redis, several servers. */
const rows = { T: 14, F: 21, L: 13, C: 11, S: 7, R: 10, K: 13 };

/** Constants that divide time or work. No wait ends and no request is rejected because of them. */
const noLimits = new Set([
  // Of rankd/testing, which is not part of the server.
  'OUTPUT_CHARS_MAX',
  'SLOT_MS',
  'TICK_MS',
  'POOL_BYTES',
  'NOTE_MS',
  'ALIVE_MS',
  'VACATED_MAX',
  'BYTES_PER_CHAR_MAX',
  'TIMER_MS_MAX',
  'QUOTED_CHARS_MAX',
  'SLICE_BYTES',
  'LIMIT_VALID_MS',
  'SERVER_ID_BYTES',
  'ENTRY_BYTES',
  'RANK_BYTES',
  'CLUSTER_ID_BYTES',
  'SLOWER_MAX',
  'SLOWER_MAX_MS',
]);

/** The constants `NAME_MS`, `NAME_MAX`, `NAME_BYTES`, … in every file below the directory. */
function constantsOf(directory: string): string[] {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
  const declared = /^(?:export )?const ([A-Z_]*(?:_MS|_MAX|_BYTES|_KEPT|_QUEUE|_PENDING_MIN)(?:_MAX)?) =/gm;
  return files.flatMap(name =>
    [...readFileSync(resolve(directory, name), 'utf8').matchAll(declared)].map(([, constant = '']) => constant),
  );
}

describe('docs/reliability.md', () => {
  it('quotes only tests that exist', () => {
    const named = testsNamedIn(page);
    expect(named.length).toBeGreaterThan(100);
    expect(missingAmong(named)).toEqual([]);
  });

  it('quotes the title of every test that it links to', () => {
    const { all, withTitles } = linksToTests(page);
    expect(withTitles).toBe(all);
  });

  it.each(Object.entries(rows))('has every %s row: a test, or why it does not apply', (letter, count) => {
    const wanted = Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
    const listed = [...page.matchAll(new RegExp(`^\\| (${letter}\\d+) +\\|`, 'gm'))].map(([, row]) => row);
    expect(listed).toEqual(wanted);
  });

  it('names a test for each row that applies and that CI runs', () => {
    const ids = Object.entries(rows).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
    );
    const untested = ids.filter(id => !new RegExp(`^- ${id}[,:]`, 'm').test(tests));
    expect(untested).toEqual(['L2', 'L13']);
  });

  it('lists every setting that is a limit', () => {
    const isLimit = (name: string): boolean => /_(MAX|MS|PER_SECOND)$/.test(name);
    const limits = Object.keys(serverSettingsSchema.properties).filter(isLimit);
    expect(limits.filter(name => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('lists every constant that is a limit', () => {
    const limits = ['server', 'client'].flatMap(service => constantsOf(resolve(repository, `services/${service}/src`)));
    expect(limits.length).toBeGreaterThan(35);
    expect(limits.filter(name => !noLimits.has(name) && !page.includes(`\`${name}\``))).toEqual([]);
  });
});
