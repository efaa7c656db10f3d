import { expect, it } from '@jest/globals';
import type { Clock } from '../../../src/clock.js';
import { DescriptorLimit, readDescriptorLimit } from '../../../src/observability/http/descriptor-limit.js';
import { LoopQueue } from '../../../src/observability/http/loop-queue.js';

/** An event loop whose iterations the test starts. */
function loop(): { clock: Clock; iterate: () => void } {
  let scheduled: (() => void)[] = [];
  const clock = { soon: (run: () => void) => void scheduled.push(run) } as unknown as Clock;
  const iterate = (): void => {
    const due = scheduled;
    scheduled = [];
    for (const run of due) run();
  };
  return { clock, iterate };
}

it('each iteration runs one task, in the order in which they were added', () => {
  const { clock, iterate } = loop();
  const queue = new LoopQueue(clock);
  const ran: string[] = [];
  const [first, second] = [() => void ran.push('first'), () => void ran.push('second')];
  for (const task of [first, second, first]) queue.add(task);
  const seen = [1, 2, 3].map(() => {
    iterate();
    return ran.length;
  });
  expect([seen, ran]).toEqual([
    [1, 2, 2],
    ['first', 'second'],
  ]);
});

it('a task that adds itself or another task runs it in a later iteration', () => {
  const { clock, iterate } = loop();
  const queue = new LoopQueue(clock);
  let runs = 0;
  const other = (): void => {
    runs += 1;
  };
  const again = (): void => {
    runs += 1;
    if (runs < 4) for (const task of [again, other]) queue.add(task);
  };
  queue.add(again);
  const seen = [1, 2, 3, 4, 5, 6, 7].map(() => {
    iterate();
    return runs;
  });
  expect(seen).toEqual([1, 2, 3, 4, 4, 4, 4]);
});

it('a task that throws does not delay the next one', () => {
  const { clock, iterate } = loop();
  const queue = new LoopQueue(clock);
  const ran: string[] = [];
  queue.add(() => {
    throw new Error('planted');
  });
  queue.add(() => void ran.push('next'));
  expect(iterate).toThrow('planted');
  iterate();
  expect(ran).toEqual(['next']);
});

it('the limit of open files is read at most once a second', () => {
  let nowMs = 0;
  let reads = 0;
  const limit = new DescriptorLimit(
    () => nowMs,
    () => (reads += 1),
  );
  expect([limit.current, limit.current]).toEqual([1, 1]);
  nowMs = 999;
  expect(limit.current).toBe(1);
  nowMs = 1000;
  expect(limit.current).toBe(2);
});

it('the limit of open files is that of this process', () => {
  expect(readDescriptorLimit()).toBeGreaterThan(0);
});
