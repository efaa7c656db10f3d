import { describe, expect, it } from '@jest/globals';
import {
  judge,
  numberOf,
  Unmeasured,
  verdictOf,
  type MetricTarget,
  type SampleOf,
} from '../../src/rows/metric-target.js';

const more = { must: 4, goal: 8, better: 'more' } as const;
const less = { must: 2, goal: 1, better: 'less' } as const;

describe('a verdict', () => {
  it.each([
    [8, 'goal'],
    [7.99, 'must'],
    [4, 'must'],
    [3.99, 'missed'],
  ])('if more is better, %d: %s', (got, verdict) => {
    expect(verdictOf(more, got)).toBe(verdict);
  });

  it.each([
    [1, 'goal'],
    [1.01, 'must'],
    [2, 'must'],
    [2.01, 'missed'],
  ])('if less is better, %d: %s', (got, verdict) => {
    expect(verdictOf(less, got)).toBe(verdict);
  });
});

describe('a judgement', () => {
  const rate = (sampleOf: SampleOf, probe: string): number => numberOf(sampleOf(probe), 'rate');
  const figure: MetricTarget = { what: 'vs peer', ...more, of: of => rate(of, 'rankd') / rate(of, 'peer') };
  const repeat =
    (rankd: number, peer: number): SampleOf =>
    probe => ({ rate: probe === 'rankd' ? rankd : peer });
  const without =
    (why: string): SampleOf =>
    () => {
      throw new Unmeasured(why);
    };

  it('is about the median of the ratios, not the ratio of the medians', () => {
    // The medians are 20 and 10. The ratios of the repeats are 10, 2 and 5.
    const repeats = [repeat(10, 1), repeat(20, 10), repeat(100, 20)];
    expect(judge(figure, repeats).judgement).toEqual({
      kind: 'measured',
      got: { median: 5, least: 2, most: 10 },
      verdict: 'must',
    });
  });

  it('is about the worst repeat if no repeat may be worse than must', () => {
    const strict: MetricTarget = { ...figure, judgedBy: 'worst' };
    expect(judge(strict, [repeat(9, 1), repeat(9, 1), repeat(3, 1)]).judgement).toMatchObject({ verdict: 'missed' });
    const few: MetricTarget = { ...strict, must: 0, goal: 0, better: 'less', of: of => rate(of, 'rankd') };
    expect(judge(few, [repeat(0, 1), repeat(0, 1), repeat(3, 1)]).judgement).toMatchObject({ verdict: 'missed' });
  });

  it('is about the repeats that have a number', () => {
    const { judgement } = judge(figure, [without('too slow'), repeat(9, 1)]);
    expect(judgement).toMatchObject({ kind: 'measured', got: { median: 9 }, verdict: 'goal' });
  });

  it('has the reason if there is no number', () => {
    const { judgement } = judge(figure, [without('nats-server is not installed')]);
    expect(judgement).toEqual({ kind: 'unmeasured', reason: 'nats-server is not installed' });
  });

  it('has no ratio without the other number', () => {
    expect(judge(figure, [repeat(1, 0)]).judgement.kind).toBe('unmeasured');
    expect(judge(figure, []).judgement.kind).toBe('unmeasured');
  });

  it('has no value from a number that the sample does not have', () => {
    expect(() => numberOf({}, 'rate')).toThrow(Unmeasured);
  });
});
