import { describe, expect, it } from '@jest/globals';
import { Heartbeat } from '../../../../src/gateway/liveness/heartbeat.js';
import { StallFreeClock } from '../../../../src/gateway/liveness/stall-free-clock.js';

const settings = { heartbeatMs: 100, deadMs: 600 };

describe('R-LIFE-1 A heartbeat sends a ping every heartbeatMs; n rises by one, seen is the last n that was answered', () => {
  it('is due heartbeatMs after hello, and after each ping', () => {
    const pulse = new Heartbeat(settings, 1000);
    expect(pulse.check(1099)).toBe('fine');
    expect(pulse.check(1100)).toBe('ping');
    expect(pulse.nextPing(1105)).toEqual({ n: 1, seen: 0 });
    expect(pulse.check(1204)).toBe('fine');
    expect(pulse.check(1205)).toBe('ping');
    pulse.recordPong(1, 1210);
    expect(pulse.nextPing(1210)).toEqual({ n: 2, seen: 1 });
  });

  it('is dead deadMs after the last new pong', () => {
    const pulse = new Heartbeat(settings, 0);
    expect(pulse.check(599)).not.toBe('dead');
    expect(pulse.check(600)).toBe('dead');
    pulse.nextPing(100);
    pulse.nextPing(200);
    pulse.recordPong(2, 300);
    // A repeated pong, a pong of a ping that was never sent, and a pong older than the last one.
    pulse.recordPong(2, 400);
    pulse.recordPong(3, 400);
    pulse.recordPong(1, 400);
    expect(pulse.silentMs(500)).toBe(200);
    expect(pulse.check(899)).not.toBe('dead');
    expect(pulse.check(900)).toBe('dead');
  });
});

describe('R-LEAD-1 A frozen heartbeat renews no lease', () => {
  it('sends no ping, ignores pongs and counts no silence', () => {
    const pulse = new Heartbeat(settings, 0);
    pulse.nextPing(100);
    pulse.recordPong(1, 110);
    pulse.nextPing(200);
    pulse.freeze();
    pulse.recordPong(2, 210);
    expect(pulse.check(300)).toBe('fine');
    expect(pulse.check(10_000)).toBe('fine');
    expect(pulse.silentMs(310)).toBe(200);
  });

  it('sends a ping at once when it is unfrozen, and counts silence from then on', () => {
    const pulse = new Heartbeat(settings, 0);
    pulse.freeze();
    pulse.thaw(5000);
    expect(pulse.check(5000)).toBe('ping');
    expect(pulse.nextPing(5000)).toEqual({ n: 1, seen: 0 });
    expect(pulse.check(5599)).not.toBe('dead');
    expect(pulse.check(5600)).toBe('dead');
  });

  it('changes nothing when it is unfrozen without being frozen', () => {
    const pulse = new Heartbeat(settings, 0);
    pulse.thaw(599);
    expect(pulse.check(600)).toBe('dead');
  });
});

describe('R-FLOW-1 The server does not count silence that it caused itself', () => {
  it('counts silence from the last time at which it was excused, and does not ping more often', () => {
    const pulse = new Heartbeat(settings, 0);
    for (let nowMs = 0; nowMs <= 5000; nowMs += 50) {
      pulse.excuseSilence(nowMs);
      const isDue = nowMs > 0 && nowMs % 100 === 0;
      expect(pulse.check(nowMs)).toBe(isDue ? 'ping' : 'fine');
      if (isDue) pulse.nextPing(nowMs);
    }
    expect(pulse.check(5599)).not.toBe('dead');
    expect(pulse.check(5600)).toBe('dead');
  });
});

describe('R-LIFE-1 A server that was late by d extends every deadline by d', () => {
  it('does not advance its clock while ticks are late by more than a little', () => {
    let nowMs = 7000;
    const clock = new StallFreeClock(50, () => nowMs);
    expect(clock.nowMs).toBe(0);
    const pass = (ms: number): void => {
      nowMs += ms;
      clock.tick();
    };
    pass(50);
    pass(50);
    expect(clock.nowMs).toBe(100);
    nowMs += 5000;
    expect(clock.nowMs).toBe(160);
    clock.tick();
    expect(clock.nowMs).toBe(160);
    pass(50);
    expect(clock.nowMs).toBe(210);
  });

  it('advances with the time if ticks are a little late, and never goes back', () => {
    let nowMs = 0;
    const clock = new StallFreeClock(50, () => nowMs);
    let before = 0;
    for (const ms of [51, 55, 60, 60, 3, 50]) {
      nowMs += ms;
      expect(clock.nowMs).toBeGreaterThanOrEqual(before);
      clock.tick();
      before = clock.nowMs;
    }
    expect(clock.nowMs).toBe(279);
  });
});
