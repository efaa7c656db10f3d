import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VirtualClock } from '../../src/time/virtual-clock.js';

it('the clock runs calls in the order of their times, and calls for the same moment in the order of the requests', () => {
  const delay = fc.oneof(fc.nat(5), fc.constant(Infinity));
  fc.assert(
    fc.property(fc.array(fc.record({ delay, isCancelled: fc.boolean() }), { maxLength: 200 }), timers => {
      const clock = new VirtualClock();
      const ran: number[] = [];
      const handles = timers.map((timer, index) => clock.after(timer.delay, () => ran.push(index)));
      timers.forEach(({ isCancelled }, index) => isCancelled && handles[index]?.cancel());
      while (clock.next(Infinity));
      const kept = [...timers.entries()].filter(([, { isCancelled }]) => !isCancelled);
      // Array.sort is stable.
      const byTime = kept.sort(([, one], [, other]) => (one.delay === other.delay ? 0 : one.delay - other.delay));
      expect(ran).toEqual(byTime.map(([index]) => index));
    }),
  );
});

it('the clock runs a call that a timer adds for the same moment after all others of that moment', () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.after(1, () => {
    ran.push('first');
    clock.after(0, () => ran.push('added'));
  });
  for (const name of ['second', 'third', 'fourth']) clock.after(1, () => ran.push(name));
  clock.pass(1);
  expect(ran).toEqual(['first', 'second', 'third', 'fourth', 'added']);
});

it('the clock keeps calls that are due later, and stops at the end of the time that has passed', () => {
  const clock = new VirtualClock();
  const ran: number[] = [];
  for (const delayMs of [30, 10, 20]) clock.after(delayMs, () => ran.push(clock.nowMs));
  clock.pass(20);
  expect([ran, clock.nowMs]).toEqual([[10, 20], 20]);
  expect([clock.next(29), clock.next(30), clock.next(Infinity)]).toEqual([false, true, false]);
  expect(ran).toEqual([10, 20, 30]);
});
