/** Measures with the load generator. */

import { BenchError } from '../servers/child.js';
import { measureLeases } from '../servers/etcd-lease.js';
import { runLoad } from '../servers/load-generator.js';
import type { LoadMode, ServerKind } from './probe.js';
import type { Prober } from '../rows/row-run.js';
import type { ServerPool } from '../servers/server-pool.js';
import type { Server } from '../servers/server.js';
import type { BenchContext } from '../bench-context.js';

/** How long to wait until servers have cleaned up after the last measurement, ms. */
const idleMs = 5000;

/** Servers whose code is compiled while it runs. The others were compiled before. */
const compiledAsTheyRun: ReadonlySet<ServerKind> = new Set(['rankd', 'rankd-unmirrored', 'node-limit']);
/** Measurements for which such a server needs a few seconds to reach its full speed. */
const warmedFor: ReadonlySet<LoadMode> = new Set(['fan', 'trip']);

/**
 * Returns a prober that uses the load generator on the servers of a pool. A server whose measurement failed is not used again.
 * @param warms whether a server first does the work once without being measured, if its code is compiled while it runs
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
