import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AssignedPartitions } from '../../../src/partitions/assigned-partitions.js';
import { hashMember, outweighs, weightFor } from '../../../src/partitions/rendezvous-hash.js';

const COUNT = 4096;
const named = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index * 7919}`);

/** Computes the owners by comparing all members for every partition. */
function ownersOf(members: readonly string[], count = COUNT): string[] {
  const contenders = members.map(hashMember);
  return Array.from({ length: count }, (_, partition) => {
    return contenders.reduce((best, each) => (outweighs(each, best, partition) ? each : best)).member;
  });
}

describe('rendezvous hashing', () => {
  it('uses the formula of docs/partitions.md, so that every machine computes the same', () => {
    expect([0, 1, 255, 65_535].map(partition => weightFor(hashMember('m83cc05a20ae848b7'), partition))).toEqual([
      547_181_148, 2_162_399_570, 163_515_233, 872_369_875,
    ]);
  });

  it.each([2, 3, 8, 50])('divides evenly among %s, within the expected variance', size => {
    const members = named(size);
    const counts = new Map(members.map(member => [member, 0]));
    for (const owner of ownersOf(members)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    const expected = COUNT / size;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // The mean is size - 1, and the variance is twice that. The limit is five standard deviations.
    expect(chiSquare).toBeLessThan(size - 1 + 5 * Math.sqrt(2 * (size - 1)));
  });

  it('moves only the partitions that a newcomer gets', () => {
    const before = ownersOf(named(10));
    const after = ownersOf([...named(10), 'newcomer']);
    for (const [partition, owner] of after.entries()) expect(['newcomer', before[partition]]).toContain(owner);
    expect(after.filter(owner => owner === 'newcomer').length).toBeGreaterThan(0);
  });
});

describe('the assigned partitions', () => {
  it('are the same as by comparing all members, after any joins and departures, and each gain and loss is reported', () => {
    const step = fc.record({ member: fc.constantFrom(...named(12)), comes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const count = 64;
        const assigned = new AssignedPartitions(count, 'own');
        const others = new Set<string>();
        const told = new Set(assigned.all);
        for (const { member, comes } of steps) {
          if (comes) {
            others.add(member);
            for (const lost of assigned.addMember(member))
              if (!told.delete(lost)) throw new Error(`lost ${lost}, which it had not`);
          } else {
            others.delete(member);
            for (const gained of assigned.removeMember(member)) {
              if (told.has(gained)) throw new Error(`gained ${gained}, which it had`);
              told.add(gained);
            }
          }
          const owners = ownersOf(['own', ...others], count);
          const own = owners.flatMap((owner, partition) => (owner === 'own' ? [partition] : []));
          expect([[...assigned.all].sort((a, b) => a - b), [...told].sort((a, b) => a - b)]).toEqual([own, own]);
        }
      }),
      { numRuns: 100 },
    );
  });
});
