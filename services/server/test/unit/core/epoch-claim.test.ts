import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  assertInvariants,
  Coordinator,
  type Effect,
  type Group,
  type GroupLimits,
  type JoinedEntry,
} from '../../../src/core/index.js';
import {
  adminCommand,
  frozen,
  idsByRank,
  joined,
  keptSeat,
  kindsOf,
  lost,
  moved,
  newcomer,
  ofKind,
  only,
  restored,
  resumed,
  rulesOf,
  serverGone,
} from './reference/entries.js';

/** The epoch of the restored group, an epoch that its members have held, and the wall time of the joins. */
const [EPOCH, HELD, NOW] = [5000, 7000, 9000];

let coordinator: Coordinator;
const start = (own: Partial<GroupLimits> = {}): void => {
  coordinator = new Coordinator(rulesOf(own));
};
beforeEach(() => start());

const group = (name = 'default'): Group => {
  const found = coordinator.groups.get(name);
  if (found === undefined) throw new Error(`there is no group ${name}`);
  return found;
};

const restore = (...ids: readonly string[]): Effect[] =>
  coordinator.apply(
    restored(
      ids.map((id, slot) => keptSeat(id, slot)),
      { at: EPOCH },
    ),
  );

const claim = (id: string, epochHeld: number, at = NOW): JoinedEntry => joined(id, { at, epochHeld });

