/** Decides which shard a group is in, and which server owns a shard. */

import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ServerId } from '../core/index.js';

/** Returns the index of the shard that contains a group. It is the same on every server while the number of shards does not change. */
export function shardOf(group: string, shards: number): number {
  return crc32(group) % shards;
}

/**
 * Returns the owner of a shard. The owner follows the shard even if none of its sessions needs it. So at least one server declares lost
 * servers, ends grace periods and makes snapshots there. The owner has the largest hash of server and shard (rendezvous hashing): when a
 * server joins or leaves, no shard moves between other servers. Returns undefined if there are no servers.
 */
export function shardOwner(shard: number, servers: readonly ServerId[]): ServerId | undefined {
  let owner: ServerId | undefined;
  let largest = '';
  for (const server of servers) {
    const weight = hash('sha256', `${server}/${shard}`);
    if (weight <= largest) continue;
    largest = weight;
    owner = server;
  }
  return owner;
}
