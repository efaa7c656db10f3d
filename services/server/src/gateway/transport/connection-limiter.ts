import type { Connection } from './connection.js';

/** Limits the open connections of each address (RANKD_CONNECTIONS_PER_IP_MAX); 0 for no limit. */
export class ConnectionLimiter {
  /** By address. */
  readonly #open = new Map<string, Set<Connection>>();
  readonly #perAddressMax: number;

  constructor(perAddressMax: number) {
    this.#perAddressMax = perAddressMax;
  }

  /** Returns false if the address is over its limit. The connection counts all the same, until it is closed. */
  addConnection(connection: Connection): boolean {
    const connections = this.#open.get(connection.host) ?? new Set();
    this.#open.set(connection.host, connections.add(connection));
    return this.#perAddressMax === 0 || connections.size <= this.#perAddressMax;
  }

  /** The connection of a session is over. */
  recordClose({ connection }: { readonly connection: Connection }): void {
    const connections = this.#open.get(connection.host);
    connections?.delete(connection);
    if (connections?.size === 0) this.#open.delete(connection.host);
  }
}
