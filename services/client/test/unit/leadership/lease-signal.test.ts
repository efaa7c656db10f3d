import { describe, expect, it } from '@jest/globals';
import { LeaseSignal } from '../../../src/leadership/lease-signal.js';
import { RankdError } from '../../../src/rankd-error.js';

const FENCE = { epoch: 70, view: 4 };

/** A term that holds until the test says otherwise; `aborts` counts what its listeners heard. */
function termOf(): { readonly term: LeaseSignal; readonly lease: { holds: boolean }; readonly aborts: () => number } {
  const lease = { holds: true };
  const term = new LeaseSignal(FENCE, () => lease.holds);
  let aborts = 0;
  term.signal.addEventListener('abort', () => (aborts += 1));
  return { term, lease, aborts: () => aborts };
}

describe('the signal of a term', () => {
  it('R-LEAD-3 consults the clock whenever it is read: no timer and no event has to come first', () => {
    const { term, lease, aborts } = termOf();
    expect([term.signal.aborted, term.isActive()]).toEqual([false, true]);
    lease.holds = false;
    expect([term.signal.aborted, aborts()]).toEqual([true, 1]);
  });

  it('R-LEAD-3 is over for good once it has been read so, even where the lease holds again', () => {
    const { term, lease } = termOf();
    lease.holds = false;
    expect(term.signal.aborted).toBe(true);
    lease.holds = true;
    expect([term.signal.aborted, term.isActive()]).toEqual([true, false]);
  });

  it('throws with a code from throwIfAborted, by the clock too', () => {
    const { term, lease } = termOf();
    expect(() => term.signal.throwIfAborted()).not.toThrow();
    lease.holds = false;
    expect(() => term.signal.throwIfAborted()).toThrow(RankdError);
    expect(term.signal.reason).toMatchObject({ code: 'LEADERSHIP_LOST' });
  });

  it('tells its listeners once, whether it is ended, read, or both', () => {
    const { term, lease, aborts } = termOf();
    term.abort();
    lease.holds = false;
    expect(term.signal.aborted).toBe(true);
    term.abort();
    expect([term.signal.aborted, aborts()]).toEqual([true, 1]);
  });

  it('is a signal like others: for AbortSignal.any, and for what is told of an abort', () => {
    const { term } = termOf();
    const any = AbortSignal.any([term.signal]);
    expect(any.aborted).toBe(false);
    term.abort();
    expect([any.aborted, (any.reason as RankdError).code]).toEqual([true, 'LEADERSHIP_LOST']);
  });

  it('is not asked of the lease any more once it is over', () => {
    let asked = 0;
    const term = new LeaseSignal(FENCE, () => (asked += 1) > 0);
    term.abort();
    expect(term.signal.aborted).toBe(true);
    expect(asked).toBe(0);
  });
});
