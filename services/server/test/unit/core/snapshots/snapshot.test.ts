import { describe, expect, it } from '@jest/globals';
import {
  Coordinator,
  InvariantError,
  type CoordinatorSnapshot,
  type Entry,
  type Group,
  type GroupSnapshot,
  type GroupLimits,
} from '../../../../src/core/index.js';
import {
  adminCommand,
  AT,
  command,
  ended,
  frozen,
  goodbye,
  graceEnded,
  joined,
  lost,
  moved,
  only,
  removed,
  result,
  rulesOf,
} from '../reference/entries.js';

const EPOCH = AT;

const after = (entries: readonly Entry[], own: Partial<GroupLimits> = {}): Coordinator => {
  const coordinator = new Coordinator(rulesOf(own));
  for (const entry of entries) coordinator.apply(entry);
  return coordinator;
};

const overJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const loaded = (coordinator: Coordinator): Coordinator =>
  Coordinator.fromSnapshot(coordinator.limits, overJson(coordinator.snapshot()));

const groupIn = (coordinator: Coordinator, name = 'default'): Group => {
  const group = coordinator.groups.get(name);
  if (group === undefined) throw new Error(`no group named ${name}`);
  return group;
};

/**
 * f waits, e took the seat of c, d is away. Two commands are open, one of them half ended. Every kind of decision is
 * held.
 */
const EVENTFUL: readonly Entry[] = [
  ...['a', 'b', 'c', 'd', 'e', 'f'].map(id => joined(id)),
  command('a', 1, { reply: 'each' }),
  result('b', EPOCH, 5),
  goodbye('c'),
  lost('d'),
  adminCommand(1),
  removed('ask-1', 'a'),
  moved('ask-2', 'b', 0),
  ended('a'),
];
const EVENTFUL_RULES = { membersMax: 4, waitlistMax: 3, graceMs: 500, commandsPerSecond: 5 };

/** The same entries with their fields in the opposite order. */
function backwards<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = Object.entries(value).reverse();
  return Object.fromEntries(fields.map(([field, item]) => [field, field === 'tags' ? item : backwards(item)])) as T;
}

describe('a snapshot', () => {
  it('R-VIEW-3 is unchanged by JSON encoding and decoding', () => {
    const snapshot = after(EVENTFUL, EVENTFUL_RULES).snapshot();
    expect(overJson(snapshot)).toEqual(snapshot);
    const { waiting, handover, commanding } = snapshot.groups[0] ?? {};
    expect(waiting?.map(({ id }) => id)).toEqual(['f']);
    expect(handover?.held.map(({ kind }) => kind)).toEqual(['remove', 'move', 'end']);
    expect(commanding?.open.map(({ awaited, missing }) => [awaited.length, missing.length])).toEqual([
      [1, 1],
      [3, 0],
    ]);
  });

  it('R-VIEW-3 has the same text for the same entries, independent of the order of their fields', () => {
    const texts = [EVENTFUL, EVENTFUL.map(backwards)].map(entries =>
      JSON.stringify(after(entries, EVENTFUL_RULES).snapshot()),
    );
    expect(texts[1]).toBe(texts[0]);
    expect(JSON.stringify(loaded(after(EVENTFUL, EVENTFUL_RULES)).snapshot())).toBe(texts[0]);
  });

  it('R-VIEW-3 does not change when the coordinators that wrote and loaded it change', () => {
    const giver = after(EVENTFUL, EVENTFUL_RULES);
    const snapshot = giver.snapshot();
    const text = JSON.stringify(snapshot);
    const taker = Coordinator.fromSnapshot(giver.limits, snapshot);
    for (const coordinator of [giver, taker]) {
      for (const entry of [
        graceEnded('d', AT + 600, { epoch: EPOCH }),
        result('e', EPOCH, 8),
        lost('a'),
        joined('x'),
      ]) {
        coordinator.apply(entry);
      }
      expect(JSON.stringify(coordinator.snapshot())).not.toBe(text);
    }
    expect(JSON.stringify(snapshot)).toBe(text);
    expect(JSON.stringify(taker.snapshot())).toBe(JSON.stringify(giver.snapshot()));
  });

  it('R-CMD-6 restores each member as one object, shared by the roster, the history and the commands', () => {
    const coordinator = loaded(after([joined('a'), joined('b'), joined('c'), command('a', 1), lost('a')]));
    const { roster, history } = groupIn(coordinator);
    const causes = history.last(4).map(({ cause }) => cause.member);
    expect(causes.map(({ id }) => id)).toEqual(['a', 'c', 'b', 'a']);
    expect(causes[0]).toBe(causes[3]);
    expect(causes[0]?.presence).toEqual({ kind: 'gone' });
    expect(roster.slice().map(member => causes.indexOf(member))).toEqual([2, 1]);
    const effects = coordinator.apply(result('b', EPOCH, 4));
    expect(only(effects, 'recipient-ended').recipient).toBe(roster.at(0));
  });

  it('R-VIEW-2 keeps the range of ranks that a change moved, also up to the last rank', () => {
    const coordinator = loaded(after([joined('a'), joined('b'), lost('a')]));
    expect(groupIn(coordinator).history.last(1)[0]?.shifted).toEqual({ from: 0, to: 1 });
  });

  it('R-VIEW-2 keeps the last epoch of a group that no longer exists', () => {
    const coordinator = loaded(after([joined('a'), lost('a')]));
    coordinator.apply(joined('b'));
    expect(groupIn(coordinator).epoch).toBe(EPOCH + 1);
  });

  it('R-BYE-2 keeps the order frozen, also for later groups', () => {
    const coordinator = loaded(after([joined('a'), frozen()]));
    for (const group of ['default', 'another']) {
      const refusal = { kind: 'turned-away', code: 'DRAINING' };
      expect(coordinator.apply(joined(`b-of-${group}`, { group }))).toMatchObject([refusal]);
    }
  });

  it.each<[string, (group: GroupSnapshot) => GroupSnapshot, string]>([
    ['an unknown member', group => ({ ...group, commanders: [] }), 'refers to commander 0, which it does not contain'],
    [
      'an administrator in a seat',
      group => ({
        ...group,
        commanders: group.commanders.map(({ id, name, presence, lastCommand }) => ({
          id,
          name,
          presence,
          lastCommand,
        })),
      }),
      'refers to commander 0 as a member',
    ],
  ])('R-VIEW-3 is rejected if it refers to %s', (_whom, spoil, words) => {
    const { groups, ...rest } = after([joined('a')]).snapshot();
    const spoilt: CoordinatorSnapshot = { ...rest, groups: groups.map(spoil) };
    const load = (): Coordinator => Coordinator.fromSnapshot(rulesOf(), spoilt);
    expect(load).toThrow(InvariantError);
    expect(load).toThrow(words);
  });
});
