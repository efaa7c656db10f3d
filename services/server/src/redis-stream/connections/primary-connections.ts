import { ClusterTopology } from './cluster-topology.js';
import { ConnectionStatuses } from './connection-status.js';
import { addressOf, type Primary } from './redis-connection.js';
import { checkRedisRequirements } from '../redis-requirements.js';
import { PrimaryConnection } from './primary-connection.js';
import { clusterKey, clusterProbeKey, probeKey, shardKeys, shardName } from '../keys.js';
import type { StreamPorts, StreamSettings } from '../settings.js';

/** What is asked once, before anything else. */
const PREPARE_MS = 5000;

/** A connection, and a key that may be written there. */
interface ProbedConnection {
  readonly connection: PrimaryConnection;
  readonly probe: string;
}

/**
 * The connections to the streams: with one primary one for all; in a Redis Cluster one for the cluster's record and one for each
 * shard, that is open while the shard is.
 */
export class PrimaryConnections {
  readonly #settings: StreamSettings;
  readonly #ports: StreamPorts;
  readonly #states: ConnectionStatuses;
  readonly #record: ProbedConnection;
  readonly #own: readonly ProbedConnection[];
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
      this.#record = {
        connection: this.#createConnection({ kind: 'only', address }, indexes, ''),
        probe: probeKey(prefix),
      };
      this.#own = [];
      return;
    }
    const nodes = new ClusterTopology(address);
    const key = clusterKey(prefix);
    this.#record = {
      connection: this.#createConnection({ kind: 'of-key', nodes, key }, [], `${key}: `),
      probe: clusterProbeKey(prefix),
    };
    this.#own = indexes.map(index => {
      const { log, probe } = shardKeys(prefix, index);
      return {
        connection: this.#createConnection({ kind: 'of-key', nodes, key: log }, [index], `${shardName(index)}: `),
        probe,
      };
    });
  }

  /** To the cluster's record. */
  get record(): PrimaryConnection {
    return this.#record.connection;
  }

  /** To the keys of this shard. */
  ofShard(shard: number): PrimaryConnection {
    return (this.#own[shard] ?? this.#record).connection;
  }

  /** Opens the connection to the cluster's record. @throws StreamError where this Redis is not fit */
  async prepare(): Promise<void> {
    this.#warned.clear();
    await this.#openConnection(this.#record);
  }

  /** Opens the connection of a shard, where it has one of its own. @throws StreamError where the primary there is not fit */
  async openShard(shard: number): Promise<void> {
    const own = this.#own[shard];
    if (own !== undefined) await this.#openConnection(own);
  }

  /** The shard is not needed any more: lets go of its connection, where it has one of its own. */
  async closeShard(shard: number): Promise<void> {
    const own = this.#own[shard];
    if (own === undefined) return;
    this.#states.forget(own.connection);
    await own.connection.close();
  }

  /** Lets go of all: nothing further is told. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#record, ...this.#own].map(async ({ connection }) => await connection.close()));
  }

  #createConnection(primary: Primary, shards: readonly number[], name: string): PrimaryConnection {
    const { clock, environment } = this.#ports;
    const connection: PrimaryConnection = new PrimaryConnection(
      { primary, clock, environment, ack: this.#settings.ack, shards },
      state => {
        this.#states.recordState(
          connection,
          state.kind === 'up' ? state : { kind: 'down', reason: name + state.reason },
        );
      },
    );
    return connection;
  }

  async #openConnection({ connection, probe }: ProbedConnection): Promise<void> {
    if (!this.#isClosed) connection.open();
    const warnings = await connection.writer.ask(
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
