import { stat } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, VirtualClock } from '@rankd/testkit';
import { systemEnvironment } from '../../../src/client-environment.js';
import { StallDetector } from '../../../src/connection/stall-detector.js';

/** How often the detector records that the process runs, ms. */
const CHECK_MS = 50;
const STALL_MS = 300;

let detector: StallDetector;
afterEach(() => detector.stop());

describe('the earliest arrival time of the bytes that are read now', () => {
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

  /** Passes time as in a stopped process: no timer fires and nothing is read. */
  function stall(): void {
    stalledForMs += STALL_MS;
  }

  it('is the current time if the process runs', () => {
    for (let turn = 0; turn < 20; turn += 1) {
      clock.pass(20);
      expect(detector.arrivedAtMs).toBe(nowMs());
    }
  });

  it('R-CMD-4 is before the stall for bytes that are read before any timer has fired', () => {
    clock.pass(CHECK_MS + 10);
    stall();
    expect(detector.arrivedAtMs).toBe(CHECK_MS);
  });

  it('R-CMD-4 is before the stall for the bytes that are read first, and the current time for later bytes', () => {
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
  /** Returns the arrival time of bytes that are read in the first round after a stall. The timers of that round run first. */
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

  it('R-CMD-4 runs timers before reads, so the arrival time is before the stall until all old bytes are read', async () => {
    const createdMs = performance.now();
    detector = new StallDetector(systemEnvironment);
    const { stalledMs, arrivedMs } = await readAfterStall();
    expect(arrivedMs).toBeLessThanOrEqual(stalledMs);
    expect(arrivedMs).toBeGreaterThanOrEqual(createdMs);
    // The operating system may delay this process too, so the times are not compared exactly.
    await eventually(10_000, 'the end of the stall', () => {
      return performance.now() - detector.arrivedAtMs < CHECK_MS ? true : undefined;
    });
  });
});
