/** The rows of the table. */

import type { Probe } from '../node-load/probe.js';
import type { MetricTarget } from './metric-target.js';

/** The ids of the rows in the order of the table. They are the values of `--rows`. */
export const rowIds = [
  'fan',
  'fan-limit',
  'fan-many',
  'fan-few',
  'fan-large',
  'fan-64',
  'fan-one',
  'trip',
  'senders',
  'churn',
  'elect',
  'storm',
  'growth',
  'roster',
] as const;

/** The id of a row. */
export type RowId = (typeof rowIds)[number];

/** One row of the table: its measurements, and the numbers that are computed from them. */
export interface Row {
  readonly id: RowId | 'silence';
  /** The work, in words for people. */
  readonly work: string;
  /** The measurements of each repeat, in order. */
  readonly probes: readonly Probe[];
  readonly figures: readonly MetricTarget[];
}
