import type { Redis } from 'ioredis';
import { RecordMarks } from './writing/record-marks.js';
import { joinCluster, requireCluster, type ClusterRecord } from './cluster-record.js';
import { PrimaryConnections } from './connections/primary-connections.js';
import { ShardStream } from './shard-stream.js';
import { StreamError } from '../cluster/stream-error.js';
import type { StreamPorts, StreamSettings } from './settings.js';

export const SHARDS_MAX = 256;

/** The streams of one Redis, or of one Redis Cluster. */
export class StreamStore {
  readonly #settings: StreamSettings;
  readonly #connections: PrimaryConnections;
  readonly #shards: readonly ShardStream[];
  #clusterId: string | undefined;

  /** Connects with the first prepare(). @throws StreamError `unsuited` for a URL that is none, RangeError for the shards */
  constructor(settings: StreamSettings, ports: StreamPorts) {
    const { shards, prefix } = settings;
    if (!(shards >= 1 && shards <= SHARDS_MAX)) throw new RangeError(`${shards} shards; 1 to ${SHARDS_MAX}`);
    const { environment, warning } = ports;
    this.#settings = settings;
    this.#connections = new PrimaryConnections(settings, ports);
    const marks = new RecordMarks(environment.randomBytes);
    const parts = {
      prefix,
      connections: this.#connections,
      environment,
      marks,
      warning,
      clusterId: () => this.#preparedId(),
    };
    this.#shards = Array.from({ length: shards }, (_, index) => new ShardStream(index, parts));
  }

  /**
   * Sees whether this Redis is fit, and reads or writes, once for all servers, what holds for them. May be called again.
   * @throws StreamError `unavailable` where it cannot be reached within 5 s, is no primary, or lacks the replica that ack
   * `replicated` needs; `unsuited` where its version, the number of shards or the format differ; `lost` where it is not the
   * cluster's any more that it was the last time
   */
  async prepare(candidate: { readonly clusterId: string }): Promise<ClusterRecord> {
    await this.#connections.prepare();
    const joined = await this.#connections.record.writer.ask(redis => this.#join(redis, candidate.clusterId));
    this.#clusterId = joined.clusterId;
    return joined;
  }

  /** @throws RangeError where there is none of this number */
  shard(index: number): ShardStream {
    const shard = this.#shards[index];
    if (shard === undefined) throw new RangeError(`there is no shard ${index} among ${this.#shards.length}`);
    return shard;
  }

  /** How far the clock that all servers share is ahead of ours, ms; 0 before prepare() has resolved. Read anew every 10 s. */
  get clockOffsetMs(): number {
    return this.#connections.record.clockOffsetMs;
  }

  /** Lets go of all connections: what is under way becomes `unknown`, and nothing further is told. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** The second time it is there or lost: who wrote it again would hide that the streams are gone. */
  async #join(redis: Redis, candidate: string): Promise<ClusterRecord> {
    const known = this.#clusterId;
    if (known === undefined) return await joinCluster(redis, this.#settings, candidate);
    await requireCluster(redis, this.#settings.prefix, known);
    return { clusterId: known, shards: this.#settings.shards, isNew: false };
  }

  #preparedId(): string {
    if (this.#clusterId === undefined) throw new StreamError('unavailable', 'the streams have not been prepared');
    return this.#clusterId;
  }
}
