/** Connects ioredis to the primary of a key in a Redis Cluster. */

import { createConnection, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import type { ClusterTopology } from './cluster-topology.js';

/**
 * Returns a connector for ioredis that connects to the primary of `key`. It looks up the address for each connection. The cluster client of
 * ioredis cannot be used: it resends commands after a lost connection, but an append must be sent once.
 *
 * @param closeMs how long ioredis waits for a connection to close before it destroys the socket
 */
export function createSlotConnector(
  nodes: ClusterTopology,
  key: string,
  closeMs: number,
): NonNullable<RedisOptions['Connector']> {
  return class extends AbstractConnector {
    #giveUp: (error: Error) => void = () => undefined;

    constructor() {
      super(closeMs);
    }

    async connect(): Promise<Socket> {
      this.connecting = true;
      const givenUp = new Promise<never>((_, reject) => (this.#giveUp = reject));
      const owner = await Promise.race([givenUp, nodes.findPrimary(key)]);
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
