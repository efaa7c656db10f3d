import { describe, expect, it } from '@jest/globals';
import { shardOwner } from '../../../src/cluster/shard-placement.js';

const SHARDS = 256;
const shards = Array.from({ length: SHARDS }, (_, shard) => shard);
const fleet = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc', 'dddddddd'];

describe('the owner of a shard', () => {
  it('is one of the servers, independent of their order; undefined without servers', () => {
    const keepers = shards.map(shard => shardOwner(shard, fleet));
    expect(shards.map(shard => shardOwner(shard, [...fleet].reverse()))).toEqual(keepers);
    expect(new Set(keepers)).toEqual(new Set(fleet));
    expect(shardOwner(0, [])).toBeUndefined();
  });

  it('is each server about equally often', () => {
    for (const server of fleet) {
      const kept = shards.filter(shard => shardOwner(shard, fleet) === server).length;
      expect(kept).toBeGreaterThan(SHARDS / fleet.length / 2);
      expect(kept).toBeLessThan((SHARDS / fleet.length) * 2);
    }
  });

  it('changes only for shards of the server that joins or leaves', () => {
    const without = fleet.slice(0, 3);
    for (const shard of shards) {
      const keeper = shardOwner(shard, fleet);
      if (keeper !== 'dddddddd') expect(shardOwner(shard, without)).toBe(keeper);
    }
  });
});
