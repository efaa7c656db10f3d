import { describe, expect, it } from '@jest/globals';
import { LeaseSignal } from '../../../src/leadership/lease-signal.js';
import { RankdError } from '../../../src/rankd-error.js';

const FENCE = { epoch: 70, view: 4 };

/** A lease signal that holds until the test says otherwise; `aborts` counts what its listeners heard. */
function createLeaseSignal(): {
  readonly leaseSignal: LeaseSignal;
  readonly lease: { holds: boolean };
  readonly aborts: () => number;
} {
  const lease = { holds: true };
  const leaseSignal = new LeaseSignal(FENCE, () => lease.holds);
  let aborts = 0;
  leaseSignal.signal.addEventListener('abort', () => (aborts += 1));
  return { leaseSignal, lease, aborts: () => aborts };
}

describe('the signal of a lease', () => {
  it('R-LEAD-3 consults the clock whenever it is read: no timer and no event has to come first', () => {
    const { leaseSignal, lease, aborts } = createLeaseSignal();
    expect([leaseSignal.signal.aborted, leaseSignal.isActive()]).toEqual([false, true]);
    lease.holds = false;
    expect([leaseSignal.signal.aborted, aborts()]).toEqual([true, 1]);
  });

  it('R-LEAD-3 is over for good once it has been read so, even where the lease holds again', () => {
    const { leaseSignal, lease } = createLeaseSignal();
    lease.holds = false;
    expect(leaseSignal.signal.aborted).toBe(true);
    lease.holds = true;
    expect([leaseSignal.signal.aborted, leaseSignal.isActive()]).toEqual([true, false]);
  });

  it('throws with a code from throwIfAborted, by the clock too', () => {
    const { leaseSignal, lease } = createLeaseSignal();
    expect(() => leaseSignal.signal.throwIfAborted()).not.toThrow();
    lease.holds = false;
    expect(() => leaseSignal.signal.throwIfAborted()).toThrow(RankdError);
    expect(leaseSignal.signal.reason).toMatchObject({ code: 'LEADERSHIP_LOST' });
  });

  it('tells its listeners once, whether it is ended, read, or both', () => {
    const { leaseSignal, lease, aborts } = createLeaseSignal();
    leaseSignal.abort();
    lease.holds = false;
    expect(leaseSignal.signal.aborted).toBe(true);
    leaseSignal.abort();
    expect([leaseSignal.signal.aborted, aborts()]).toEqual([true, 1]);
  });

  it('is a signal like others: for AbortSignal.any, and for what is told of an abort', () => {
    const { leaseSignal } = createLeaseSignal();
    const any = AbortSignal.any([leaseSignal.signal]);
    expect(any.aborted).toBe(false);
    leaseSignal.abort();
    expect([any.aborted, (any.reason as RankdError).code]).toEqual([true, 'LEADERSHIP_LOST']);
  });

  it('is not asked of the lease any more once it is over', () => {
    let asked = 0;
    const leaseSignal = new LeaseSignal(FENCE, () => (asked += 1) > 0);
    leaseSignal.abort();
    expect(leaseSignal.signal.aborted).toBe(true);
    expect(asked).toBe(0);
  });
});
