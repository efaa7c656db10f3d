import { describe, expect, it } from '@jest/globals';
import { parseRanks } from '../../src/parse-ranks.js';

describe('a list of ranks', () => {
  it.each([
    ['0', [0]],
    ['1,3-5', [1, 3, 4, 5]],
    ['5,1, 1-2', [1, 2, 5]],
    ['7-7', [7]],
  ])('%s', (text, ranks) => {
    expect(parseRanks(text)).toEqual(ranks);
  });

  it.each(['', 'a', '1,', '-1', '1-', '3-1', '1.5', '1 2', '9999999999'])('is rejected: %p', text => {
    expect(() => parseRanks(text)).toThrow(expect.objectContaining({ name: 'UsageError' }));
  });

  it('has at most 1000 ranks, the limit of a command', () => {
    expect(parseRanks('0-999')).toHaveLength(1000);
    expect(() => parseRanks('0-1000')).toThrow('more than 1000');
    expect(() => parseRanks('0-999999999')).toThrow('more than 1000');
  });
});
