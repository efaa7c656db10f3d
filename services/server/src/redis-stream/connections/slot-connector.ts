import { AbstractConnector, type RedisOptions } from 'ioredis';
import { createConnection, type Socket } from 'node:net';
import { connect } from 'node:tls';
import type { ClusterTopology } from './cluster-topology.js';

/**
 * How ioredis reaches the primary of a key in a Redis Cluster: it asks where that is, each time that it connects. Its own class
 * for a Redis Cluster sends again what a broken connection may have done already; an append must be sent once.
 */
export function connectorTo(
  nodes: ClusterTopology,
  key: string,
  farewellMs: number,
): NonNullable<RedisOptions['Connector']> {
  return class extends AbstractConnector {
    #giveUp: (error: Error) => void = () => undefined;

    constructor() {
      super(farewellMs);
    }

    async connect(): Promise<Socket> {
      this.connecting = true;
      const givenUp = new Promise<never>((_, reject) => (this.#giveUp = reject));
      const owner = await Promise.race([givenUp, nodes.ownerOf(key)]);
      this.stream = nodes.address.transport === 'tls' ? connect({ ...owner }) : createConnection({ ...owner });
      this.stream.once('error', (error: Error) => (this.firstError = error));
      return this.stream;
    }

    override disconnect(): void {
      this.#giveUp(new Error('connection closed'));
      super.disconnect();
    }
  };
}
