import { describe, expect, it } from '@jest/globals';
import { shardOwner } from '../../../src/cluster/shard-placement.js';

const SHARDS = 256;
const shards = Array.from({ length: SHARDS }, (_, shard) => shard);
const fleet = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc', 'dddddddd'];

describe('who keeps a shard', () => {
  it('is one of the servers, whatever order they are named in; nobody where there is none', () => {
    const keepers = shards.map(shard => shardOwner(shard, fleet));
    expect(shards.map(shard => shardOwner(shard, [...fleet].reverse()))).toEqual(keepers);
    expect(new Set(keepers)).toEqual(new Set(fleet));
    expect(shardOwner(0, [])).toBeUndefined();
  });

  it('is each of them about as often', () => {
    for (const server of fleet) {
      const kept = shards.filter(shard => shardOwner(shard, fleet) === server).length;
      expect(kept).toBeGreaterThan(SHARDS / fleet.length / 2);
      expect(kept).toBeLessThan((SHARDS / fleet.length) * 2);
    }
  });

  it('changes only where the one that comes or goes is concerned', () => {
    const without = fleet.slice(0, 3);
    for (const shard of shards) {
      const keeper = shardOwner(shard, fleet);
      if (keeper !== 'dddddddd') expect(shardOwner(shard, without)).toBe(keeper);
    }
  });
});
