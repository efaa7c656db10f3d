/** Starts a real Redis Cluster. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../processes/free-port.js';
import { type LaunchedRedis, launchRedis } from './launch-redis.js';

/** One node of a Redis Cluster: a real redis-server, and its id in the cluster. */
export interface LaunchedNode extends LaunchedRedis {
  readonly id: string;
}

/** A real Redis Cluster on free ports of loopback. */
export interface LaunchedRedisCluster {
  /** The three primaries. Each has a third of the slots, in this order. */
  readonly primaries: readonly LaunchedNode[];
  /** The replica of each primary, in the same order. */
  readonly replicas: readonly LaunchedNode[];
  /** The URL of all nodes, for RANKD_REDIS_URL. */
  readonly url: string;
  dispose(): Promise<void>;
}

const PRIMARIES = 3;
const SLOTS = 16_384;
/** How long a node must be silent to count as failed, ms. It is short, so that tests need not wait long. */
const NODE_TIMEOUT_MS = 1000;

interface Plan {
  readonly id: string;
  readonly port: number;
  readonly busPort: number;
  /** For a primary its index, for a replica the index of its primary. */
  readonly part: number;
  readonly role: 'master' | 'slave';
}

/**
 * Starts three primaries, each with a replica. Each node starts with a configuration file that lists the others, so that CLUSTER MEET is
 * not needed. A node accepts writes 2 s after its start.
 * @param argsOf returns additional arguments for the node at this port
 */
export async function launchRedisCluster(
  argsOf: (port: number) => readonly string[] = () => [],
): Promise<LaunchedRedisCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'rankd-redis-cluster-'));
  const plans = await planned();
  const launched: LaunchedNode[] = [];
  const dispose = async (): Promise<void> => {
    await Promise.all(launched.map(async node => await node.dispose()));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    for (const plan of plans) launched.push(await launchNode(plan, plans, directory, argsOf(plan.port)));
    await Promise.all(
      launched.map(({ childProcess }) => childProcess.line(line => line.includes('Cluster state changed: ok'))),
    );
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    primaries: launched.slice(0, PRIMARIES),
    replicas: launched.slice(PRIMARIES),
    url: `redis+cluster://${plans.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    dispose,
  };
}

async function planned(): Promise<Plan[]> {
  const ports = new Set<number>();
  while (ports.size < 4 * PRIMARIES) ports.add(await freePort());
  const [...all] = ports;
  return Array.from({ length: 2 * PRIMARIES }, (_, index) => ({
    id: String(index + 1).repeat(40),
    port: all[2 * index] as number,
    busPort: all[2 * index + 1] as number,
    part: index % PRIMARIES,
    role: index < PRIMARIES ? 'master' : 'slave',
  }));
}

async function launchNode(
  plan: Plan,
  plans: readonly Plan[],
  directory: string,
  args: readonly string[],
): Promise<LaunchedNode> {
  const file = join(directory, `nodes-${plan.port}.conf`);
  const lines = plans.map(each => lineOf(each, plans, each === plan));
  await writeFile(file, [...lines, `vars currentEpoch ${PRIMARIES} lastVoteEpoch 0`, ''].join('\n'));
  const own = ['--cluster-enabled', 'yes', '--cluster-config-file', file, '--cluster-port', String(plan.busPort)];
  const common = ['--cluster-node-timeout', String(NODE_TIMEOUT_MS), '--repl-diskless-sync-delay', '0'];
  return { ...(await launchRedis({ port: plan.port, args: [...own, ...common, ...args] })), id: plan.id };
}

/** Returns the line of a node in CLUSTER NODES. */
function lineOf({ id, port, busPort, part, role }: Plan, plans: readonly Plan[], isOwn: boolean): string {
  const flags = `${isOwn ? 'myself,' : ''}${role}`;
  const primary = role === 'master' ? '-' : plans[part]?.id;
  const [first, last] = [part, part + 1].map(each => Math.round((each * SLOTS) / PRIMARIES));
  const slots = role === 'master' ? ` ${first}-${Number(last) - 1}` : '';
  return `${id} 127.0.0.1:${port}@${busPort} ${flags} ${primary} 0 0 ${part + 1} connected${slots}`;
}
