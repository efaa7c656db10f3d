import { hash } from 'node:crypto';
import type { ServerId } from '../core/index.js';

/**
 * The server that keeps a shard, whoever else follows it: declares others lost there, ends graces, makes snapshots. By the
 * largest hash of server and shard (rendezvous hashing), so that one that comes or goes moves no shard between the others.
 */
export function keeperOf(shard: number, servers: readonly ServerId[]): ServerId | undefined {
  let keeper: ServerId | undefined;
  let largest = '';
  for (const server of servers) {
    const weight = hash('sha256', `${server}/${shard}`);
    if (weight <= largest) continue;
    largest = weight;
    keeper = server;
  }
  return keeper;
}
