import { describe, expect, it } from '@jest/globals';
import type { RosterMember } from '@rankd/protocol';
import { NEWCOMERS_MAX, RolloutPlan } from '../../../src/rollout/rollout-plan.js';

/** Members by rank, as `id:name`; without a name, the server has made one. */
const rosterOf = (...members: string[]): RosterMember[] =>
  members.map((text, rank) => {
    const [member = '', name = member.slice(0, 6)] = text.split(':');
    const rest = { slot: rank, tags: {}, address: '', joinedAt: '2026-11-30T10:00:00.000Z', state: 'present' } as const;
    return { rank, member, name, ...rest };
  });

/** Takes the next batch, and marks its members done. */
function nextDone(plan: RolloutPlan, size = 1): string[] {
  const batch = plan.nextBatch(size).map(({ member }) => member);
  for (const member of batch) plan.markDone(member);
  return batch;
}
const names = (members: readonly { name: string }[]): string[] => members.map(({ name }) => name);

describe('RolloutPlan', () => {
  it('begins with the last rank, and the leader is last and alone', () => {
    for (const [size, batches] of [
      [1, [['d'], ['c'], ['b'], ['a'], []]],
      [2, [['d', 'c'], ['b'], ['a'], []]],
      [9, [['d', 'c', 'b'], ['a'], []]],
    ] as const) {
      const plan = new RolloutPlan(rosterOf('a:A', 'b:B', 'c:C', 'd:D'));
      expect(batches.map(() => nextDone(plan, size))).toEqual(batches);
    }
  });

  it('follows the ranks: who leads now is last', () => {
    const plan = new RolloutPlan(rosterOf('a:A', 'b:B', 'c:C'));
    expect(nextDone(plan)).toEqual(['c']);
    plan.update(rosterOf('c:C', 'b:B', 'a:A'));
    expect([nextDone(plan), nextDone(plan), nextDone(plan)]).toEqual([['a'], ['b'], []]);
  });

  it('skips a member that leaves before its turn, and commands its successor', () => {
    const plan = new RolloutPlan(rosterOf('a:A', 'b:B', 'c:C'));
    const { left, joined, back } = plan.update(rosterOf('a:A', 'c:C'));
    expect([names(left), joined, back]).toEqual([['B'], [], []]);
    expect(names(plan.update(rosterOf('a:A', 'c:C', 'b2:B')).joined)).toEqual(['B']);
    expect([nextDone(plan), nextDone(plan), nextDone(plan)]).toEqual([['b2'], ['c'], ['a']]);
  });

  it('does not command a member again that comes back as a new one', () => {
    const plan = new RolloutPlan(rosterOf('a:A', 'b:B'));
    expect(nextDone(plan)).toEqual(['b']);
    const { joined, left, back } = plan.update(rosterOf('a:A', 'b2:B'));
    expect([joined, left, names(back)]).toEqual([[], [], ['B']]);
    expect(nextDone(plan)).toEqual(['a']);
    // A successor may restart once more.
    expect(names(plan.update(rosterOf('b2:B', 'a2:A')).back)).toEqual(['A']);
    expect(names(plan.update(rosterOf('b3:B', 'a2:A')).back)).toEqual(['B']);
    expect(nextDone(plan)).toEqual([]);
  });

  it('counts one newcomer for each member that came back: members may share a name', () => {
    const plan = new RolloutPlan(rosterOf('a:worker', 'b:worker'));
    expect(nextDone(plan)).toEqual(['b']);
    const { joined, back } = plan.update(rosterOf('a:worker', 'c:worker', 'd:worker'));
    expect([back.map(({ member }) => member), joined.map(({ member }) => member)]).toEqual([['c'], ['d']]);
    expect([nextDone(plan), nextDone(plan), nextDone(plan)]).toEqual([['d'], ['a'], []]);
  });

  it('knows a member with a name from the server by no name: any newcomer like it takes its place', () => {
    const plan = new RolloutPlan(rosterOf('m1111111', 'm2222222'));
    expect(nextDone(plan)).toEqual(['m2222222']);
    expect(names(plan.update(rosterOf('m1111111', 'm3333333')).back)).toEqual(['m33333']);
    expect(names(plan.update(rosterOf('m1111111', 'm3333333', 'm4444444')).joined)).toEqual(['m44444']);
  });

  it('commands a limited number of newcomers', () => {
    const newcomers = Array.from({ length: NEWCOMERS_MAX + 1 }, (_, at) => `n${at}:N${at}`);
    const plan = new RolloutPlan(rosterOf('a:A'));
    plan.update(rosterOf('a:A', ...newcomers.slice(1)));
    expect(plan.isEndless).toBe(false);
    plan.update(rosterOf('a:A', ...newcomers));
    expect(plan.isEndless).toBe(true);
  });
});
