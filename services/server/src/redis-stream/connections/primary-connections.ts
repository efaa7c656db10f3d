import { ClusterTopology } from './cluster-topology.js';
import { ConnectionStatuses } from './connection-status.js';
import { addressOf, type Primary } from './redis-connection.js';
import { checkRedisRequirements } from '../redis-requirements.js';
import { PrimaryConnection } from './primary-connection.js';
import { clusterKey, clusterProbeKey, probeKey, shardKeys, shardName } from '../keys.js';
import type { StreamPorts, StreamSettings } from '../settings.js';

/** What is asked once, before anything else. */
const PREPARE_MS = 5000;

/** A lane, and a key that may be written there. */
interface ProbedLane {
  readonly lane: PrimaryConnection;
  readonly probe: string;
}

/**
 * The lanes to the streams: with one primary one for all; in a Redis Cluster one for the cluster's record and one for each
 * shard, that is open while the shard is.
 */
export class PrimaryConnections {
  readonly #settings: StreamSettings;
  readonly #ports: StreamPorts;
  readonly #states: ConnectionStatuses;
  readonly #record: ProbedLane;
  readonly #own: readonly ProbedLane[];
  /** Sentences that were said since prepare(): all primaries have the same ones. */
  readonly #warned = new Set<string>();
  #isClosed = false;

  /** @throws StreamError `unsuited` for a URL that is none */
  constructor(settings: StreamSettings, ports: StreamPorts) {
    const { url, prefix, shards } = settings;
    this.#settings = settings;
    this.#ports = ports;
    this.#states = new ConnectionStatuses(ports);
    const address = addressOf(url);
    const indexes = Array.from({ length: shards }, (_, index) => index);
    if (address.kind !== 'cluster') {
      this.#record = { lane: this.#lane({ kind: 'only', address }, indexes, ''), probe: probeKey(prefix) };
      this.#own = [];
      return;
    }
    const nodes = new ClusterTopology(address);
    const key = clusterKey(prefix);
    this.#record = { lane: this.#lane({ kind: 'of-key', nodes, key }, [], `${key}: `), probe: clusterProbeKey(prefix) };
    this.#own = indexes.map(index => {
      const { log, probe } = shardKeys(prefix, index);
      return { lane: this.#lane({ kind: 'of-key', nodes, key: log }, [index], `${shardName(index)}: `), probe };
    });
  }

  /** To the cluster's record. */
  get record(): PrimaryConnection {
    return this.#record.lane;
  }

  /** To the keys of this shard. */
  of(shard: number): PrimaryConnection {
    return (this.#own[shard] ?? this.#record).lane;
  }

  /** Opens the lane to the cluster's record. @throws StreamError where this Redis is not fit */
  async prepare(): Promise<void> {
    this.#warned.clear();
    await this.#enter(this.#record);
  }

  /** Opens the lane of a shard, where it has one of its own. @throws StreamError where the primary there is not fit */
  async enter(shard: number): Promise<void> {
    const own = this.#own[shard];
    if (own !== undefined) await this.#enter(own);
  }

  /** The shard is not needed any more: lets go of its lane, where it has one of its own. */
  async leave(shard: number): Promise<void> {
    const own = this.#own[shard];
    if (own === undefined) return;
    this.#states.forget(own.lane);
    await own.lane.close();
  }

  /** Lets go of all: nothing further is told. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#record, ...this.#own].map(async ({ lane }) => await lane.close()));
  }

  #lane(primary: Primary, shards: readonly number[], name: string): PrimaryConnection {
    const { clock, machine } = this.#ports;
    const lane: PrimaryConnection = new PrimaryConnection(
      { primary, clock, machine, ack: this.#settings.ack, shards },
      state => {
        this.#states.take(lane, state.kind === 'up' ? state : { kind: 'down', reason: name + state.reason });
      },
    );
    return lane;
  }

  async #enter({ lane, probe }: ProbedLane): Promise<void> {
    if (!this.#isClosed) lane.open();
    const warnings = await lane.writer.ask(
      redis => checkRedisRequirements(redis, this.#settings.ack, probe),
      PREPARE_MS,
    );
    for (const warning of warnings) {
      if (this.#warned.has(warning)) continue;
      this.#warned.add(warning);
      this.#ports.warning(warning);
    }
  }
}
