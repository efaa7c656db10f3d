/** Remembers which servers have left the cluster recently. */

import type { ServerId } from '../../core/index.js';
import type { ShardReplica } from '../shard-replica.js';

/** How many servers are remembered. A server that left before them is declared lost only because of its silence. */
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

  /** Declares the servers lost in a shard that still lists them, so that the shard need not wait for their silence. */
  declareLost(shard: ShardReplica, at: number): void {
    for (const { id: server } of shard.registry.servers) {
      if (this.#servers.has(server)) shard.append({ kind: 'server-lost', at, server, evidence: 'register' });
    }
  }
}
