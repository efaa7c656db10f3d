/** Measures the cost of an order that several servers share (`scripts/bench --cluster`). */

import { BenchError, Children } from '../servers/child.js';
import { ClusterFleet, type ServerCount } from './cluster-fleet.js';
import { measureCluster, type ClusterLoad, type ClusterSample } from './cluster-load.js';
import { chooseCores, pinSelf } from '../machine/cpu-pinning.js';
import { describeMachine, type Machine } from '../machine/machine.js';
import { findNode } from '../machine/node-binary.js';
import type { Reporter } from '../report/reporter.js';
import type { BenchSettings } from '../rows/run-bench.js';
import { findTools, has, lookInSbin } from '../servers/tools.js';
import { createScratch, type BenchContext } from '../bench-context.js';

interface Loads {
  readonly servers: readonly ServerCount[];
  readonly warmS: number;
  readonly measureS: number;
  /** The load is measured once for each of these numbers of groups. Only three servers are measured with more than one group. */
  readonly groups: readonly number[];
}

const fullLoad: Loads = { servers: [0, 1, 2, 3], warmS: 1, measureS: 3, groups: [1, 10, 100, 1000] };
const quickLoad: Loads = { servers: [0, 3], warmS: 0.1, measureS: 0.3, groups: [1, 10] };
/** The number of open commands in the rows with many groups. */
const inFlight = 256;

/** One row of the table: the servers, and all measurements of them. */
export interface ClusterRow {
  readonly servers: ServerCount;
  readonly groups: number;
  readonly inFlight: number;
  readonly samples: readonly ClusterSample[];
}

/** The result of a run. */
export interface ClusterReport {
  readonly at: string;
  readonly quick: boolean;
  readonly repeats: number;
  readonly isPinned: boolean;
  readonly machine: Machine;
  readonly rows: readonly ClusterRow[];
}

/**
 * Measures one server alone, then one, two and three servers on one Redis, then three servers with many groups.
 * @throws BenchError if there is no redis-server, if a row cannot be measured, or if the run is aborted
 */
export async function runClusterBench(settings: BenchSettings, reporter: Reporter): Promise<ClusterReport> {
  const { quick, repeats, repository, signal } = settings;
  const at = new Date().toISOString();
  const children = new Children();
  signal?.addEventListener('abort', () => children.killAll());
  lookInSbin();
  const node = await findNode(children, settings.node);
  const machine = describeMachine(repository, node.version);
  await using scratch = await createScratch();
  const tools = await findTools(children);
  if (!has(tools, 'redis-server'))
    throw new BenchError('redis-server is not installed, and a cluster needs it: install redis-server');
  const cores = chooseCores(tools);
  const context: BenchContext = { children, tools, cores, node, repository, scratch: scratch.path };
  const unpin = await pinSelf(cores);
  try {
    const rows = await measureRows(context, quick ? quickLoad : fullLoad, repeats, reporter);
    return { at, quick, repeats, isPinned: cores.server !== undefined, machine, rows };
  } finally {
    children.killAll();
    await unpin();
  }
}

/** Measures all setups in each repeat, one after the other, so that other load on the machine affects all of them alike. */
async function measureRows(
  context: BenchContext,
  { servers: counts, groups, ...time }: Loads,
  repeats: number,
  reporter: Reporter,
): Promise<ClusterRow[]> {
  const setups = counts.map(servers => {
    const alone = [1, 64].map(count => ({ ...time, groups: 1, inFlight: count }));
    return {
      servers,
      loads: servers < 3 ? alone : [...alone, ...groups.map(count => ({ ...time, groups: count, inFlight }))],
    };
  });
  const total = setups.length * repeats;
  const rows = setups.flatMap(({ servers, loads }) =>
    loads.map(load => ({ servers, groups: load.groups, inFlight: load.inFlight, samples: [] as ClusterSample[] })),
  );
  for (let turn = 0; turn < total; turn += 1) {
    const setup = setups[turn % setups.length];
    if (setup === undefined) continue;
    reporter.progress(turn, total, `${setup.servers} servers`);
    const samples = await measureSetup(context, setup.servers, setup.loads);
    rows
      .filter(({ servers }) => servers === setup.servers)
      .forEach((row, index) => row.samples.push(...samples.slice(index, index + 1)));
  }
  reporter.progress(total, total, 'done');
  return rows;
}

async function measureSetup(
  context: BenchContext,
  servers: ServerCount,
  loads: readonly ClusterLoad[],
): Promise<ClusterSample[]> {
  await using fleet = await ClusterFleet.start(context, servers);
  const samples: ClusterSample[] = [];
  for (const [index, load] of loads.entries()) samples.push(await measureCluster(fleet, load, `load-${index}`));
  return samples;
}
