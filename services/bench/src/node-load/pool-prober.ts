import { BenchError } from '../servers/child.js';
import { measureLeases } from '../servers/etcd-lease.js';
import { runLoad } from '../servers/load-generator.js';
import type { LoadMode, ServerKind } from './probe.js';
import type { Prober } from '../rows/row-run.js';
import type { ServerPool } from '../servers/server-pool.js';
import type { Server } from '../servers/server.js';
import type { BenchContext } from '../bench-context.js';

/** How long servers may take to forget what they did before. */
const idleMs = 5000;

/** Compiled while they run; the others were compiled before. */
const compiledAsTheyRun: ReadonlySet<ServerKind> = new Set(['rankd', 'rankd-unmirrored', 'node-limit']);
/** How fast they are takes some seconds of this to settle. */
const warmedFor: ReadonlySet<LoadMode> = new Set(['fan', 'trip']);

/**
 * Measures with the load generator, against servers that this run started. One that failed is not used again. `warms`: each does
 * the work once before it counts, where that takes time to become as fast as it will be.
 */
export function poolProber(context: BenchContext, pool: ServerPool, { warms }: { warms: boolean }): Prober {
  const warmed = new WeakSet<Server>();
  return async (probe, deadlineMs) => {
    if (probe.kind === 'etcd-lease') return await measureLeases(context, probe.rounds);
    try {
      const server = await pool.get(probe.server, probe.needsFreshServer === true);
      if (warms && compiledAsTheyRun.has(probe.server) && warmedFor.has(probe.mode) && !warmed.has(server)) {
        warmed.add(server);
        await runLoad(context, probe, server, deadlineMs);
      }
      await pool.untilIdle(idleMs);
      return await runLoad(context, probe, server, deadlineMs);
    } catch (error) {
      if (error instanceof BenchError) await pool.drop(probe.server);
      throw error;
    }
  };
}
