import type { ServerId } from '../core/index.js';

/** How many servers are remembered. A server that left earlier is declared lost by its silence. */
const GONE_MAX = 1000;

/** The last GONE_MAX servers that have left the register. */
export class RecentlyLeftServers {
  readonly #servers = new Set<ServerId>();

  /** Remembers that a server has left. Forgets the oldest one past GONE_MAX. */
  add(server: ServerId): void {
    this.#servers.add(server);
    const [oldest = server] = this.#servers;
    if (this.#servers.size > GONE_MAX) this.#servers.delete(oldest);
  }

  has(server: ServerId): boolean {
    return this.#servers.has(server);
  }
}
