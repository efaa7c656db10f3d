/** Runs the measurements that use the load generator. */

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

/** Servers in JavaScript: V8 compiles their code while it runs. */
const compiledAsTheyRun: ReadonlySet<ServerKind> = new Set(['rankd', 'rankd-unmirrored', 'node-limit']);
/** Measurements in which a server in JavaScript reaches its full speed only after a few seconds. */
const warmedFor: ReadonlySet<LoadMode> = new Set(['fan', 'trip']);

/**
 * Returns a prober that uses the load generator on the servers of a pool. A server is not used again after a failed measurement.
 * @param warms whether a server in JavaScript first does the work once without being measured
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
