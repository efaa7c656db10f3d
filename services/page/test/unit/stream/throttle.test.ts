import { beforeEach, describe, expect, it } from '@jest/globals';
import { Throttle, DRAW_MS, PENDING_MAX } from '../../../src/stream/throttle.js';

class HandClock {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly run: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): void {
    this.#timers.push({ atMs: this.#nowMs + delayMs, run });
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter(timer => !due.includes(timer));
    for (const { run } of due) run();
  }
}

describe('batches', () => {
  let clock: HandClock;
  let taken: (readonly number[])[];
  let batch: Throttle<number>;
  beforeEach(() => {
    clock = new HandClock();
    taken = [];
    batch = new Throttle<number>(items => taken.push(items), clock);
  });

  it('are passed on at once after a quiet time', () => {
    batch.add([1]);
    clock.pass(DRAW_MS);
    batch.add([2]);
    expect(taken).toEqual([[1], [2]]);
  });

  it('join items that arrive soon after each other, and lose none', () => {
    batch.add([1]);
    batch.add([2]);
    clock.pass(DRAW_MS / 2);
    batch.add([3, 4]);
    expect(taken).toEqual([[1]]);
    clock.pass(DRAW_MS / 2);
    expect(taken).toEqual([[1], [2, 3, 4]]);
    clock.pass(10 * DRAW_MS);
    expect(taken).toHaveLength(2);
  });

  it('have a limited size if timers are late', () => {
    batch.add([0]);
    batch.add(Array.from({ length: PENDING_MAX }, () => 1));
    expect(taken).toHaveLength(1);
    batch.add([2]);
    expect(taken.map(items => items.length)).toEqual([1, PENDING_MAX + 1]);
  });

  it('are never empty', () => {
    batch.add([]);
    expect(taken).toEqual([]);
  });
});
