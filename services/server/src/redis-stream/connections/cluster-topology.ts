/** Finds the primary of a key in a Redis Cluster. */

import { Redis } from 'ioredis';
import { errorSummary } from '../../error-summary.js';
import type { ClusterAddress, RedisEndpoint } from '../../redis/redis-address.js';
import { clusterNodeOptions } from '../../redis/redis-client.js';

/** The time limit for connecting to one node, and for its answer. After it, the next node is tried. */
const NODE_MS = 500;

/** One range in the reply to CLUSTER SLOTS: its first and last slot, then its nodes with the primary first. */
type SlotRange = readonly [first: number, last: number, ...nodes: (readonly [host: string | null, port: number])[]];

/** The known nodes of a Redis Cluster: those in the settings, and those in the last reply to CLUSTER SLOTS. */
export class ClusterTopology {
  readonly address: ClusterAddress;
  /** The nodes in the last reply. */
  #learned: readonly RedisEndpoint[] = [];
  #askedCount = 0;

  constructor(address: ClusterAddress) {
    this.address = address;
  }

  /**
   * Returns the address of the primary that has `key`. Asks one node after the other until one answers. Each call begins with another node,
   * because a node without connection to the others may give an outdated answer. Rejects if no node answers.
   */
  async findPrimary(key: string): Promise<RedisEndpoint> {
    const nodes = this.#knownNodes();
    const first = this.#askedCount % nodes.length;
    let failure: unknown;
    for (const node of [...nodes.slice(first), ...nodes.slice(0, first)]) {
      this.#askedCount += 1;
      try {
        return await this.#askNode(node, key);
      } catch (error) {
        failure = error;
      }
    }
    throw new Error(`no node of the Redis Cluster reports the location of ${key}: ${errorSummary(failure)}`);
  }

  #knownNodes(): readonly RedisEndpoint[] {
    const named = [...this.address.seeds, ...this.#learned].map(node => [`${node.host} ${node.port}`, node] as const);
    return [...new Map(named).values()];
  }

  async #askNode(node: RedisEndpoint, key: string): Promise<RedisEndpoint> {
    const redis = this.#createClient(node);
    let firstError: Error | undefined;
    // If connecting fails, only this event contains the cause.
    redis.on('error', (error: Error) => (firstError = error));
    try {
      await redis.connect();
      const [ranges, slot] = await Promise.all([redis.call('CLUSTER', 'SLOTS'), redis.cluster('KEYSLOT', key)]);
      return this.#readSlots(node, ranges as readonly SlotRange[], slot);
    } catch (error) {
      throw firstError ?? error;
    } finally {
      redis.disconnect();
    }
  }

  #createClient({ host, port }: RedisEndpoint): Redis {
    return new Redis({
      host,
      port,
      ...clusterNodeOptions(this.address),
      lazyConnect: true,
      enableReadyCheck: false,
      retryStrategy: () => null,
      connectTimeout: NODE_MS,
      commandTimeout: NODE_MS,
    });
  }

  #readSlots(node: RedisEndpoint, ranges: readonly SlotRange[], slot: number): RedisEndpoint {
    // If the reply has no host for a node ('', '?' or null), the node is on the host of this connection.
    const endpoints = ranges.map(([first, last, ...nodes]) => ({
      holds: first <= slot && slot <= last,
      nodes: nodes.map(([host, port]) => ({ host: host === null || /^\??$/.test(host) ? node.host : host, port })),
    }));
    this.#learned = endpoints.flatMap(({ nodes }) => nodes);
    const owner = endpoints.find(({ holds }) => holds)?.nodes[0];
    if (owner === undefined) throw new Error(`no node serves slot ${slot}`);
    return owner;
  }
}
