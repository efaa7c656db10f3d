import { BenchError } from './child.js';
import { measureLeases } from './etcd-lease.js';
import { runLoad } from './load-generator.js';
import type { Prober } from './row-run.js';
import type { ServerPool } from './server-pool.js';
import type { Workshop } from './workshop.js';

/** How long servers may take to forget what they did before. */
const idleMs = 5000;

/** Measures with the load generator, against servers that this run started. One that failed is not used again. */
export function poolProber(workshop: Workshop, pool: ServerPool): Prober {
  return async (probe, deadlineMs) => {
    if (probe.kind === 'etcd-lease') return await measureLeases(workshop, probe.rounds);
    try {
      const server = await pool.get(probe.server, probe.needsFreshServer === true);
      await pool.untilIdle(idleMs);
      return await runLoad(workshop, probe, server, deadlineMs);
    } catch (error) {
      if (error instanceof BenchError) await pool.drop(probe.server);
      throw error;
    }
  };
}
