import { describe, expect, it } from '@jest/globals';
import type { WriterClaim } from '../../../src/mirror/writer-claim.js';
import {
  isRenewalDue,
  nextRole,
  type RoleEvent,
  type RoleStep,
  type RoleTime,
  waitForStore,
  type WriterRole,
} from '../../../src/mirror/writer-role.js';

const WINDOW_MS = 5000;
const WALL_MS = 1_000_000;
const CHECK_MS = 500;

const at = (nowMs: number, epochIssued = 0): RoleTime => ({ nowMs, wallMs: WALL_MS + nowMs, epochIssued });
const other = (epoch: number, incarnation = 'b'): WriterClaim => ({ incarnation, epoch, server: 'other' });
const step = (role: WriterRole, event: RoleEvent, time: RoleTime): RoleStep => nextRole(role, event, time, WINDOW_MS);
const tick: RoleEvent = { kind: 'tick' };
const readOf = (epochLast: number, writer?: WriterClaim): RoleEvent => ({ kind: 'read', epochLast, writer });
const looked = (claim: WriterClaim | undefined, ttlMs: number): RoleEvent => ({
  kind: 'looked',
  sighting: { other: claim, ttlMs },
});

function writer(epoch: number, renewedAtMs?: number): Extract<WriterRole, { kind: 'writer' }> {
  return { kind: 'writer', epoch, renewedAtMs };
}

function superseded(by: WriterClaim, ttlMs: number, nowMs = 0): WriterRole {
  const { role } = step(writer(1, 0), { kind: 'outranked', sighting: { other: by, ttlMs } }, at(nowMs));
  return role;
}

/** Looks every CHECK_MS from `fromMs` on. Returns when the other server counts as gone; undefined if it does not until `toMs`. */
function goneAt(
  start: WriterRole,
  sightingAt: (nowMs: number) => RoleEvent,
  fromMs: number,
  toMs: number,
): number | undefined {
  let role = start;
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += CHECK_MS) {
    const next = step(role, sightingAt(nowMs), at(nowMs));
    if (next.role.kind === 'unread') return nowMs;
    role = next.role;
  }
  return undefined;
}

describe('R-VIEW-6 A server whose store is unread', () => {
  const unread = waitForStore(at(0), WINDOW_MS);

  it('begins with the stored order as soon as it is read, in a larger epoch', () => {
    const { role, actions } = step(unread, readOf(7), at(10));
    expect(actions).toEqual([{ kind: 'begin', epoch: WALL_MS + 10, order: 'stored' }]);
    expect(role).toEqual(writer(WALL_MS + 10));
  });

  it.each([
    ['a stored epoch', readOf(WALL_MS * 2), WALL_MS * 2 + 1],
    ['the claim of another server', readOf(1, other(WALL_MS * 3)), WALL_MS * 3 + 1],
  ])('passes %s that is larger than its clock', (_, event, epoch) => {
    expect(step(unread, event, at(10)).actions).toMatchObject([{ epoch }]);
  });

  it('passes the last epoch that it has issued itself', () => {
    expect(step(unread, readOf(0), at(10, WALL_MS * 4)).actions).toMatchObject([{ epoch: WALL_MS * 4 + 1 }]);
  });

  it('starts a new order when the wait is over, and not before', () => {
    expect(step(unread, tick, at(WINDOW_MS - 1))).toEqual({ role: unread, actions: [] });
    const { role, actions } = step(unread, tick, at(WINDOW_MS));
    expect(role).toEqual({ kind: 'unread-begun', epoch: WALL_MS + WINDOW_MS });
    expect(actions).toEqual([{ kind: 'begin', epoch: WALL_MS + WINDOW_MS, order: 'none' }]);
  });
});

describe('R-VIEW-6 A store that is read too late', () => {
  const begun: WriterRole = { kind: 'unread-begun', epoch: 1000 };

  it('is replaced', () => {
    expect(step(begun, readOf(999), at(0))).toEqual({ role: writer(1000), actions: [{ kind: 'replace' }] });
  });

  it.each([1000, WALL_MS * 2])('has its epoch passed if that is %d, which is not smaller', stored => {
    const { role, actions } = step(begun, readOf(stored), at(0, 1001));
    const epoch = Math.max(WALL_MS, stored + 1);
    expect(actions).toEqual([{ kind: 'replace' }, { kind: 'begin', epoch, order: 'own' }]);
    expect(role).toEqual(writer(epoch));
  });

  it('stays as it is if another server keeps it with a larger epoch', () => {
    const by = other(1001);
    const { role, actions } = step(begun, readOf(1001, by), at(0));
    expect(actions).toEqual([{ kind: 'stand-down', by }]);
    expect(role).toMatchObject({ kind: 'superseded', by });
  });

  it('is replaced if the claim there has a smaller epoch', () => {
    expect(step(begun, readOf(999, other(998)), at(0)).role).toEqual(writer(1000));
  });

  it('does not begin twice', () => {
    expect(step(begun, tick, at(WINDOW_MS * 10))).toEqual({ role: begun, actions: [] });
  });
});

