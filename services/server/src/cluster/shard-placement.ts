import { crc32 } from 'node:zlib';

/** Which shard a group's order is in: the same at every server, for as long as the number of shards is. */
export function shardOf(group: string, shards: number): number {
  return crc32(group) % shards;
}
