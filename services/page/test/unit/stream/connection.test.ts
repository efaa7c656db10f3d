import { expect, it } from '@jest/globals';
import { retryDelayMs } from '../../../src/stream/connection.js';

it('a page without its server retries soon at first, then every four seconds at most, with jitter', () => {
  expect(retryDelayMs(0, 0)).toBe(125);
  expect(retryDelayMs(0, 1)).toBe(375);
  expect(retryDelayMs(3, 1)).toBe(2125);
  for (const attempt of [5, 50, 5000]) expect(retryDelayMs(attempt, 1)).toBe(4125);
});
