/** The connections to all primaries of Redis that the streams use. */

import { clusterKey, clusterProbeKey, probeKey, shardKeys, shardName } from '../keys.js';
import { checkRedisRequirements } from '../redis-requirements.js';
import type { StreamPorts, StreamSettings } from '../settings.js';
import { ClusterTopology } from './cluster-topology.js';
import { CombinedConnectionState } from './combined-connection-state.js';
import { PrimaryConnection } from './primary-connection.js';
import { type Primary, requireRedisAddress } from './redis-connection.js';

/** The time limit of the first commands on a connection. They check whether Redis meets the requirements. */
const PREPARE_MS = 5000;

/** A connection, and the key of a test write on it. */
interface ProbedConnection {
  readonly connection: PrimaryConnection;
  readonly probe: string;
}

/**
 * The connections to all primaries. With a single primary, all shards share one PrimaryConnection. In a Redis Cluster, one connection
 * is for the identity of the cluster, and each shard that is open has its own.
 */
export class PrimaryConnections {
  readonly #settings: StreamSettings;
  readonly #ports: StreamPorts;
  readonly #states: CombinedConnectionState;
  readonly #identity: ProbedConnection;
  readonly #own: readonly ProbedConnection[];
  /** The warnings since prepare(). Each is reported once, because all primaries usually cause the same warnings. */
  readonly #warned = new Set<string>();
  #isClosed = false;

  /** @throws StreamError `unsuited` if the URL is invalid. */
  constructor(settings: StreamSettings, ports: StreamPorts) {
    const { url, prefix, shards } = settings;
    this.#settings = settings;
    this.#ports = ports;
    this.#states = new CombinedConnectionState(ports);
    const address = requireRedisAddress(url);
    const indexes = Array.from({ length: shards }, (_, index) => index);
    if (address.kind !== 'cluster') {
      this.#identity = {
        connection: this.#createConnection({ kind: 'only', address }, indexes, ''),
        probe: probeKey(prefix),
      };
      this.#own = [];
      return;
    }
    const nodes = new ClusterTopology(address);
    const key = clusterKey(prefix);
    this.#identity = {
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

  /** The connection to the primary that has the identity of the cluster. */
  get identity(): PrimaryConnection {
    return this.#identity.connection;
  }

  /** Returns the connection to the primary that has the keys of this shard. */
  shardConnection(shard: number): PrimaryConnection {
    return (this.#own[shard] ?? this.#identity).connection;
  }

  /**
   * Opens the connection to the identity of the cluster.
   * @throws StreamError if this Redis cannot be reached or does not meet the requirements.
   */
  async prepare(): Promise<void> {
    this.#warned.clear();
    await this.#openConnection(this.#identity);
  }

  /**
   * Opens the shard's own connection, if it has one.
   * @throws StreamError if its primary cannot be reached or does not meet the requirements.
   */
  async openShard(shard: number): Promise<void> {
    const own = this.#own[shard];
    if (own !== undefined) await this.#openConnection(own);
  }

  /** Closes the shard's own connection, if it has one. */
  async closeShard(shard: number): Promise<void> {
    const own = this.#own[shard];
    if (own === undefined) return;
    this.#states.removeConnection(own.connection);
    await own.connection.close();
  }

  /** Closes all connections. They cannot be opened again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#identity, ...this.#own].map(async ({ connection }) => await connection.close()));
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
    const warnings = await connection.writer.runIdempotent(
      redis => checkRedisRequirements(redis, this.#settings.ack, probe),
      PREPARE_MS,
    );
    for (const warning of warnings) {
      if (this.#warned.has(warning)) continue;
      this.#warned.add(warning);
      this.#ports.onWarning(warning);
    }
  }
}
