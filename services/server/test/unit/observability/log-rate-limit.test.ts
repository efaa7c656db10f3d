import { describe, expect, it } from '@jest/globals';
import { LogRateLimit } from '../../../src/observability/logging/log-rate-limit.js';
import { FakeClock } from '../gateway/fake-clock.js';

describe('the rate limit of log lines that peers cause', () => {
  it('logs as many lines of an event in a second as the limit allows, and then the number of dropped lines', () => {
    const clock = new FakeClock();
    const rests: [string, number][] = [];
    const pace = new LogRateLimit(
      clock,
      new Map([
        ['a', 3],
        ['b', 3],
      ]),
      (event, count) => void rests.push([event, count]),
    );
    const allowed = Array.from({ length: 5 }, () => pace.allowsLine('a'));
    expect(allowed).toEqual([true, true, true, false, false]);
    expect(pace.allowsLine('b')).toBe(true);
    clock.pass(1000);
    expect(rests).toEqual([['a', 2]]);
    expect(pace.allowsLine('a')).toBe(true);
    for (let count = 0; count < 10; count += 1) expect(pace.allowsLine('c')).toBe(true);
  });

  it('logs nothing if no line was dropped, and sets no timer while nothing happens', () => {
    const clock = new FakeClock();
    const rests: unknown[] = [];
    const pace = new LogRateLimit(clock, new Map([['a', 3]]), (...rest) => void rests.push(rest));
    for (let count = 0; count < 3; count += 1) pace.allowsLine('a');
    clock.pass(5000);
    expect(rests).toEqual([]);
    expect(clock.timersSet).toBe(0);
  });
});
