import { stat } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemEnvironment } from '../../../src/client-environment.js';
import { StallDetector } from '../../../src/connection/stall-detector.js';

const STALL_MS = 300;
/** Twice the time between two notes: what it may be wrong by. */
const TOLERANCE_MS = 100;

let detector: StallDetector;
afterEach(() => detector.stop());

/** Stands still as a process does that was stopped: no timer fires, nothing is read. */
function stall(): void {
  const untilMs = performance.now() + STALL_MS;
  while (performance.now() < untilMs);
}

/** What was read in the turn of the loop that follows a stall: timers come first in it. */
async function readAfterStall(): Promise<{ readonly stalledMs: number; readonly arrivedMs: number }> {
  return new Promise(resolve => {
    setImmediate(() => {
      let stalledMs = 0;
      stat(__filename, () => resolve({ stalledMs, arrivedMs: detector.arrivedAtMs }));
      stalledMs = performance.now();
      stall();
    });
  });
}

describe('the time at which what is read now came at the earliest', () => {
  it('is now in a process that runs', async () => {
    detector = new StallDetector(systemEnvironment);
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise(resolve => setTimeout(resolve, 20));
      expect(performance.now() - detector.arrivedAtMs).toBeLessThan(10);
    }
  });

  it('R-CMD-4 is before the stall for what is read before any timer has fired', async () => {
    detector = new StallDetector(systemEnvironment);
    await new Promise(resolve => setTimeout(resolve, 60));
    const stalledMs = performance.now();
    stall();
    expect(detector.arrivedAtMs).toBeLessThanOrEqual(stalledMs);
    expect(detector.arrivedAtMs).toBeGreaterThan(stalledMs - TOLERANCE_MS);
  });

  it('R-CMD-4 is before the stall for what is read in the turn that follows, and now again after it', async () => {
    detector = new StallDetector(systemEnvironment);
    const { stalledMs, arrivedMs } = await readAfterStall();
    expect(arrivedMs).toBeLessThanOrEqual(stalledMs);
    expect(arrivedMs).toBeGreaterThan(stalledMs - TOLERANCE_MS);
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(performance.now() - detector.arrivedAtMs).toBeLessThan(10);
  });
});
