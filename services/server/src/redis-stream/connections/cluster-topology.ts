import { Redis } from 'ioredis';
import { errorSummary } from '../../error-summary.js';
import type { ClusterAddress, RedisEndpoint } from '../../redis/redis-address.js';
import { clusterNodeOptions } from '../../redis/redis-client.js';

/** Past this a node is passed over; there are others. */
const NODE_MS = 500;

/** What CLUSTER SLOTS says of one range: first and last slot, then its nodes, the primary first. */
type SlotRange = readonly [first: number, last: number, ...nodes: (readonly [host: string | null, port: number])[]];

/** The nodes of a Redis Cluster, as far as they are known: those that the settings name, and those that they told of. */
export class ClusterTopology {
  readonly address: ClusterAddress;
  /** Those that the last answer named. */
  #learned: readonly RedisEndpoint[] = [];
  #askedCount = 0;

  constructor(address: ClusterAddress) {
    this.address = address;
  }

  /**
   * Where the primary of this key is, as the first node says that answers. Each time another one is asked first: one that is
   * cut off from the rest is wrong for as long as it is. Rejects where nobody knows.
   */
  async ownerOf(key: string): Promise<RedisEndpoint> {
    const nodes = this.#known();
    const first = this.#askedCount % nodes.length;
    let failure: unknown;
    for (const node of [...nodes.slice(first), ...nodes.slice(0, first)]) {
      this.#askedCount += 1;
      try {
        return await this.#ask(node, key);
      } catch (error) {
        failure = error;
      }
    }
    throw new Error(`no node of the Redis Cluster says where ${key} is: ${errorSummary(failure)}`);
  }

  #known(): readonly RedisEndpoint[] {
    const named = [...this.address.seeds, ...this.#learned].map(node => [`${node.host} ${node.port}`, node] as const);
    return [...new Map(named).values()];
  }

  async #ask(node: RedisEndpoint, key: string): Promise<RedisEndpoint> {
    const redis = this.#clientOf(node);
    let firstError: Error | undefined;
    // Where connecting fails, only this tells why.
    redis.on('error', (error: Error) => (firstError = error));
    try {
      await redis.connect();
      const [ranges, slot] = await Promise.all([redis.call('CLUSTER', 'SLOTS'), redis.cluster('KEYSLOT', key)]);
      return this.#learn(node, ranges as readonly SlotRange[], slot);
    } catch (error) {
      throw firstError ?? error;
    } finally {
      redis.disconnect();
    }
  }

  #clientOf({ host, port }: RedisEndpoint): Redis {
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

  #learn(node: RedisEndpoint, ranges: readonly SlotRange[], slot: number): RedisEndpoint {
    // A node that does not know its own name, or tells none, is where it was asked.
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
