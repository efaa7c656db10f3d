import type { Probe } from '../node-load/probe.js';
import type { MetricTarget } from './metric-target.js';

/** The rows of the table, in its order; `--rows` names them so. */
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

export type RowId = (typeof rowIds)[number];

/** One row of the table: what is measured, and what is made of it. */
export interface Row {
  readonly id: RowId | 'silence';
  /** The work, for people. */
  readonly work: string;
  /** Run one after the other within each repeat. */
  readonly probes: readonly Probe[];
  readonly figures: readonly MetricTarget[];
}
