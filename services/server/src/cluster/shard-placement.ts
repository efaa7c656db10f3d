import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ServerId } from '../core/index.js';

/** Returns the shard that holds the order of a group. It is the same at every server while the number of shards is. */
export function shardOf(group: string, shards: number): number {
  return crc32(group) % shards;
}

/**
 * Returns the owner of a shard: the server that declares others lost there, ends graces and makes snapshots. Other servers may
 * follow the shard too. It has the largest hash of server and shard (rendezvous hashing), so that a server that comes or goes
 * moves no shard between the others.
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
