/** The result of a run. */

import type { CoreRates } from '../rows/core-rates.js';
import type { JudgedTarget } from '../rows/metric-target.js';
import type { Machine } from '../machine/machine.js';
import type { Sample } from '../node-load/probe.js';
import type { Row } from '../rows/row.js';
import type { Tool } from '../servers/tools.js';

/** The result of a run. Tables and pages are made from it. */
export interface BenchReport {
  /** When the run started, as ISO 8601. */
  readonly at: string;
  readonly quick: boolean;
  readonly repeats: number;
  readonly seconds: number;
  readonly isPinned: boolean;
  /** Whether the load came from Node because there is no C compiler. The load generator then limits the results. */
  readonly loadFromNode: boolean;
  readonly machine: Machine;
  readonly tools: readonly Tool[];
  readonly rows: readonly RowReport[];
  /** The rates of the core alone, at several sizes. Empty if only some rows were measured. */
  readonly core: readonly CoreRates[];
}

/** The result of one row. */
export interface RowReport {
  readonly id: Row['id'];
  readonly work: string;
  readonly figures: readonly JudgedTarget[];
  readonly probes: readonly ProbeReport[];
}

/** The samples of one measurement. */
export interface ProbeReport {
  readonly key: string;
  /** One sample for each repeat that succeeded. */
  readonly samples: readonly Sample[];
  /** Why the other repeats failed, each reason once. */
  readonly faults: readonly string[];
}
