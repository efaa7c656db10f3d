import { describe, expect, it } from '@jest/globals';
import { serverSettingsSchema } from '../../src/config.js';
import { linksToTests, missingAmong, readPage, testsNamedIn } from './named-tests.js';

const page = readPage('reliability.md');

/** Rows of notes/reliability.md, section 2: transport, frames, load, commands, lifecycle, Redis. */
const rows = { T: 14, F: 21, L: 13, C: 11, S: 7, R: 10 };

describe('docs/reliability.md', () => {
  it('names no test that does not exist', () => {
    const named = testsNamedIn(page);
    expect(named.length).toBeGreaterThan(100);
    expect(missingAmong(named)).toEqual([]);
  });

  it('links to no test without saying which of its titles is meant', () => {
    const { all, withTitles } = linksToTests(page);
    expect(withTitles).toBe(all);
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