describe('p:writer A server that writes the mirror', () => {
  it('renews the claim every 5 s (CLAIM_RENEW_MS), and only then', () => {
    expect(isRenewalDue(writer(5), 0)).toBe(true);
    const { role } = step(writer(5), { kind: 'held', written: true }, at(100));
    expect(role).toEqual(writer(5, 100));
    expect(isRenewalDue(writer(5, 100), 5099)).toBe(false);
    expect(isRenewalDue(writer(5, 100), 5100)).toBe(true);
    expect(step(role, { kind: 'held', written: false }, at(200)).role).toEqual(writer(5, 100));
  });

  it('stands down if another server has claimed it', () => {
    const by = other(9);
    const { role, actions } = step(writer(5, 0), { kind: 'outranked', sighting: { other: by, ttlMs: 400 } }, at(100));
    expect(actions).toEqual([{ kind: 'stand-down', by }]);
    expect(role).toEqual({ kind: 'superseded', by, goneAtMs: 500 });
  });

  it('passes a stored epoch that no server renews, with the order that it has', () => {
    const { role, actions } = step(writer(5, 0), { kind: 'stale', epochStored: WALL_MS * 2 }, at(0, 6));
    expect(actions).toEqual([{ kind: 'begin', epoch: WALL_MS * 2 + 1, order: 'own' }]);
    expect(role).toEqual(writer(WALL_MS * 2 + 1));
  });

  it('continues, however long Redis does not answer', () => {
    expect(step(writer(5, 0), tick, at(3_600_000))).toEqual({ role: writer(5, 0), actions: [] });
  });
});

describe('p:writer A server that was superseded', () => {
  it('waits as long as the other renews its claim', () => {
    const renewing = (nowMs: number): RoleEvent => looked(other(9), 15_000 - (nowMs % 5000));
    expect(goneAt(superseded(other(9), 15_000), renewing, 0, 120_000)).toBeUndefined();
  });

  it('reads Redis again when the claim has expired, and comes back in a larger epoch', () => {
    const expiring = (nowMs: number): RoleEvent =>
      nowMs < 14_900 ? looked(other(9), 14_900 - nowMs) : looked(undefined, -2);
    const start = superseded(other(9), 14_900);
    expect(goneAt(start, expiring, 0, 120_000)).toBe(15_000);
    const { role, actions } = step({ ...start, goneAtMs: 0 } as WriterRole, looked(undefined, -2), at(1));
    expect(actions).toEqual([{ kind: 'return' }]);
    expect(role).toEqual({ kind: 'unread', untilMs: 1 + WINDOW_MS, epochFloor: 9 });
    const floor = WALL_MS * 5;
    expect(step({ ...role, epochFloor: floor } as WriterRole, readOf(0), at(2)).actions).toMatchObject([
      { epoch: floor + 1 },
    ]);
  });

  it('takes a claim that vanished for gone after 6 s (REWRITE_MS)', () => {
    const vanished = (): RoleEvent => looked(undefined, -2);
    expect(goneAt(superseded(other(9), 15_000), vanished, 0, 120_000)).toBe(6000);
  });

  it('continues to wait if the claim comes back in that time', () => {
    const emptied = (nowMs: number): RoleEvent =>
      nowMs < 5000 ? looked(undefined, -2) : looked(other(9), 15_000 - (nowMs % 5000));
    expect(goneAt(superseded(other(9), 15_000), emptied, 0, 120_000)).toBeUndefined();
  });

  it('waits 15 s (CLAIM_EXPIRE_MS) for a claim that never expires, and no longer', () => {
    expect(goneAt(superseded(other(9), -1), () => looked(other(9), -1), 0, 120_000)).toBe(15_000);
    expect(goneAt(superseded(other(9), 3_600_000), () => looked(other(9), 3_600_000), 0, 120_000)).toBe(15_000);
  });

  it('waits again for a third server', () => {
    const third = (nowMs: number): RoleEvent => looked(other(nowMs < 10_000 ? 9 : 10), -1);
    expect(goneAt(superseded(other(9), -1), third, 0, 120_000)).toBe(25_000);
  });

  it('does not decide without a look at Redis', () => {
    const start = superseded(other(9), 15_000);
    expect(step(start, tick, at(3_600_000))).toEqual({ role: start, actions: [] });
  });
});
