/** The metrics of the process: CPU, memory, open files. */

import { readdirSync, statSync } from 'node:fs';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

const DESCRIPTORS = '/proc/self/fd';

/**
 * Metrics of prom-client that are left out, because each visits all connections at every scrape. `rankd_sessions` has the number of
 * connections. `nodejs_active_resources` visits all connections too, but is kept: no other metric counts timers.
 */
const costlyMetrics = [
  'process_open_fds',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_resources_total',
];

/** Registers prom-client's process metrics, except those that would delay a server with ten thousand members at each scrape. */
export function registerProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  const isLinux = registry.getSingleMetric('process_open_fds') !== undefined;
  for (const name of costlyMetrics) registry.removeSingleMetric(name);
  if (isLinux) registerOpenDescriptors(registry);
}

/** Registers the number of open files under the name that prom-client uses, at a lower cost. */
function registerOpenDescriptors(registry: Registry): void {
  new Gauge({
    name: 'process_open_fds',
    help: 'Number of open file descriptors.',
    registers: [registry],
    collect() {
      this.set(countOpenDescriptors());
    },
  });
}

/**
 * Returns the number of open files. Since Linux 6.2, the size of the directory is this number. On an older Linux the size is 0, so the
 * directory is listed.
 */
function countOpenDescriptors(): number {
  const { size } = statSync(DESCRIPTORS);
  // The listing itself uses one descriptor.
  return size > 0 ? size : readdirSync(DESCRIPTORS).length - 1;
}
