/** All streams of a cluster in one Redis. */

import type { Redis } from 'ioredis';
import { StreamError } from '../cluster/stream-error.js';
import {
  addReplacedClusters,
  type ClusterCandidate,
  type ClusterIdentity,
  readOrCreateIdentity,
  readStoredCluster,
  requireSameCluster,
  type StoredCluster,
} from './cluster-identity.js';
import { PrimaryConnections } from './connections/primary-connections.js';
import type { StreamPorts, StreamSettings } from './settings.js';
import { ShardStream } from './shard-stream.js';
import { findWaiting, showWaiting, type WaitingServer } from './waiting-servers.js';
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
  async prepare(candidate: ClusterCandidate): Promise<ClusterIdentity> {
    await this.#connections.prepare();
    const joined = await this.#runOnIdentity(redis => this.#readIdentity(redis, candidate));
    this.#clusterId = joined.clusterId;
    return joined;
  }

  /**
   * Connects and returns the cluster that Redis has, without creating one. Returns the server that waits for a lost cluster if Redis has
   * none. It throws a StreamError as prepare() does.
   * @throws StreamError
   */
  async findCluster(): Promise<{ readonly stored?: StoredCluster; readonly waiting?: WaitingServer }> {
    await this.#connections.prepare();
    const { prefix } = this.#settings;
    return await this.#runOnIdentity(async redis => {
      const stored = await readStoredCluster(redis, prefix);
      if (stored !== undefined) return { stored };
      const waiting = await findWaiting(redis, prefix);
      return waiting === undefined ? {} : { waiting };
    });
  }

  /** Shows in Redis that this server waits for a cluster that Redis has lost. @throws StreamError `unavailable` if Redis fails. */
  async showWaiting(waiting: WaitingServer): Promise<void> {
    await this.#runOnIdentity(redis => showWaiting(redis, this.#settings.prefix, waiting));
  }

  /** Accepts another cluster at the next prepare(). An operator has decided that, here or at another server. */
  forgetCluster(): void {
    this.#clusterId = undefined;
  }

  /** Records that the cluster replaces these lost clusters, so that their servers join it. @throws StreamError `unavailable` if Redis fails. */
  async addReplacedClusters(replaces: readonly string[]): Promise<void> {
    await this.#runOnIdentity(redis => addReplacedClusters(redis, this.#settings.prefix, replaces));
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

  async #runOnIdentity<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    return await this.#connections.identity.writer.runIdempotent(command);
  }

  /** Reads the identity. Creates it only in the first call: creating it again would hide that Redis has lost the streams. */
  async #readIdentity(redis: Redis, candidate: ClusterCandidate): Promise<ClusterIdentity> {
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
