/** A small curve. */

import type { JSX } from 'preact';
import { sparklinePath, roundTop } from '../model/sparkline-path.js';

/** The smallest width of the curve: 30 samples, one minute. With fewer samples, part of the width stays empty. */
const SLOTS_MIN = 30;

interface SparklineProps {
  readonly title: string;
  /** The newest value, as text. */
  readonly now: string;
  readonly values: readonly number[];
  /** A second curve on the same scale. */
  readonly others?: readonly number[];
  /** The scale reaches at least this value. */
  readonly topMin?: number;
  /** The description for screen readers. */
  readonly description: string;
  readonly note: JSX.Element | string;
}

/** A small curve of the last minutes, with its newest value. */
export function Sparkline({
  title,
  now,
  values,
  others = [],
  topMin = 1,
  description,
  note,
}: SparklineProps): JSX.Element {
  const top = roundTop([...values, ...others, topMin]);
  const main = sparklinePath(values, SLOTS_MIN, top);
  const other = sparklinePath(others, SLOTS_MIN, top);
  return (
    <figure class="sparkline">
      <figcaption>
        <span class="label">{title}</span>
        <span class="now">{now}</span>
        <span class="note">{note}</span>
      </figcaption>
      <svg viewBox="0 0 1 1" preserveAspectRatio="none" role="img" aria-label={description}>
        <polygon class="area" points={main.area} />
        <polyline class="line" points={main.points} />
        {others.some(value => value > 0) ? <polyline class="other" points={other.points} /> : null}
      </svg>
      <span class="scale" aria-hidden="true">
        {top.toLocaleString('en')}
      </span>
    </figure>
  );
}
