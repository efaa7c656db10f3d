/** Runs the measurements of a row. */

import { BenchError } from '../servers/child.js';
import { judge, Unmeasured, type SampleOf } from './metric-target.js';
import type { Probe, Sample } from '../node-load/probe.js';
import type { RowReport } from '../report/report.js';
import type { Row } from './row.js';

/**
 * Runs one measurement.
 * @throws BenchError if it has no result within the deadline
 */
export type Prober = (probe: Probe, deadlineMs: number) => Promise<Sample>;

type Outcome = { readonly kind: 'sample'; readonly sample: Sample } | { readonly kind: 'fault'; readonly why: string };

/** The limits of the measurements of one row. */
export interface RowRunOptions {
  readonly repeats: number;
  readonly probeDeadlineMs: number;
  /** Called before each measurement. */
  readonly onProbe: (probe: Probe) => void;
  /** Returns whether no further measurement may start. */
  readonly isOutOfTime: () => boolean;
}

/** Runs all measurements of a row, one after another, in each repeat. A failed measurement is reported, and the run continues. */
export async function runRow(prober: Prober, row: Row, options: RowRunOptions): Promise<RowReport> {
  const outcomes = row.probes.map((): Outcome[] => []);
  for (let repeat = 0; repeat < options.repeats; repeat += 1) {
    for (const [at, probe] of row.probes.entries()) {
      options.onProbe(probe);
      outcomes[at]?.push(
        options.isOutOfTime()
          ? { kind: 'fault', why: 'the run had no time left' }
          : await runProbe(prober, probe, options.probeDeadlineMs),
      );
    }
  }
  const sampleOfs = Array.from({ length: options.repeats }, (_, repeat) => samplesOf(row, outcomes, repeat));
  return {
    id: row.id,
    work: row.work,
    figures: row.figures.map(figure => judge(figure, sampleOfs)),
    probes: row.probes.map(({ key }, at) => ({ key, ...sort(outcomes[at] ?? []) })),
  };
}

async function runProbe(prober: Prober, probe: Probe, deadlineMs: number): Promise<Outcome> {
  try {
    return { kind: 'sample', sample: await prober(probe, deadlineMs) };
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    return { kind: 'fault', why: error.message };
  }
}

function samplesOf(row: Row, outcomes: readonly (readonly Outcome[])[], repeat: number): SampleOf {
  return key => {
    const outcome = outcomes[row.probes.findIndex(probe => probe.key === key)]?.[repeat];
    if (outcome?.kind === 'sample') return outcome.sample;
    throw new Unmeasured(`${key}: ${outcome?.why ?? 'no such probe'}`);
  };
}

function sort(outcomes: readonly Outcome[]): { samples: Sample[]; faults: string[] } {
  const samples = outcomes.flatMap(outcome => (outcome.kind === 'sample' ? [outcome.sample] : []));
  const faults = outcomes.flatMap(outcome => (outcome.kind === 'fault' ? [outcome.why] : []));
  return { samples, faults: [...new Set(faults)] };
}
