/** Runs the measurements of one running server. */

import { BenchError } from '../servers/child.js';
import { measureElections, measureFan, measureSilence, measureStorm, measureTrip } from '../node-load/node-probes.js';
import type { LoadMode, LoadOptions, Sample } from '../node-load/probe.js';
import type { Prober } from '../rows/row-run.js';
import type { Target } from './target.js';

type Measure = (target: Target, load: LoadOptions) => Promise<Sample>;

const measures: Partial<Record<LoadMode, Measure>> = {
  fan: measureFan,
  trip: measureTrip,
  storm: measureStorm,
  elect: measureElections,
  silence: measureSilence,
};

/** Returns a prober that measures a running server from this process. It needs no compiler and cannot read the server's CPU time. */
export function targetProber(target: Target): Prober {
  return async (probe, deadlineMs) => {
    const measure = probe.kind === 'load' ? measures[probe.mode] : undefined;
    if (measure === undefined || probe.kind !== 'load') throw new BenchError('needs gcc');
    return await within(deadlineMs, measure(target, probe.load));
  };
}

async function within(deadlineMs: number, work: Promise<Sample>): Promise<Sample> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BenchError(`took longer than ${deadlineMs / 1000} s`)), deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    if (error instanceof BenchError) throw error;
    throw new BenchError(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
