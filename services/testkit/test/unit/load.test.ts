import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../src/inputs/seeded-random.js';
import { mutateSession } from '../../src/load/fuzz-mutations.js';
import { sampleIn } from '../../src/processes/metrics.js';
import { slopePerHour } from '../../src/load/trend.js';

describe('the trend of a gauge', () => {
  it('is the slope of the line through its points, per hour', () => {
    const points = [0, 60_000, 120_000].map(atMs => ({ atMs, value: 5 + atMs / 60_000 }));
    expect(slopePerHour(points)).toBeCloseTo(60);
  });

  it('is 0 for one point', () => {
    expect(slopePerHour([{ atMs: 1, value: 7 }])).toBe(0);
  });
});

it('a seed always gives the same mutated sessions, and another seed gives others', () => {
  const sessions = (seed: number): Buffer[] => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 50 }, () => mutateSession(random));
  };
  expect(sessions(1)).toEqual(sessions(1));
  expect(sessions(1)).not.toEqual(sessions(2));
});

it('a sample of /metrics is found by its complete name and labels', () => {
  const text = 'a_total{b="c"} 3\na_total 4\na_total_more 5\n';
  expect([sampleIn(text, 'a_total'), sampleIn(text, 'a_total{b="c"}'), sampleIn(text, 'a')]).toEqual([4, 3, undefined]);
});
