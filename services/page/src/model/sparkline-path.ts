/** The path of a curve. */

/** The points of a curve in a box of 1 by 1. As in SVG, y increases downwards. */
export interface SparklinePath {
  /** The points for an SVG polyline. */
  readonly points: string;
  /** The points, closed along the bottom, for an area. */
  readonly area: string;
}

/**
 * Returns the path of the values. The newest value is at the right edge. With fewer than `slotsMin` values the curve starts
 * further to the right.
 */
export function sparklinePath(values: readonly number[], slotsMin: number, top: number): SparklinePath {
  const slots = Math.max(slotsMin, values.length);
  const x = (index: number): number => round((slots - values.length + index) / (slots - 1));
  const y = (value: number): number => round(1 - Math.min(value / top, 1));
  const points = values.map((value, index) => `${x(index)},${y(value)}`).join(' ');
  return { points, area: values.length === 0 ? '' : `${x(0)},1 ${points} 1,1` };
}

/** Returns the smallest round number that is not below any value: 1, 2 or 5 times a power of ten. */
export function roundTop(values: readonly number[]): number {
  const most = values.reduce((largest, value) => Math.max(largest, value), 0);
  if (most <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map(step => step * power).find(top => top >= most) ?? most;
}

function round(part: number): number {
  return Math.round(part * 10_000) / 10_000;
}
