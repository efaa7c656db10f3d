import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs } from '../../../src/connection/backoff.js';

const SETTINGS = { baseMs: 100, capMs: 5000 };

describe('the delay before another attempt', () => {
  it('lies between 0 and a bound that doubles with each attempt', () => {
    expect([0, 1, 2, 3].map(attempt => backoffMs(attempt, SETTINGS, () => 1))).toEqual([100, 200, 400, 800]);
    expect([0, 1, 2, 3].map(attempt => backoffMs(attempt, SETTINGS, () => 0))).toEqual([0, 0, 0, 0]);
    expect(backoffMs(3, SETTINGS, () => 0.5)).toBe(400);
  });

  it('is never longer than the cap, after any number of attempts', () => {
    expect([6, 100, 5000].map(attempt => backoffMs(attempt, SETTINGS, () => 1))).toEqual([5000, 5000, 5000]);
  });

  it('is a whole number of milliseconds within the bounds, for any attempt and any random number', () => {
    const luck = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(fc.nat({ max: 5000 }), luck, (attempt, random) => {
        const waitMs = backoffMs(attempt, SETTINGS, () => random);
        expect(Number.isInteger(waitMs)).toBe(true);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(Math.min(5000, 100 * 2 ** attempt));
      }),
    );
  });
});
