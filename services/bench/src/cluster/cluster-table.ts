/** The result of a cluster run as a table. */

import type { ClusterReport, ClusterRow } from './cluster-bench.js';
import type { ClusterSample } from './cluster-load.js';
import { numberText } from '../report/number-text.js';
import { median } from '../rows/statistics.js';

const header = ['setup', 'groups', 'in flight', 'entries per second', 'p50', 'p99', 'CPU per entry: servers', 'Redis'];

/** Returns the result as a Markdown table: medians of the repeats. */
export function renderClusterTable({ at, repeats, isPinned, machine, rows }: ClusterReport): string {
  const lines = [header, header.map(() => '---'), ...rows.map(cellsOf)].map(cells => `| ${cells.join(' | ')} |`);
  const where = isPinned
    ? 'The servers have one core; Redis and the load have the other'
    : 'Nothing is pinned to a core';
  return `${lines.join('\n')}

\`scripts/bench --cluster\`, ${at}, commit ${machine.commit}, medians of ${repeats}. ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}. ${where}.
`;
}

function cellsOf({ servers, groups, inFlight, samples }: ClusterRow): string[] {
  const mid = (field: keyof ClusterSample): number => median(samples.map(sample => sample[field]));
  return [
    setupText(servers),
    numberText(groups),
    numberText(inFlight),
    numberText(Math.round(mid('entriesPerSecond'))),
    `${numberText(mid('p50Ms'))} ms`,
    `${numberText(mid('p99Ms'))} ms`,
    `${numberText(mid('serverUsPerEntry'))} µs`,
    servers === 0 ? 'none' : `${numberText(mid('redisUsPerEntry'))} µs`,
  ];
}

function setupText(servers: ClusterRow['servers']): string {
  if (servers === 0) return 'one server alone, no Redis';
  return servers === 1 ? 'a cluster of 1 server' : `a cluster of ${servers} servers`;
}
