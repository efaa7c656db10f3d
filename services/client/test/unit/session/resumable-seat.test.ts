import { describe, expect, it } from '@jest/globals';
import type { ReadyResult } from '../../../src/commands/command-executor.js';
import { Lease } from '../../../src/session/lease.js';
import { Seat } from '../../../src/session/seat.js';
import { ResumableSeat } from '../../../src/session/resumable-seat.js';
import { nowhere, viewOf, welcomeOf } from '../messages.js';

function seated(fields: Parameters<typeof welcomeOf>[0] = {}): { readonly tenure: ResumableSeat; readonly seat: Seat } {
  const welcome = welcomeOf(fields);
  const tenure = new ResumableSeat(welcome);
  const seat = new Seat(nowhere, new Lease(0, welcome), welcome, undefined);
  tenure.seated(seat);
  return { tenure, seat };
}

function resultBy(member: string, epoch = 70): ReadyResult {
  const message = { type: 'result', seq: 7, epoch, status: 'done' } as const;
  return { message, value: undefined, giver: { member, epoch }, expiresAtMs: 5000 };
}

describe('a tenure', () => {
  it('R-JOIN-6 claims its seat with the secret that it was given last', () => {
    const { tenure } = seated({ resume: 'first' });
    expect(tenure.claim).toEqual({ member: 'm1', secret: 'first' });
    const welcome = welcomeOf({ resume: 'second', resumed: true });
    tenure.seated(new Seat(nowhere, new Lease(0, welcome), welcome, undefined));
    expect(tenure.claim).toEqual({ member: 'm1', secret: 'second' });
  });

  it('remembers the fence that its member had when it was last seated, for that epoch only', () => {
    const { tenure, seat } = seated({ rank: 1 });
    seat.viewed(viewOf({ rank: 0, view: 6 }));
    tenure.unseated(seat);
    expect([tenure.fenceIn(70), tenure.fenceIn(71)]).toEqual([{ epoch: 70, view: 6 }, undefined]);
  });

  it('R-CMD-8 keeps the results of its own member until the seat is taken back, once', () => {
    const { tenure } = seated();
    const ours = resultBy('m1');
    tenure.keep(ours);
    tenure.keep(resultBy('m2'));
    expect([tenure.takeKept(), tenure.takeKept()]).toEqual([[ours], []]);
  });

  it('R-CMD-8 drops them with the seat, and says so to what is under way', () => {
    const { tenure } = seated();
    tenure.keep(resultBy('m1'));
    expect(tenure.lost.aborted).toBe(false);
    tenure.lose();
    expect([tenure.takeKept(), tenure.lost.aborted]).toEqual([[], true]);
  });
});
