import { eventually, launchRedisCluster, type LaunchedNode, type LaunchedRedisCluster } from '@rankd/testkit';
import { Cluster, Redis } from 'ioredis';

const SOON_MS = 15_000;

/** A real Redis Cluster with clients that inspect it and inflict faults. */
export class RedisClusterFixture {
  readonly launched: LaunchedRedisCluster;
  /** A client for any key. */
  readonly client: Cluster;
  readonly #clients = new Map<LaunchedNode, Redis>();

  private constructor(launched: LaunchedRedisCluster) {
    this.launched = launched;
    this.client = new Cluster(launched.primaries.map(({ port }) => ({ host: '127.0.0.1', port })));
    this.client.on('error', () => undefined);
  }

  /** Waits until every replica has confirmed a write of its primary. */
  static async launch(args: readonly string[] = []): Promise<RedisClusterFixture> {
    const fixture = new RedisClusterFixture(await launchRedisCluster(() => args));
    await Promise.all(fixture.launched.primaries.map(async primary => await fixture.untilReplicated(primary)));
    return fixture;
  }

  get url(): string {
    return this.launched.url;
  }

  /** A client for this node only. */
  at(node: LaunchedNode): Redis {
    const known = this.#clients.get(node);
    if (known !== undefined) return known;
    const client = new Redis(node.url, { maxRetriesPerRequest: 0, retryStrategy: () => 100, disconnectTimeout: 100 });
    client.on('error', () => undefined);
    this.#clients.set(node, client);
    return client;
  }

  async slotOf(key: string): Promise<number> {
    return await this.client.cluster('KEYSLOT', key);
  }

  /** The node that serves this key now, by its own report. */
  async ownerOf(key: string): Promise<LaunchedNode> {
    const { primaries, replicas } = this.launched;
    return await eventually(SOON_MS, `an owner of ${key}`, async () => {
      for (const node of [...primaries, ...replicas]) {
        const isOwner = await this.at(node)
          .exists(key)
          .then(() => true)
          .catch(() => false);
        if (isOwner) return node;
      }
      return undefined;
    });
  }

  /** The shards of `count` whose keys this node has, in order. */
  async shardsAt(node: LaunchedNode, prefix: string, count: number): Promise<number[]> {
    const owners = Array.from({ length: count }, async (_, shard) => {
      return (await this.ownerOf(`${prefix}:{s${String(shard).padStart(2, '0')}}:log`)) === node ? [shard] : [];
    });
    return (await Promise.all(owners)).flat();
  }

  /**
   * Moves the slot of a key with its content. Runs `act` while the keys are there and the slot is still assigned
   * here.
   */
  async moveSlot(key: string, to: LaunchedNode, act: () => Promise<void>): Promise<void> {
    const slot = await this.slotOf(key);
    const from = await this.ownerOf(key);
    const [source, target] = [this.at(from), this.at(to)];
    await target.cluster('SETSLOT', slot, 'IMPORTING', from.id);
    await source.cluster('SETSLOT', slot, 'MIGRATING', to.id);
    const keys = await source.cluster('GETKEYSINSLOT', slot, 1000);
    await source.migrate('127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...keys);
    await act();
    await target.cluster('SETSLOT', slot, 'NODE', to.id);
    await source.cluster('SETSLOT', slot, 'NODE', to.id);
  }

  async dispose(): Promise<void> {
    this.client.disconnect();
    for (const client of this.#clients.values()) client.disconnect();
    await this.launched.dispose();
  }

  private async untilReplicated(primary: LaunchedNode): Promise<void> {
    const client = this.at(primary);
    const [key = ''] = await this.keysAt(primary);
    await eventually(SOON_MS, 'a replica that follows', async () => {
      await client.set(key, '1', 'PX', 1000);
      return (await client.wait(1, 100)) >= 1 ? true : undefined;
    });
  }

  /** Some keys of this primary. */
  private async keysAt(primary: LaunchedNode): Promise<string[]> {
    const keys = Array.from({ length: 20 }, (_, index) => `follows-${index}`);
    const owners = await Promise.all(keys.map(async key => await this.ownerOf(key)));
    return keys.filter((_, index) => owners[index] === primary);
  }
}
