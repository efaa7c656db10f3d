/** All streams of a cluster in one Redis. */

import type { Redis } from 'ioredis';
import { StreamError } from '../cluster/stream-error.js';
import { type ClusterIdentity, readOrCreateIdentity, requireSameCluster } from './cluster-identity.js';
import { PrimaryConnections } from './connections/primary-connections.js';
import type { StreamPorts, StreamSettings } from './settings.js';
import { ShardStream } from './shard-stream.js';
import { RecordMarks } from './writing/record-marks.js';

/** The limit of shards (RANKD_SHARDS). */
export const SHARDS_MAX = 256;

/** All streams of a cluster of servers, in one Redis or one Redis Cluster. */
export class StreamStore {
  readonly #settings: StreamSettings;
  readonly #connections: PrimaryConnections;
  readonly #shards: readonly ShardStream[];
  #clusterId: string | undefined;

  /**
   * Does not connect before the first prepare().
   * @throws StreamError `unsuited` if the URL is invalid; RangeError if the number of shards is not 1 to SHARDS_MAX.
   */
  constructor(settings: StreamSettings, ports: StreamPorts) {
    const { shards, prefix } = settings;
    if (!(shards >= 1 && shards <= SHARDS_MAX))
      throw new RangeError(`the number of shards must be from 1 to ${SHARDS_MAX}, not ${shards}`);
    const { environment, onWarning } = ports;
    this.#settings = settings;
    this.#connections = new PrimaryConnections(settings, ports);
    const marks = new RecordMarks(environment.randomBytes);
    const parts = {
      prefix,
      connections: this.#connections,
      environment,
      marks,
      onWarning,
      clusterId: () => this.#requireClusterId(),
    };
    this.#shards = Array.from({ length: shards }, (_, index) => new ShardStream(index, parts));
  }

  /**
   * Connects and checks that this Redis can store the streams. Reads the identity of the cluster, or creates it with the id
   * `candidate.clusterId`. May be called again. It throws a StreamError with one of these faults:
   * - `unavailable`: Redis cannot be reached within 5 s, is not a primary, or lacks the replica that ack `replicated` needs.
   * - `unsuited`: its version is too old, or its number of shards or its format differs from that of this server.
   * - `lost`: it no longer has the cluster that an earlier call found.
   * @throws StreamError
   */
  async prepare(candidate: { readonly clusterId: string }): Promise<ClusterIdentity> {
    await this.#connections.prepare();
    const joined = await this.#connections.identity.writer.runIdempotent(redis =>
      this.#readIdentity(redis, candidate.clusterId),
    );
    this.#clusterId = joined.clusterId;
    return joined;
  }

  /**
   * Returns the stream of shard `index`.
   * @throws RangeError if there is no such shard.
   */
  shard(index: number): ShardStream {
    const shard = this.#shards[index];
    if (shard === undefined) throw new RangeError(`there is no shard ${index} among ${this.#shards.length}`);
    return shard;
  }

  /** The wall time of Redis less this server's monotonic time, in milliseconds. Undefined before prepare() has resolved. */
  get clockOffsetMs(): number | undefined {
    return this.#connections.identity.clockOffsetMs;
  }

  /** Closes all connections. Appends in flight resolve with `unknown`. No listener is called again. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** Reads the identity. Creates it only in the first call: creating it again would hide that Redis has lost the streams. */
  async #readIdentity(redis: Redis, candidate: string): Promise<ClusterIdentity> {
    const known = this.#clusterId;
    if (known === undefined) return await readOrCreateIdentity(redis, this.#settings, candidate);
    await requireSameCluster(redis, this.#settings.prefix, known);
    return { clusterId: known, shards: this.#settings.shards, isNew: false };
  }

  #requireClusterId(): string {
    if (this.#clusterId === undefined) throw new StreamError('unavailable', 'the streams have not been prepared');
    return this.#clusterId;
  }
}
