/** Registers the metrics of the process: CPU, memory, open files. */

import { readdirSync, statSync } from 'node:fs';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

const DESCRIPTORS = '/proc/self/fd';

/**
 * Metrics of prom-client that iterate over all connections at every scrape; `rankd_sessions` has their number. The metric
 * `nodejs_active_resources` does so too, but stays, because no other metric counts timers.
 */
const costlyMetrics = [
  'process_open_fds',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_resources_total',
];

/** Registers prom-client's process metrics, without those that would delay a server with ten thousand members at each scrape. */
export function registerProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  const isLinux = registry.getSingleMetric('process_open_fds') !== undefined;
  for (const name of costlyMetrics) registry.removeSingleMetric(name);
  if (isLinux) registerOpenDescriptors(registry);
}

/** Registers the number of open files under the same name as prom-client, at a lower cost. */
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

/** Since Linux 6.2, the size of the directory is the number of descriptors. In earlier versions it is 0, and they must be listed. */
function countOpenDescriptors(): number {
  const { size } = statSync(DESCRIPTORS);
  // The listing itself uses one descriptor.
  return size > 0 ? size : readdirSync(DESCRIPTORS).length - 1;
}
