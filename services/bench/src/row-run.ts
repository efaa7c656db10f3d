import { BenchError } from './child.js';
import { measureLeases } from './etcd-lease.js';
import { judge, Unmeasured, type SampleOf } from './figure.js';
import { runLoad } from './load-generator.js';
import type { Probe, Sample } from './probe.js';
import type { RowReport } from './report.js';
import type { Row } from './row.js';
import type { ServerPool } from './server-pool.js';
import type { Workshop } from './workshop.js';

type Outcome = { readonly kind: 'sample'; readonly sample: Sample } | { readonly kind: 'fault'; readonly why: string };

/** Bounds and surroundings of the probes of one row. */
export interface RowRunOptions {
  readonly repeats: number;
  readonly probeDeadlineMs: number;
  /** Before each probe. */
  readonly onProbe: (probe: Probe) => void;
  /** No probe begins any more once this holds. */
  readonly isOutOfTime: () => boolean;
}

/** Runs all probes of a row, taking turns within each repeat. A probe that fails is told of and ends nothing. */
export async function runRow(
  workshop: Workshop,
  pool: ServerPool,
  row: Row,
  options: RowRunOptions,
): Promise<RowReport> {
  const outcomes = row.probes.map((): Outcome[] => []);
  for (let repeat = 0; repeat < options.repeats; repeat += 1) {
    for (const [at, probe] of row.probes.entries()) {
      options.onProbe(probe);
      outcomes[at]?.push(
        options.isOutOfTime()
          ? { kind: 'fault', why: 'the run was out of time' }
          : await runProbe(workshop, pool, probe, options.probeDeadlineMs),
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

/** How long servers may take to forget what they did before. */
const idleMs = 5000;

async function runProbe(workshop: Workshop, pool: ServerPool, probe: Probe, deadlineMs: number): Promise<Outcome> {
  try {
    if (probe.kind === 'etcd-lease') {
      return { kind: 'sample', sample: await measureLeases(workshop, probe.rounds) };
    }
    const server = await pool.get(probe.server, probe.needsFreshServer === true);
    await pool.untilIdle(idleMs);
    return { kind: 'sample', sample: await runLoad(workshop, probe, server, deadlineMs) };
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    if (probe.kind === 'load') await pool.drop(probe.server);
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
