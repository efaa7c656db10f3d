/** Computes the trend of samples over time. */

/** One sample of a measured value. `atMs` may come from any clock. */
export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** Returns the slope, per hour, of the line that fits the points best (least squares). */
export function slopePerHour(points: readonly Point[]): number {
  const meanAt = mean(points.map(({ atMs }) => atMs));
  const meanValue = mean(points.map(({ value }) => value));
  let covariance = 0;
  let variance = 0;
  for (const { atMs, value } of points) {
    covariance += (atMs - meanAt) * (value - meanValue);
    variance += (atMs - meanAt) ** 2;
  }
  return variance === 0 ? 0 : (covariance / variance) * 3_600_000;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
