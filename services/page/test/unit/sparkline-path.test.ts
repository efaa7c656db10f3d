import { describe, expect, it } from '@jest/globals';
import { sparklinePath, roundTop } from '../../src/model/sparkline-path.js';

describe('a curve', () => {
  it('ends at the right edge, and has at least the given number of slots', () => {
    expect(sparklinePath([0, 1, 2], 5, 4)).toEqual({
      points: '0.5,1 0.75,0.75 1,0.5',
      area: '0.5,1 0.5,1 0.75,0.75 1,0.5 1,1',
    });
    expect(sparklinePath([4, 4, 4], 2, 4).points).toBe('0,0 0.5,0 1,0');
  });

  it('without values is empty', () => {
    expect(sparklinePath([], 5, 1)).toEqual({ points: '', area: '' });
  });

  it.each([
    [[], 1],
    [[0.4], 1],
    [[3], 5],
    [[5], 5],
    [[51, 7], 100],
    [[180], 200],
    [[12_345], 20_000],
  ])('of %p has a scale to %p', (values, top) => {
    expect(roundTop(values)).toBe(top);
  });
});
