import { describe, expect, it } from '@jest/globals';
import { ManualTime } from '@rankd/testkit';
import { LeaseBounds, slackOf } from '../../../src/programs/policy/lease-bounds.js';
import { RestartDelay } from '../../../src/programs/policy/restart-delay.js';

/** Creates bounds with a slack of 800 ms and a lease that ends at 4000. `calls` are what they called, and when. */
function bound() {
  const time = new ManualTime();
  const calls: (readonly [string, number])[] = [];
  const record = (name: string) => () => void calls.push([name, time.nowMs()]);
  const bounds = new LeaseBounds(time, 800, {
    onStop: record('stop'),
    onKill: record('kill'),
    onKillAt: atMs => void calls.push(['killAt', atMs]),
  });
  bounds.renew(4000);
  const pass = async (ms: number): Promise<void> => {
    await time.elapse(new Promise<void>(resolve => void time.after(ms, resolve)));
  };
  return { bounds, calls, pass };
}

describe('the lease bounds a program (R-PROG-4)', () => {
  it('asks it to stop slack/2 before the lease ends, and kills it slack/8 before', async () => {
    const { calls, pass } = bound();
    await pass(5000);
    expect(calls).toEqual([
      ['killAt', 3900],
      ['stop', 3600],
      ['kill', 3900],
    ]);
  });

  it('moves both with each renewal', async () => {
    const { bounds, calls, pass } = bound();
    await pass(3599);
    bounds.renew(7000);
    await pass(4000);
    expect(calls.slice(1)).toEqual([
      ['killAt', 6900],
      ['stop', 6600],
      ['kill', 6900],
    ]);
  });

  it('ignores renewals after yield', async () => {
    const { bounds, calls, pass } = bound();
    await pass(1000);
    bounds.freeze();
    bounds.renew(7000);
    await pass(3000);
    expect(calls.slice(1)).toEqual([
      ['stop', 3600],
      ['kill', 3900],
    ]);
  });

  it('calls nothing after the program has ended', async () => {
    const { bounds, calls, pass } = bound();
    bounds.end();
    bounds.renew(9000);
    await pass(10_000);
    expect(calls).toEqual([['killAt', 3900]]);
  });

  it('has a slack of 1500 ms by default', () => {
    expect(slackOf({ suspendMs: 4500, heartbeatMs: 1500 })).toBe(1500);
  });
});

describe('RestartDelay', () => {
  it('doubles from 1 s to 30 s, and starts again after 30 s without an end', () => {
    const delay = new RestartDelay();
    let nowMs = 0;
    const delays = Array.from({ length: 7 }, () => {
      const delayMs = delay.next(nowMs);
      nowMs += delayMs + 10;
      return delayMs;
    });
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(delay.next(nowMs + 29_000)).toBe(30_000);
    expect(delay.next(nowMs + 100_000)).toBe(1000);
  });
});
