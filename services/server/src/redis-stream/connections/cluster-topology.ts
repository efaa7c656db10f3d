/** Finds the primary of a key in a Redis Cluster. */

import { Redis } from 'ioredis';
import { errorSummary } from '../../error-summary.js';
import type { ClusterAddress, RedisEndpoint } from '../../redis/redis-address.js';
import { clusterNodeOptions } from '../../redis/redis-client.js';

/** The time limit for connecting to one node and for its answer. After it, the next node is asked. */
const NODE_MS = 500;

/** One range in the reply to CLUSTER SLOTS: first and last slot, then its nodes, the primary first. */
type SlotRange = readonly [first: number, last: number, ...nodes: (readonly [host: string | null, port: number])[]];

/** The known nodes of a Redis Cluster: those that the settings name, and those of the last CLUSTER SLOTS reply. */
export class ClusterTopology {
  readonly address: ClusterAddress;
  /** The nodes of the last reply. */
  #learned: readonly RedisEndpoint[] = [];
  #askedCount = 0;

  constructor(address: ClusterAddress) {
    this.address = address;
  }

  /**
   * Returns the address of the primary that holds `key`, from the first node that answers. Each call starts with another node,
   * because a node that is partitioned from the others may give an outdated answer. Rejects if no node answers.
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
    throw new Error(`no node of the Redis Cluster says where ${key} is: ${errorSummary(failure)}`);
  }

  #knownNodes(): readonly RedisEndpoint[] {
    const named = [...this.address.seeds, ...this.#learned].map(node => [`${node.host} ${node.port}`, node] as const);
    return [...new Map(named).values()];
  }

  async #askNode(node: RedisEndpoint, key: string): Promise<RedisEndpoint> {
    const redis = this.#createClient(node);
    let firstError: Error | undefined;
    // If connecting fails, only this event has the cause.
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
    // A node without a host name ('', '?' or null) has the host that this connection was opened to.
    const endpoints = ranges.map(([first, last, ...nodes]) => ({
      holds: first <= slot && slot <= last,
      nodes: nodes.map(([host, port]) => ({ host: host === null || /^\??$/.test(host) ? node.host : host, port })),
    }));
    this.#learned = endpoints.flatMap(({ nodes }) => nodes);
    const owner = endpoints.find(({ holds }) => holds)?.nodes[0];
    if (owner === undefined) throw new Error(`slot ${slot} is nobody's`);
    return owner;
  }
}
