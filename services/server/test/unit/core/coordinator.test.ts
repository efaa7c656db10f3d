import { describe, expect, it } from '@jest/globals';
import { Coordinator, type GroupEntry, type GroupLimits } from '../../../src/core/index.js';
import {
  command,
  expired,
  frozen,
  groupOf,
  joined,
  kindsOf,
  lost,
  ofKind,
  only,
  result,
  resumed,
  rulesOf,
} from './reference/entries.js';

const coordinate = (own: Partial<GroupLimits> = {}, epochLast?: number): Coordinator =>
  new Coordinator(rulesOf(own), epochLast);

const epochOf = (coordinator: Coordinator, group = 'default'): number | undefined =>
  coordinator.groups.get(group)?.epoch;

describe('coordinator', () => {
  it('R-JOIN-4 rejects a new group past groupsMax with FULL until a group is empty; existing groups accept members', () => {
    const coordinator = coordinate({ groupsMax: 2 });
    for (const group of ['one', 'two']) coordinator.apply(joined(`first-of-${group}`, { group }));
    const refusal = { kind: 'turned-away', session: 'session-of-x', code: 'FULL' };
    expect(coordinator.apply(joined('x', { group: 'three' }))).toMatchObject([refusal]);
    expect(kindsOf(coordinator.apply(joined('second-of-two', { group: 'two' })))).toContain('welcomed');
    coordinator.apply(lost('first-of-one', { group: 'one' }));
    expect(kindsOf(coordinator.apply(joined('y', { group: 'three' })))).toContain('welcomed');
    expect([...coordinator.groups.keys()]).toEqual(['two', 'three']);
  });

  it('R-JOIN-4 counts seats for each group separately', () => {
    const coordinator = coordinate({ membersMax: 1 });
    coordinator.apply(joined('a', { group: 'one' }));
    expect(kindsOf(coordinator.apply(joined('b', { group: 'two' })))).toContain('welcomed');
    const refusal = { kind: 'turned-away', code: 'FULL' };
    expect(coordinator.apply(joined('c', { group: 'one' }))).toMatchObject([refusal]);
  });

  it('R-VIEW-3 changes one group without any effect on the others', () => {
    const coordinator = coordinate();
    for (const group of ['one', 'two']) coordinator.apply(joined(`a-of-${group}`, { group }));
    coordinator.apply(joined('b', { group: 'one' }));
    const two = coordinator.groups.get('two');
    expect([two?.view, two?.seq, two?.roster.size]).toEqual([1, 1, 1]);
  });

  it('R-VIEW-2 starts an epoch at the time of the entry that creates the group; view and seq start at 1', () => {
    const coordinator = coordinate();
    const change = only(coordinator.apply(joined('a', { at: 5000 })), 'roster-changed');
    expect(change).toMatchObject({ epoch: 5000, view: 1, seq: 1 });
    coordinator.apply(joined('b', { at: 5001 }));
    expect(epochOf(coordinator)).toBe(5000);
  });

  it('R-VIEW-2 issues a larger epoch each time, even if the clock stops or is set back', () => {
    const coordinator = coordinate();
    const epochs = [5000, 5000, 4000, 9000].map((at, n) => {
      coordinator.apply(joined(`m${n}`, { at }));
      const epoch = epochOf(coordinator);
      coordinator.apply(lost(`m${n}`, { at }));
      return epoch;
    });
    expect(epochs).toEqual([5000, 5001, 5002, 9000]);
  });

  it('R-VIEW-2 never issues an epoch twice, across groups and after a restart', () => {
    const coordinator = coordinate({}, 8000);
    for (const group of ['one', 'two']) coordinator.apply(joined(`a-of-${group}`, { group, at: 5000 }));
    expect([epochOf(coordinator, 'one'), epochOf(coordinator, 'two')]).toEqual([8001, 8002]);
  });

  it.each<[string, GroupEntry]>([
    ['departed', lost('a')],
    ['command', command('a', 1)],
    ['result', result('a', 1, 1)],
    ['expired', expired(1, 1)],
  ])('R-JOIN-2 creates a group only for a newcomer, not for %s', (_kind, entry) => {
    const coordinator = coordinate();
    expect(coordinator.apply(entry)).toEqual([]);
    expect(coordinator.groups.size).toBe(0);
  });

  it('R-CMD-6 removes a group with its last member and leaves no command open', () => {
    const coordinator = coordinate();
    for (const id of ['a', 'b']) coordinator.apply(joined(id));
    coordinator.apply(command('a', 1));
    coordinator.apply(lost('a'));
    const group = coordinator.groups.get('default') ?? groupOf([]);
    expect(group.commandsOpen).toBe(1);
    expect(kindsOf(coordinator.apply(lost('b')))).toContain('outcome');
    expect([group.commandsOpen, coordinator.groups.size]).toEqual([0, 0]);
  });

  it('R-CMD-5 ignores an expiry from an earlier epoch of the group', () => {
    const coordinator = coordinate();
    for (const id of ['a', 'b']) coordinator.apply(joined(id, { at: 5000 }));
    for (const id of ['a', 'b']) coordinator.apply(lost(id));
    for (const id of ['c', 'd']) coordinator.apply(joined(id, { at: 6000 }));
    coordinator.apply(command('c', 1));
    expect(coordinator.apply(expired(5000, 3))).toEqual([]);
    expect(kindsOf(coordinator.apply(expired(6000, 3)))).toEqual(['recipient-ended', 'outcome']);
  });

  it('K5 R-VIEW-6 starts a new epoch if the end of the order was lost: members keep their seats and are away', () => {
    const coordinator = coordinate({ graceMs: 1000 });
    for (const id of ['a', 'b', 'c']) coordinator.apply(joined(id, { at: 5000 }));
    coordinator.apply(lost('b', { at: 5001 }));
    coordinator.apply(command('a', 1));
    const [renewal] = coordinator.renewEpochs(6000, 5000);
    expect(renewal?.entry).toMatchObject({ kind: 'restored', group: 'default', at: 6000 });
    const changes = ofKind(renewal?.effects ?? [], 'roster-changed');
    expect(changes.map(({ epoch, view, seq, cause }) => [epoch, view, seq, cause.kind, cause.member.id])).toEqual(
      ['a', 'b', 'c'].map((id, rank) => [6000, rank + 1, rank + 1, 'away', id]),
    );
    const group = coordinator.groups.get('default') ?? groupOf([]);
    expect(group.roster.slice().map(({ slot, presence }) => [slot, presence.kind])).toEqual([
      [0, 'away'],
      [1, 'away'],
      [2, 'away'],
    ]);
    expect(group.commandsOpen).toBe(0);
    expect(only(coordinator.apply(resumed('b', 'again', undefined, 6001)), 'welcomed')).toMatchObject({ rank: 1 });
  });

  it.each([
    ['servers', true],
    ['entries', false],
  ] as const)(
    'K5 R-JOIN-6 keeps the earlier secret in the new epoch, which release 0.1 does not: %s',
    (timekeeper, is) => {
      const coordinator = new Coordinator(rulesOf(), 0, timekeeper);
      coordinator.apply(joined('a', { at: 5000 }));
      coordinator.apply(resumed('a', 'again', undefined, 5001));
      coordinator.renewEpochs(6000, 5000);
      const effects = coordinator.apply(resumed('a', 'third', undefined, 6001));
      expect(only(effects, 'welcomed')).toMatchObject({ resumed: is });
    },
  );

  it('K5 R-VIEW-2 starts the new epoch once, and only in groups whose records were lost', () => {
    const coordinator = coordinate();
    for (const [group, at] of [
      ['one', 5000],
      ['two', 7000],
    ] as const)
      coordinator.apply(joined(`a-of-${group}`, { group, at }));
    expect(coordinator.renewEpochs(8000, 5000).map(({ entry }) => entry.group)).toEqual(['one']);
    expect(coordinator.renewEpochs(8001, 5000)).toEqual([]);
    expect([epochOf(coordinator, 'one'), epochOf(coordinator, 'two')]).toEqual([8000, 7000]);
    expect(coordinator.renewEpochs(100, coordinator.epochLast)).toHaveLength(2);
    expect([epochOf(coordinator, 'one'), epochOf(coordinator, 'two')]).toEqual([8001, 8002]);
  });

  it('K5 R-VIEW-2 never reuses the epoch of a group whose records were all lost', () => {
    const coordinator = coordinate();
    expect(coordinator.renewEpochs(5000, 9000)).toEqual([]);
    coordinator.apply(joined('a', { at: 5001 }));
    expect(epochOf(coordinator)).toBe(9001);
  });

  it('R-BYE-2 freezes every group, and rejects new groups with DRAINING', () => {
    const coordinator = coordinate();
    for (const group of ['one', 'two']) {
      for (const id of ['a', 'b']) coordinator.apply(joined(`${id}-of-${group}`, { group }));
    }
    expect(coordinator.apply(frozen())).toEqual([]);
    for (const group of ['one', 'two']) {
      expect(kindsOf(coordinator.apply(lost(`a-of-${group}`, { group })))).toEqual(['departed']);
    }
    const refusal = { kind: 'turned-away', session: 'session-of-x', code: 'DRAINING' };
    expect(coordinator.apply(joined('x', { group: 'three' }))).toMatchObject([refusal]);
  });

  it('R-BYE-2 keeps the order of a frozen group after all members have left', () => {
    const coordinator = coordinate();
    for (const id of ['a', 'b']) coordinator.apply(joined(id));
    coordinator.apply(frozen());
    for (const id of ['a', 'b']) coordinator.apply(lost(id));
    expect(
      coordinator.groups
        .get('default')
        ?.roster.slice()
        .map(({ id }) => id),
    ).toEqual(['a', 'b']);
    expect(coordinator.apply(frozen())).toEqual([]);
  });
});
