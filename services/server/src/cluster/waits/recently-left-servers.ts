/** Remembers which servers have left the cluster recently. */

import type { ServerId } from '../../core/index.js';

/** How many servers are remembered. A shard declares an earlier one lost because of its silence. */
const GONE_MAX = 1000;

/** The last GONE_MAX servers that have left the register: shard 0, which every server follows. */
export class RecentlyLeftServers {
  readonly #servers = new Set<ServerId>();

  /** Remembers a server that has left. If more than GONE_MAX are remembered, forgets the one that left first. */
  add(server: ServerId): void {
    this.#servers.add(server);
    const [oldest = server] = this.#servers;
    if (this.#servers.size > GONE_MAX) this.#servers.delete(oldest);
  }

  /** Whether the server is remembered. */
  has(server: ServerId): boolean {
    return this.#servers.has(server);
  }
}
