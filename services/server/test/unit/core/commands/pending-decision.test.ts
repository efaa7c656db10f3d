import { describe, expect, it } from '@jest/globals';
import { Coordinator, type Effect, type Entry, type GroupLimits } from '../../../../src/core/index.js';
import {
  adminVerdictOf,
  AT,
  command,
  frozen,
  joined,
  keptSeat,
  kindsOf,
  lost,
  moved,
  restored,
  resumed,
  result,
  rulesOf,
  stopped,
} from '../reference/entries.js';

const EPOCH = AT;

/** The pending timers of a coordinator whose state is the result of these entries. */
function takenOver(entries: readonly Entry[], own: Partial<GroupLimits> = {}): Coordinator {
  const coordinator = new Coordinator(rulesOf(own));
  for (const entry of entries) coordinator.apply(entry);
  return Coordinator.fromSnapshot(coordinator.limits, coordinator.snapshot());
}

const pendingIn = (coordinator: Coordinator, at: number, name = 'default'): readonly Effect[] =>
  coordinator.pendingTimers(at).find(({ group }) => group === name)?.effects ?? [];

/** The leader from before a restart and another member; both are away. */
const kept = restored([keptSeat('a', 0), keptSeat('b', 1)]);

describe('pending timers', () => {
  it('are empty if no member is away, no command is open and no leader was asked to stop', () => {
    const entries = [joined('a'), joined('b'), command('a', 1), result('b', EPOCH, 3)];
    expect(takenOver(entries, { graceMs: 500 }).pendingTimers(AT)).toEqual([]);
  });

  it('R-VIEW-4 have the whole grace period of each away member, whatever the wall times of the entries are', () => {
    const entries = [...['a', 'b', 'c'].map(id => joined(id)), lost('c', { at: AT + 50 }), lost('a', { at: AT - 900 })];
    const coordinator = takenOver(entries, { graceMs: 500, graceLeaderMs: 120 });
    expect(pendingIn(coordinator, AT + 3_600_000)).toMatchObject([
      { kind: 'grace', epoch: EPOCH, member: { id: 'a' }, absence: 2, ms: 120 },
      { kind: 'grace', epoch: EPOCH, member: { id: 'c' }, absence: 1, ms: 500 },
    ]);
  });

  it('R-VIEW-6 have the longer grace period of members that have not returned since a restart', () => {
    const coordinator = takenOver([kept], { graceMs: 10, reformMs: 700, suspendMs: 900 });
    expect(pendingIn(coordinator, AT + 100)).toMatchObject([
      { kind: 'grace', member: { id: 'a' }, absence: 1, ms: 900 },
      { kind: 'grace', member: { id: 'b' }, absence: 2, ms: 700 },
    ]);
  });

  it('R-CMD-6 have the whole accepted deadline of each open command', () => {
    const entries = [
      joined('a'),
      joined('b'),
      command('a', 1, { deadlineMs: 9999 }),
      command('a', 2, { deadlineMs: 300, at: AT + 100 }),
      command('a', 3, { reply: 'none' }),
    ];
    const coordinator = takenOver(entries, { deadlineMsMax: 1000 });
    const deadline = (seq: number, deadlineMs: number): Effect => ({ kind: 'deadline', epoch: EPOCH, seq, deadlineMs });
    expect(pendingIn(coordinator, AT + 5000)).toEqual([deadline(3, 1000), deadline(4, 300)]);
    coordinator.apply(result('b', EPOCH, 3));
    expect(pendingIn(coordinator, AT + 200)).toEqual([deadline(4, 300)]);
  });

  it('R-CMD-6 have the deadlines of a frozen order, in which open commands may still end', () => {
    const coordinator = takenOver([joined('a'), joined('b'), command('a', 1), frozen()]);
    expect(kindsOf(pendingIn(coordinator, AT))).toEqual(['deadline']);
  });

  it('R-LEAD-1 have the last request to a leader without a session to stop, and the answer to it counts', () => {
    const coordinator = takenOver([kept, moved('ask-1', 'b', 0, { at: AT + 10 })], { suspendMs: 900 });
    const before = JSON.stringify(coordinator.snapshot());
    const asks = pendingIn(coordinator, AT + 300).filter(({ kind }) => kind === 'ask-to-stop');
    const ask = { member: { id: 'a' }, epoch: EPOCH, ask: 1, session: undefined, absence: 1, waitMs: 900 };
    expect(asks).toMatchObject([ask]);
    expect(pendingIn(coordinator, AT + 2000)).toContainEqual(asks[0]);
    expect(JSON.stringify(coordinator.snapshot())).toBe(before);
    const effects = coordinator.apply(stopped('a', { epoch: EPOCH, ask: 1, at: AT + 900 }));
    expect(adminVerdictOf(effects)).toBe('accepted');
    expect(coordinator.groups.get('default')?.roster.leader?.id).toBe('b');
  });

  it('R-LEAD-1 have no request to a leader with a session: its server waits for the answer', () => {
    const held = moved('ask-1', 'b', 0);
    expect(takenOver([joined('a'), joined('b'), held]).pendingTimers(AT)).toEqual([]);
    const isBack = takenOver([kept, held, resumed('a', 'x')]);
    expect(kindsOf(pendingIn(isBack, AT))).toEqual(['grace']);
    const answer = stopped('a', { epoch: EPOCH, ask: 2 });
    expect(adminVerdictOf(isBack.apply(answer))).toBe('accepted');
  });

  it('are reported for each group that has any', () => {
    const inEach = ['one', 'two', 'three'].flatMap(group => ['a', 'b'].map(id => joined(`${id}-${group}`, { group })));
    const gone = ['three', 'one'].map(group => lost(`b-${group}`, { group }));
    const pending = takenOver([...inEach, ...gone], { graceMs: 500 }).pendingTimers(AT);
    const kinds = pending.map(({ group, effects }) => [group, kindsOf(effects)]);
    expect(kinds).toEqual([
      ['one', ['grace']],
      ['three', ['grace']],
    ]);
  });
});
