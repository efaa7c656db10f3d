import { describe, expect, it } from '@jest/globals';
import type { ReadyResult } from '../../../src/commands/command-executor.js';
import { Lease } from '../../../src/session/lease.js';
import { ResumableSeat } from '../../../src/session/resumable-seat.js';
import { Seat } from '../../../src/session/seat.js';
import { silentConnection, viewOf, welcomeOf } from '../messages.js';

function seated(fields: Parameters<typeof welcomeOf>[0] = {}): {
  readonly resumable: ResumableSeat;
  readonly seat: Seat;
} {
  const welcome = welcomeOf(fields);
  const resumable = new ResumableSeat(welcome);
  const seat = new Seat(silentConnection, new Lease(0, welcome), welcome, undefined);
  resumable.recordSeat(seat);
  return { resumable, seat };
}

function resultBy(member: string, epoch = 70): ReadyResult {
  const message = { type: 'result', seq: 7, epoch, status: 'done' } as const;
  return { message, value: undefined, recipient: { member, epoch }, expiresAtMs: 5000 };
}

describe('a resumable seat', () => {
  it('R-JOIN-6 claims its seat with the secret of the last welcome', () => {
    const { resumable } = seated({ resume: 'first' });
    expect(resumable.claim).toEqual({ group: 'default', member: 'm1', secret: 'first', epoch: 70 });
    const welcome = welcomeOf({ resume: 'second', resumed: true });
    resumable.recordSeat(new Seat(silentConnection, new Lease(0, welcome), welcome, undefined));
    expect(resumable.claim).toEqual({ group: 'default', member: 'm1', secret: 'second', epoch: 70 });
  });

  it('keeps the fence of the last session, only for its epoch', () => {
    const { resumable, seat } = seated({ rank: 1 });
    seat.applyView(viewOf({ rank: 0, view: 6 }));
    resumable.recordFence(seat);
    expect([resumable.fenceForEpoch(70), resumable.fenceForEpoch(71)]).toEqual([{ epoch: 70, view: 6 }, undefined]);
  });

  it('R-CMD-8 keeps the results of its own member until the seat is resumed, and returns them once', () => {
    const { resumable } = seated();
    const ours = resultBy('m1');
    resumable.keepResult(ours);
    resumable.keepResult(resultBy('m2'));
    expect([resumable.removeResults(), resumable.removeResults()]).toEqual([[ours], []]);
  });

  it('R-CMD-8 drops them when the seat is lost, and aborts the signal of running handlers', () => {
    const { resumable } = seated();
    resumable.keepResult(resultBy('m1'));
    expect(resumable.lostSignal.aborted).toBe(false);
    resumable.abandon();
    expect([resumable.removeResults(), resumable.lostSignal.aborted]).toEqual([[], true]);
  });
});
