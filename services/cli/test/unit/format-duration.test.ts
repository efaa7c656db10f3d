import { describe, expect, it } from '@jest/globals';
import { formatAge, formatDuration } from '../../src/output/format-duration.js';

describe('a duration as text', () => {
  it.each([
    [0, '0s'],
    [999, '0s'],
    [12_900, '12s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [3_599_999, '59m'],
    [3_600_000, '1h00m'],
    [7_500_000, '2h05m'],
    [86_400_000, '1d00h'],
    [356_400_000, '4d03h'],
  ])('%d ms: %s', (ms, words) => {
    expect(formatDuration(ms)).toBe(words);
  });

  it('is never negative, for any difference of clocks', () => {
    const at = '2026-11-23T10:00:00.000Z';
    expect(formatAge(at, Date.parse(at) - 5000)).toBe('0s');
    expect(formatAge(at, Date.parse(at) + 5000)).toBe('5s');
  });
});
