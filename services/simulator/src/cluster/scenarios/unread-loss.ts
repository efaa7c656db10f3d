/** A loss of records that only ended servers had read: the primary of Redis and all servers die, and no server remembers anything. */

import { SeededRandom } from '@rankd/testkit';
import type { ClusterWorld } from '../cluster-world.js';

/** One of this many pairs of seeds begins with this loss. */
const PAIRS = 4;
/** How long clients take to join, and to leave, ms. */
const JOIN_MS = 1500;
const LEAVE_MS = 1500;
/** Longer than the largest difference of two clocks, ms: later servers believe the epoch only if their clocks have passed it. */
const CLOCKS_MS = 1500;
/**
 * Longer than the time until the servers declare the dead ones lost, plus the time for which they keep the seats of the earlier epoch, ms.
 */
const LEADER_MS = 20_000;

/** Whether the seed begins with this loss. Seeds are paired, because every second one has two shards. */
export function beginsWithUnreadLoss(seed: number): boolean {
  return Math.floor(seed / 2) % PAIRS === PAIRS - 1;
}

/**
 * The group of some clients is replaced by a group of others, in a later epoch. Then Redis loses the later group, with all servers. The
 * clients of the later group come back, and each names its epoch (R-JOIN-1). So every later leader must have a larger fencing token.
 */
export async function loseUnreadRecords(world: ClusterWorld, seed: number): Promise<void> {
  const { checker, redis } = world;
  const random = new SeededRandom(seed);
  await spawnClients(world, random.between(1, 2));
  redis.primary.holdReplication();
  for (const client of world.clients) client.leave();
  await world.passTime(LEAVE_MS);
  await spawnClients(world, random.between(1, 3));
  await world.passTime(CLOCKS_MS);
  const fence = checker.newestFence;
  for (const server of world.servers) server.kill();
  const downMs = random.between(100, 1000);
  redis.failOver(downMs);
  await world.passTime(downMs);
  checker.requireLaterFences(fence);
  for (const index of world.servers.keys()) world.replaceMachine(index);
  await world.passTime(LEADER_MS);
}

async function spawnClients(world: ClusterWorld, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) world.spawnClient();
  await world.passTime(JOIN_MS);
}
