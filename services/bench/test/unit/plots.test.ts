import { describe, expect, it } from '@jest/globals';
import { plotSamples } from '../../src/report/sample-plot.js';
import { plotTargets } from '../../src/report/target-plot.js';
import { figureOf, rowOf } from './reports.js';

/** The bars, in the order of the picture. */
function barsOf(svg: string): { width: number; css: string }[] {
  const bars = svg.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)" height="\d+" rx="2" class="(\w+)"/g);
  return [...bars].map(([, width, css = '']) => ({ width: Number(width), css }));
}

describe('the plot of targets', () => {
  it('has a bar for each figure that was measured, in the colour of its verdict', () => {
    const svg = plotTargets([rowOf(figureOf(2), figureOf(6), figureOf(10), figureOf('not installed'))]);
    expect(barsOf(svg).map(({ css }) => css)).toEqual(['missed', 'near', 'met']);
  });

  it('is as long as it is better or worse than it must be, and ends where the picture does', () => {
    const [half, twice, eightTimes, far] = barsOf(
      plotTargets([rowOf(figureOf(2), figureOf(8), figureOf(32), figureOf(1e9))]),
    );
    expect(half?.width).toBeCloseTo(twice?.width ?? NaN, 0);
    expect(eightTimes?.width).toBeCloseTo(3 * (twice?.width ?? NaN), 0);
    expect(far?.width).toBeCloseTo(4 * (twice?.width ?? NaN), 0);
  });

  it('points the same way where less is better', () => {
    const less = { ...figureOf(2), must: 4, goal: 2, better: 'less' as const };
    const more = { ...figureOf(8), must: 4, goal: 8, better: 'more' as const };
    const [first, second] = barsOf(plotTargets([rowOf(less, more)]));
    expect(first?.width).toBe(second?.width);
  });
});

describe('the plot of samples', () => {
  const plot = (): string =>
    plotSamples({
      title: 'deliveries',
      unit: 'millions',
      name: 'deliveriesPerCoreSecond',
      divisor: 1e6,
      rows: [rowOf()],
    });

  it('shows medians, the longest full width, and nothing for what was not measured', () => {
    const [rankd, nats, ...others] = barsOf(plot());
    expect(rankd?.css).toBe('rankd');
    expect(nats?.css).toBe('peer');
    expect(others).toEqual([]);
    expect(nats?.width).toBe((rankd?.width ?? NaN) / 3);
    expect(plot()).toContain('>30</text>');
  });

  it('is XML whatever the words are', () => {
    expect(plot()).toContain('fan-out &lt;64 B&gt; &amp; more');
  });

  it('follows the colours of its reader', () => {
    expect(plot()).toContain('@media (prefers-color-scheme: dark)');
  });
});
