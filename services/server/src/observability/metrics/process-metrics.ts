import { readdirSync, statSync } from 'node:fs';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

const DESCRIPTORS = '/proc/self/fd';

/**
 * Each of them walks through all connections at every scrape; how many there are is told by `rankd_sessions`. So does
 * `nodejs_active_resources`, which stays: nothing else tells of timers.
 */
const walkingAll = [
  'process_open_fds',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_resources_total',
];

/** What prom-client tells of any process, but for what would hold up ten thousand members for a moment each time. */
export function registerProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  const isLinux = registry.getSingleMetric('process_open_fds') !== undefined;
  for (const name of walkingAll) registry.removeSingleMetric(name);
  if (isLinux) registerDescriptors(registry);
}

/** The same number as prom-client's. */
function registerDescriptors(registry: Registry): void {
  new Gauge({
    name: 'process_open_fds',
    help: 'Number of open file descriptors.',
    registers: [registry],
    collect() {
      this.set(openDescriptors());
    },
  });
}

/** Linux 6.2 and later tell their number as the directory's size; before, it is 0, and they have to be listed. */
function openDescriptors(): number {
  const { size } = statSync(DESCRIPTORS);
  // Less the one that the listing itself needs.
  return size > 0 ? size : readdirSync(DESCRIPTORS).length - 1;
}
