import type { Connection } from './connection.js';

/** Limits the open connections of each address (RANKD_CONNECTIONS_PER_IP_MAX). 0 means no limit. */
export class ConnectionLimiter {
  /** The open connections by address. */
  readonly #open = new Map<string, Set<Connection>>();
  readonly #perAddressMax: number;

  constructor(perAddressMax: number) {
    this.#perAddressMax = perAddressMax;
  }

  /** Counts a connection until it closes. Returns false if its address is over the limit. Such a connection counts too. */
  addConnection(connection: Connection): boolean {
    const connections = this.#open.get(connection.host) ?? new Set();
    this.#open.set(connection.host, connections.add(connection));
    return this.#perAddressMax === 0 || connections.size <= this.#perAddressMax;
  }

  /** Stops counting the connection of this session. */
  recordClose({ connection }: { readonly connection: Connection }): void {
    const connections = this.#open.get(connection.host);
    connections?.delete(connection);
    if (connections?.size === 0) this.#open.delete(connection.host);
  }
}
