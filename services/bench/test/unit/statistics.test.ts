import { describe, expect, it } from '@jest/globals';
import { median, spreadOf } from '../../src/rows/statistics.js';

describe('median', () => {
  it('is the middle value, in any order of the values', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it('is the mean of the two in the middle', () => {
    expect(median([4, 1, 10, 2])).toBe(3);
  });

  it('sorts numbers, not their texts', () => {
    expect(median([100, 9, 20])).toBe(20);
  });

  it('is NaN for an empty list', () => {
    expect(median([])).toBeNaN();
  });
});

it('a spread has the median and the extremes', () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 });
});
