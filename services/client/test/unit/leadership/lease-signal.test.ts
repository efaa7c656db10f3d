import { describe, expect, it } from '@jest/globals';
import { LeaseSignal } from '../../../src/leadership/lease-signal.js';
import { RankdError } from '../../../src/rankd-error.js';

const FENCE = { epoch: 70, view: 4 };

/** A lease signal that is valid until the test ends the lease. `aborts` counts the calls of its listeners. */
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
  it('R-LEAD-3 checks the clock at each read, without waiting for a timer or an event', () => {
    const { leaseSignal, lease, aborts } = createLeaseSignal();
    expect([leaseSignal.signal.aborted, leaseSignal.isActive()]).toEqual([false, true]);
    lease.holds = false;
    expect([leaseSignal.signal.aborted, aborts()]).toEqual([true, 1]);
  });

  it('R-LEAD-3 stays aborted after a read that finds the lease expired, even if the lease is valid again', () => {
    const { leaseSignal, lease } = createLeaseSignal();
    lease.holds = false;
    expect(leaseSignal.signal.aborted).toBe(true);
    lease.holds = true;
    expect([leaseSignal.signal.aborted, leaseSignal.isActive()]).toEqual([true, false]);
  });

  it('makes throwIfAborted throw a code, by the clock too', () => {
    const { leaseSignal, lease } = createLeaseSignal();
    expect(() => leaseSignal.signal.throwIfAborted()).not.toThrow();
    lease.holds = false;
    expect(() => leaseSignal.signal.throwIfAborted()).toThrow(RankdError);
    expect(leaseSignal.signal.reason).toMatchObject({ code: 'LEADERSHIP_LOST' });
  });

  it('calls its listeners once, if it is aborted, read, or both', () => {
    const { leaseSignal, lease, aborts } = createLeaseSignal();
    leaseSignal.abort();
    lease.holds = false;
    expect(leaseSignal.signal.aborted).toBe(true);
    leaseSignal.abort();
    expect([leaseSignal.signal.aborted, aborts()]).toEqual([true, 1]);
  });

  it('works as other signals do: with AbortSignal.any, and with its reason', () => {
    const { leaseSignal } = createLeaseSignal();
    const any = AbortSignal.any([leaseSignal.signal]);
    expect(any.aborted).toBe(false);
    leaseSignal.abort();
    expect([any.aborted, (any.reason as RankdError).code]).toEqual([true, 'LEADERSHIP_LOST']);
  });

  it('does not check the lease after it is aborted', () => {
    let asked = 0;
    const leaseSignal = new LeaseSignal(FENCE, () => (asked += 1) > 0);
    leaseSignal.abort();
    expect(leaseSignal.signal.aborted).toBe(true);
    expect(asked).toBe(0);
  });
});
