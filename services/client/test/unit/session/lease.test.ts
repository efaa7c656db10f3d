import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Lease } from '../../../src/session/lease.js';

const SETTINGS = { suspendMs: 4500, deadMs: 6000 };
const HELLO_MS = 1000;

describe('a lease', () => {
  it('R-LEAD-3 counts from the hello until a pong has been acknowledged', () => {
    const lease = new Lease(HELLO_MS, SETTINGS);
    lease.recordPing(1, 0, 2000);
    lease.recordPing(2, 0, 3000);
    expect([lease.expiresAtMs, lease.sessionLostAtMs]).toEqual([5500, 11_500]);
  });

  it('R-LEAD-3 is valid before its end, and not at its end', () => {
    const lease = new Lease(HELLO_MS, SETTINGS);
    expect([lease.isValid(HELLO_MS), lease.isValid(5499.999), lease.isValid(5500)]).toEqual([true, true, false]);
  });

  it('R-LEAD-3 is renewed from the sending of the pong that a later ping acknowledges', () => {
    const lease = new Lease(HELLO_MS, SETTINGS);
    lease.recordPing(1, 0, 2500);
    lease.recordPing(2, 1, 4000);
    expect(lease.expiresAtMs).toBe(7000);
    lease.recordPing(3, 2, 5500);
    expect([lease.expiresAtMs, lease.sessionLostAtMs]).toEqual([8500, 14_500]);
  });

  it('R-LEAD-3 accepts an acknowledgement that skips some pongs', () => {
    const lease = new Lease(HELLO_MS, SETTINGS);
    for (const n of [1, 2, 3]) lease.recordPing(n, 0, n * 1500);
    lease.recordPing(4, 3, 6000);
    expect(lease.expiresAtMs).toBe(4500 + SETTINGS.suspendMs);
  });

  it('R-LEAD-3 is neither shortened nor renewed by an older acknowledgement', () => {
    const lease = new Lease(HELLO_MS, SETTINGS);
    lease.recordPing(1, 0, 1500);
    lease.recordPing(2, 0, 3000);
    lease.recordPing(3, 2, 4500);
    for (const seen of [1, 2, 0]) lease.recordPing(4 + seen, seen, 6000);
    expect(lease.expiresAtMs).toBe(7500);
  });

  it('R-LEAD-3 is valid again after a late acknowledgement', () => {
    const lease = new Lease(HELLO_MS, SETTINGS);
    lease.recordPing(1, 0, 2500);
    expect(lease.isValid(5600)).toBe(false);
    lease.recordPing(2, 1, 5600);
    expect([lease.isValid(5600), lease.isValid(7000)]).toEqual([true, false]);
  });

  it('R-LEAD-3 is not renewed by old pings that a stopped process reads later', () => {
    const lease = new Lease(HELLO_MS, SETTINGS);
    lease.recordPing(1, 0, 2000);
    const continuedMs = 60_000;
    for (const n of [2, 3, 4]) {
      lease.recordPing(n, 1, continuedMs);
      expect(lease.isValid(continuedMs)).toBe(false);
    }
  });
});

interface Exchange {
  readonly afterMs: number;
  /** Which of the pongs that were sent the ping acknowledges: a share from 0 to 1. */
  readonly seenShare: number;
}

/** A simple model of the lease: a list of all pongs. The latest acknowledged sending counts. */
class NaiveLease {
  readonly #sentAtMs = [HELLO_MS];
  #acknowledgedAtMs = HELLO_MS;

  pinged(seen: number, nowMs: number): void {
    this.#acknowledgedAtMs = Math.max(this.#acknowledgedAtMs, this.#sentAtMs[seen] ?? 0);
    this.#sentAtMs.push(nowMs);
  }

  endsAtMs(suspendMs: number): number {
    return this.#acknowledgedAtMs + suspendMs;
  }
}

describe('any exchange of pings and pongs', () => {
  const exchanges = fc.array(
    fc.record<Exchange>({
      afterMs: fc.integer({ min: 0, max: 3000 }),
      seenShare: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { maxLength: 40 },
  );

  it('R-LEAD-3 results in the same lease as a list of all pongs', () => {
    fc.assert(
      fc.property(exchanges, script => {
        const lease = new Lease(HELLO_MS, SETTINGS);
        const naive = new NaiveLease();
        let nowMs = HELLO_MS;
        script.forEach(({ afterMs, seenShare }, index) => {
          nowMs += afterMs;
          const seen = Math.floor(seenShare * index);
          lease.recordPing(index + 1, seen, nowMs);
          naive.pinged(seen, nowMs);
          const endsAtMs = naive.endsAtMs(SETTINGS.suspendMs);
          expect(lease.expiresAtMs).toBe(endsAtMs);
          expect(lease.isValid(nowMs)).toBe(nowMs < endsAtMs);
        });
      }),
    );
  });

  it('R-LEAD-3 never makes the lease longer than suspendMs after a sending that the server has received', () => {
    fc.assert(
      fc.property(exchanges, script => {
        const lease = new Lease(HELLO_MS, SETTINGS);
        let nowMs = HELLO_MS;
        script.forEach(({ afterMs, seenShare }, index) => {
          const beforeMs = nowMs;
          nowMs += afterMs;
          lease.recordPing(index + 1, Math.floor(seenShare * index), nowMs);
          expect(lease.expiresAtMs).toBeLessThanOrEqual(beforeMs + SETTINGS.suspendMs);
        });
      }),
    );
  });
});
