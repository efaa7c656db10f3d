import type { CoreRates } from '../rows/core-rates.js';
import type { JudgedTarget } from '../rows/metric-target.js';
import type { Machine } from '../machine/machine.js';
import type { Sample } from '../node-load/probe.js';
import type { Row } from '../rows/row.js';
import type { Tool } from '../servers/tools.js';

/** The result of a run. Tables and pages are made from it. */
export interface BenchReport {
  /** When it began, as ISO 8601. */
  readonly at: string;
  readonly quick: boolean;
  readonly repeats: number;
  readonly seconds: number;
  readonly isPinned: boolean;
  /** Without a C compiler the load comes from Node, and is the bottleneck itself. */
  readonly loadFromNode: boolean;
  readonly machine: Machine;
  readonly tools: readonly Tool[];
  readonly rows: readonly RowReport[];
  /** The core by itself, at several sizes; none where only some rows were asked for. */
  readonly core: readonly CoreRates[];
}

export interface RowReport {
  readonly id: Row['id'];
  readonly work: string;
  readonly figures: readonly JudgedTarget[];
  readonly probes: readonly ProbeReport[];
}

export interface ProbeReport {
  readonly key: string;
  /** One of each repeat that succeeded. */
  readonly samples: readonly Sample[];
  /** Why others did not, each reason once. */
  readonly faults: readonly string[];
}