describe('R-JOIN-1 the epoch that a client has held', () => {
  it('is believed: the group begins a later epoch with the same seats, and then admits the client', () => {
    restore('a', 'b');
    const effects = coordinator.apply(claim('x', HELD));
    expect(group().epoch).toBe(NOW);
    const changes = ofKind(effects, 'roster-changed');
    expect(changes.map(({ epoch, view, cause }) => [epoch, view, cause.kind, cause.member.id])).toEqual([
      [NOW, 1, 'away', 'a'],
      [NOW, 2, 'away', 'b'],
      [NOW, 3, 'joined', 'x'],
    ]);
    expect(ofKind(effects, 'grace').map(({ epoch, member, absence, ms }) => [epoch, member.id, absence, ms])).toEqual([
      [NOW, 'a', 1, 10_000],
      [NOW, 'b', 2, 10_000],
    ]);
    expect(only(effects, 'welcomed')).toMatchObject({ rank: 2, resumed: false });
    expect(coordinator.epochLast).toBe(NOW);
    assertInvariants(group());
  });

  it('R-JOIN-6 gives the client its seat in the later epoch, if it has the secret', () => {
    restore('a', 'b');
    const effects = coordinator.apply({ ...resumed('b', 'again', undefined, NOW), epochHeld: HELD });
    expect(only(effects, 'welcomed')).toMatchObject({ rank: 1, resumed: true });
    expect([group().epoch, idsByRank(group())]).toEqual([NOW, ['a', 'b']]);
  });

  it('R-JOIN-6 keeps the earlier secret of a seat, because the last welcome may be lost', () => {
    coordinator.apply(joined('a', { at: EPOCH, newcomer: newcomer('a', { session: 'one/a' }) }));
    const again = newcomer('again', { session: 'one/again' });
    coordinator.apply({ ...resumed('a', 'again', undefined, EPOCH), newcomer: again });
    coordinator.apply(serverGone('one'));
    const effects = coordinator.apply({ ...resumed('a', 'third', undefined, NOW), epochHeld: HELD });
    expect([group().epoch, only(effects, 'welcomed')]).toMatchObject([NOW, { rank: 0, resumed: true }]);
  });

  it.each([
    ['that has passed the wall clock', NOW + 1, NOW, EPOCH],
    ['of this group', EPOCH, NOW, EPOCH],
    ['before that of this group', EPOCH - 1, NOW, EPOCH],
    ['at the wall clock', NOW, NOW, NOW + 1],
    ['just above that of this group', EPOCH + 1, EPOCH + 1, EPOCH + 2],
    ['that is 0', 0, NOW, EPOCH],
  ])('is an epoch %s: %d at %d leads to the epoch %d', (_, held, at, epoch) => {
    restore('a');
    coordinator.apply(claim('x', held, at));
    expect([group().epoch, group().roster.size]).toEqual([epoch, 2]);
  });

  it('is not believed if the group has a present member of its own epoch', () => {
    restore('a', 'b');
    coordinator.apply(resumed('b', 'again', undefined, NOW));
    const effects = coordinator.apply(claim('x', HELD));
    expect([group().epoch, kindsOf(effects)]).toEqual([EPOCH, ['roster-changed', 'welcomed']]);
  });

  it('is not believed if the group has a member of its own epoch that is away', () => {
    start({ graceMs: 1000 });
    restore('a', 'b');
    coordinator.apply(resumed('b', 'again', undefined, NOW));
    coordinator.apply(lost('b', { session: 'session-of-again' }));
    coordinator.apply(claim('x', HELD));
    expect(group().epoch).toBe(EPOCH);
  });

  it('is believed if all members are away because their servers have ended, and not before', () => {
    for (const [id, server] of [
      ['a', 'one'],
      ['b', 'two'],
    ] as const)
      coordinator.apply(joined(id, { at: EPOCH, newcomer: newcomer(id, { session: `${server}/${id}` }) }));
    coordinator.apply(serverGone('one'));
    coordinator.apply(claim('x', HELD));
    expect(group().epoch).toBe(EPOCH);
    coordinator.apply(lost('x'));
    coordinator.apply(serverGone('two'));
    coordinator.apply(claim('y', HELD));
    expect([group().epoch, idsByRank(group())]).toEqual([NOW, ['a', 'b', 'y']]);
  });

  it('is believed once a start: the seats of the others are not kept again and again', () => {
    restore('a');
    coordinator.apply(claim('x', HELD, 8000));
    coordinator.apply(lost('x'));
    coordinator.apply(claim('y', 8500));
    expect(group().epoch).toBe(8000);
    coordinator.apply(lost('y'));
    coordinator.recordStart(8600);
    coordinator.apply(claim('z', 8500));
    expect(group().epoch).toBe(NOW);
    coordinator.apply(lost('z'));
    // The same server joins the shard again.
    coordinator.recordStart(8600);
    coordinator.apply(claim('w', 9500, 9999));
    expect(group().epoch).toBe(NOW);
  });

  it('changes only its own group', () => {
    restore('a');
    coordinator.apply(restored([keptSeat('b', 0)], { group: 'other', at: EPOCH + 1 }));
    coordinator.apply(claim('x', HELD));
    expect([group().epoch, group('other').epoch]).toEqual([NOW, EPOCH + 1]);
  });

  it('is passed by a new group, unless it has passed the wall clock', () => {
    coordinator.apply(claim('x', NOW, NOW));
    expect(group().epoch).toBe(NOW + 1);
    coordinator.apply(joined('y', { group: 'other', at: NOW, epochHeld: NOW * 1000 }));
    expect(group('other').epoch).toBe(NOW + 2);
  });

  it('has no effect in a frozen order (R-BYE-2)', () => {
    restore('a');
    coordinator.apply(frozen());
    expect(kindsOf(coordinator.apply(claim('x', HELD)))).toEqual(['turned-away']);
    expect(group().epoch).toBe(EPOCH);
  });

  it('has no effect when its entry is applied again', () => {
    restore('a');
    coordinator.apply(claim('x', HELD));
    const before = coordinator.snapshot();
    expect(coordinator.apply(claim('x', HELD))).toEqual([]);
    expect(coordinator.snapshot()).toEqual(before);
  });

  it('R-JOIN-4 keeps the waitlist, and the client waits behind it', () => {
    start({ membersMax: 1, waitlistMax: 2 });
    restore('a');
    coordinator.apply(joined('w', { at: NOW }));
    const effects = coordinator.apply(claim('x', HELD));
    expect(kindsOf(effects)).toEqual(['roster-changed', 'grace', 'waiting']);
    expect([group().epoch, group().waiting]).toEqual([NOW, ['session-of-w', 'session-of-x']]);
  });

  it('R-CMD-7 ends the open command of an administrator, and R-LEAD-1 keeps what waits for the leader', () => {
    for (const id of ['a', 'b'])
      coordinator.apply(joined(id, { at: EPOCH, newcomer: newcomer(id, { session: `one/${id}` }) }));
    coordinator.apply(adminCommand(1, { reply: 'each' }));
    coordinator.apply(serverGone('one'));
    coordinator.apply(moved('ask', 'b', 0));
    const effects = coordinator.apply(claim('x', HELD));
    expect(only(effects, 'outcome')).toMatchObject({ to: 'session-of-admin', recipients: 2, counts: { left: 2 } });
    expect(ofKind(effects, 'recipient-ended').map(({ status }) => status)).toEqual(['left', 'left']);
    expect(effects.at(-1)).toMatchObject({ kind: 'ask-to-stop', epoch: NOW, member: { id: 'a' }, waitMs: 6000 });
    expect([group().commandsOpen, group().heldRequests.map(({ id }) => id)]).toEqual([0, ['ask']]);
    assertInvariants(group());
  });

  it('is in a snapshot: a server that starts from it does not believe a second hello either', () => {
    restore('a');
    coordinator.recordStart(10);
    coordinator.apply(claim('x', HELD, 8000));
    coordinator.apply(lost('x'));
    const stored = JSON.parse(JSON.stringify(coordinator.snapshot())) as ReturnType<Coordinator['snapshot']>;
    expect(stored).toMatchObject({ startLast: 10, groups: [{ epochClaims: 'used' }] });
    const other = Coordinator.fromSnapshot(rulesOf(), stored);
    for (const each of [coordinator, other]) {
      each.recordStart(10);
      each.apply(claim('y', 8500));
    }
    expect([group().epoch, other.snapshot()]).toEqual([8000, coordinator.snapshot()]);
  });

  it('counts no start in format 1 of the log, where servers may not know of it', () => {
    const older = new Coordinator(rulesOf(), 0, 'entries');
    older.recordStart(10);
    expect(older.snapshot().startLast).toBe(0);
  });
});
