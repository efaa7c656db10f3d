import { stat } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, VirtualClock } from '@rankd/testkit';
import { systemEnvironment } from '../../../src/client-environment.js';
import { StallDetector } from '../../../src/connection/stall-detector.js';

/** How often the detector records that the process runs. */
const CHECK_MS = 50;
const STALL_MS = 300;

let detector: StallDetector;
afterEach(() => detector.stop());

describe('the time at which what is read now came at the earliest', () => {
  let clock: VirtualClock;
  let stalledForMs: number;
  let afterReads: (() => void)[];

  beforeEach(() => {
    clock = new VirtualClock();
    stalledForMs = 0;
    afterReads = [];
    detector = new StallDetector({
      clock: { nowMs, after: (delayMs, run) => clock.after(delayMs, run) },
      afterReads: run => void afterReads.push(run),
    });
  });

  function nowMs(): number {
    return clock.nowMs + stalledForMs;
  }

  /** Time passes as in a process that is stopped: no timer fires, nothing is read. */
  function stall(): void {
    stalledForMs += STALL_MS;
  }

  it('is now in a process that runs', () => {
    for (let turn = 0; turn < 20; turn += 1) {
      clock.pass(20);
      expect(detector.arrivedAtMs).toBe(nowMs());
    }
  });

  it('R-CMD-4 is before the stall for what is read before any timer has fired', () => {
    clock.pass(CHECK_MS + 10);
    stall();
    expect(detector.arrivedAtMs).toBe(CHECK_MS);
  });

  it('R-CMD-4 is before the stall for what is read in the turn that follows, and now again after it', () => {
    clock.pass(CHECK_MS + 10);
    stall();
    clock.pass(CHECK_MS - 10);
    expect(nowMs()).toBe(2 * CHECK_MS + STALL_MS);
    expect(detector.arrivedAtMs).toBe(CHECK_MS);
    for (const run of afterReads) run();
    expect(detector.arrivedAtMs).toBe(nowMs());
  });
});

describe('the event loop of Node', () => {
  /** What is read in the turn that follows a stall: the timers of that turn run first. */
  async function readAfterStall(): Promise<{ readonly stalledMs: number; readonly arrivedMs: number }> {
    return new Promise(resolve => {
      setImmediate(() => {
        let stalledMs = 0;
        stat(__filename, () => resolve({ stalledMs, arrivedMs: detector.arrivedAtMs }));
        stalledMs = performance.now();
        while (performance.now() < stalledMs + STALL_MS);
      });
    });
  }

  it('R-CMD-4 reads after the timers, so the time is before the stall, and now again once all is read', async () => {
    const createdMs = performance.now();
    detector = new StallDetector(systemEnvironment);
    const { stalledMs, arrivedMs } = await readAfterStall();
    expect(arrivedMs).toBeLessThanOrEqual(stalledMs);
    expect(arrivedMs).toBeGreaterThanOrEqual(createdMs);
    // Exactly now is not to be expected of a process that may itself be kept waiting.
    await eventually(10_000, 'the end of the stall', () => {
      return performance.now() - detector.arrivedAtMs < CHECK_MS ? true : undefined;
    });
  });
});
