import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DeadlineTimers } from '../../../src/gateway/liveness/deadline-timers.js';
import { TimerWheel } from '../../../src/gateway/liveness/timer-wheel.js';
import { FakeClock } from './fake-clock.js';

describe('R-LIFE-1 a timer wheel', () => {
  it('returns each item once, at most a slot before or after it is due, unless it was moved or deleted', () => {
    const holds = (steps: { thing: number; inMs: number; passMs: number; out: boolean }[]): void => {
      let nowMs = 1000;
      const wheel = new TimerWheel<number>(50, nowMs);
      const due = new Map<number, number>();
      for (const { thing, inMs, passMs, out } of steps) {
        wheel.set(thing, nowMs + inMs);
        due.set(thing, nowMs + Math.max(0, inMs));
        if (out) {
          wheel.delete(thing);
          due.delete(thing);
        }
        nowMs += passMs;
        for (const taken of wheel.takeDue(nowMs)) {
          expect(due.get(taken)).toBeLessThan(nowMs + 50);
          due.delete(taken);
        }
        for (const dueMs of due.values()) expect(dueMs).toBeGreaterThan(nowMs - 50);
      }
    };
    const step = fc.record({
      thing: fc.nat({ max: 5 }),
      inMs: fc.integer({ min: -100, max: 400 }),
      passMs: fc.nat({ max: 200 }),
      out: fc.boolean(),
    });
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), holds), { numRuns: 300 });
  });
});

describe('R-LIFE-1 pings', () => {
  it('are due every heartbeatMs, independent of the phase of the clock', () => {
    for (let offsetMs = 0; offsetMs < 50; offsetMs += 7) {
      const wheel = new TimerWheel<string>(50, offsetMs);
      let dueMs = offsetMs + 100;
      wheel.set('ping', dueMs);
      for (let nowMs = offsetMs + 50; nowMs < 2000; nowMs += 50) {
        if (wheel.takeDue(nowMs).length === 0) continue;
        if (nowMs >= dueMs) {
          expect(nowMs).toBe(dueMs);
          dueMs += 100;
        }
        wheel.set('ping', dueMs);
      }
      expect(dueMs).toBeGreaterThanOrEqual(2000);
    }
  });
});

describe('R-CMD-7 deadline timers', () => {
  it('expire at most 10 ms late, never early, and never after a cancel', () => {
    const clock = new FakeClock();
    const alarms = new DeadlineTimers(clock);
    const rang: string[] = [];
    const startMs = clock.monotonicMs();
    const ringAfter = (ms: number): ReturnType<DeadlineTimers['after']> =>
      alarms.after(ms, () => void rang.push(`${ms} at ${clock.monotonicMs() - startMs}`));
    ringAfter(25);
    ringAfter(21);
    const off = ringAfter(30);
    ringAfter(0);
    off.cancel();
    off.cancel();
    clock.pass(100);
    expect(rang).toEqual(['0 at 0', '25 at 30', '21 at 30']);
  });

  it('are run for 2 ms, then the others after the sockets were read', () => {
    const clock = new FakeClock();
    const timers = new DeadlineTimers(clock);
    const run: number[] = [];
    const cancels = Array.from({ length: 10 }, (_, index) =>
      timers.after(index < 5 ? 10 : 20, () => {
        run.push(index);
        clock.work(0.5);
      }),
    );
    clock.passUnsettled(20);
    expect(run).toEqual([0, 1, 2, 3]);
    cancels[4]?.cancel();
    clock.settleOnce();
    expect(run).toEqual([0, 1, 2, 3, 5, 6, 7, 8]);
    clock.settleOnce();
    expect(run.at(-1)).toBe(9);
    expect(clock.timersSet).toBe(0);
  });

  it('share one timer for deadlines within the same 10 ms, and leave no timer when all are cancelled', () => {
    const clock = new FakeClock();
    const alarms = new DeadlineTimers(clock);
    const set = Array.from({ length: 1000 }, (_, index) => alarms.after(5000 + (index % 10), () => undefined));
    expect(clock.timersSet).toBeLessThanOrEqual(2);
    for (const alarm of set) alarm.cancel();
    expect(clock.timersSet).toBe(0);
  });
});
