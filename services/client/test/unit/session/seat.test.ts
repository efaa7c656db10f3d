import { describe, expect, it } from '@jest/globals';
import { Lease } from '../../../src/session/lease.js';
import { type Fence, Seat } from '../../../src/session/seat.js';
import { silentConnection, viewOf, welcomeOf } from '../messages.js';

/** Returns a seat whose hello was sent at 0. No test here writes to its connection. */
function seatOf(fields: Parameters<typeof welcomeOf>[0] = {}, fence?: Fence): Seat {
  const welcome = welcomeOf(fields);
  return new Seat(silentConnection, new Lease(0, welcome), welcome, fence);
}

describe('a seat', () => {
  it('R-LEAD-3 may act while its lease is valid, and not at its end', () => {
    const seat = seatOf();
    expect([seat.canAct(0), seat.canAct(4499.9), seat.canAct(4500)]).toEqual([true, true, false]);
  });

  it('has as its fence the view in which it became rank 0, and later views do not change it', () => {
    const seat = seatOf({ rank: 1 });
    expect(seat.fence).toBeUndefined();
    seat.applyView(viewOf({ rank: 0, view: 6 }));
    seat.applyView(viewOf({ rank: 0, view: 8, size: 3 }));
    expect([seat.fence, seat.size]).toEqual([{ epoch: 70, view: 6 }, 3]);
  });

  it('has another fence each time it becomes rank 0', () => {
    const seat = seatOf({ rank: 0, view: 4 });
    expect(seat.fence).toEqual({ epoch: 70, view: 4 });
    seat.applyView(viewOf({ rank: 1, view: 5 }));
    expect(seat.fence).toBeUndefined();
    seat.applyView(viewOf({ rank: 0, view: 6 }));
    expect(seat.fence).toEqual({ epoch: 70, view: 6 });
  });

  it('R-JOIN-6 keeps the earlier fence after a resumption, unless it no longer leads', () => {
    const before = { epoch: 70, view: 2 };
    expect(seatOf({ rank: 0 }, before).fence).toEqual(before);
    expect(seatOf({ rank: 1 }, before).fence).toBeUndefined();
  });

  it('R-JOIN-6 has the fence of the welcome if another member led while it was away', () => {
    const before = { epoch: 70, view: 2 };
    const since = { epoch: 70, view: 3 };
    expect(seatOf({ rank: 0, fence: since }, before).fence).toEqual(since);
    expect(seatOf({ rank: 0, fence: { epoch: 70, view: 1 } }, before).fence).toEqual(before);
    expect(seatOf({ rank: 0, fence: since }).fence).toEqual(since);
    expect(seatOf({ rank: 1 }, since).fence).toBeUndefined();
  });
});

describe('a seat that was asked to yield', () => {
  it('R-LEAD-2 must not act until the next view', () => {
    const seat = seatOf();
    seat.startYield();
    expect([seat.canAct(0), seat.isYielding]).toEqual([false, true]);
    seat.applyView(viewOf({ rank: 0, changes: 0 }));
    expect([seat.canAct(0), seat.isYielding, seat.fence?.view]).toEqual([true, false, 4]);
  });

  it('R-LEAD-2 need not answer after a view that ends the yield', () => {
    const seat = seatOf();
    const ask = seat.startYield();
    expect(seat.owesYielded(ask)).toBe(true);
    seat.applyView(viewOf());
    expect(seat.owesYielded(ask)).toBe(false);
  });

  it('R-LEAD-2 must answer only the last request', () => {
    const seat = seatOf();
    const first = seat.startYield();
    seat.applyView(viewOf());
    const second = seat.startYield();
    expect([seat.owesYielded(first), seat.owesYielded(second)]).toEqual([false, true]);
  });
});
