import type { Clock, Timer } from '../../../src/clock.js';

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

/** A clock that advances only when the test says so. */
export class FakeClock implements Clock {
  #nowMs = 1_000_000;
  #timers: Due[] = [];
  #soon: (() => void)[] = [];

  wallMs(): number {
    return Math.floor(this.#nowMs);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  get timersSet(): number {
    return this.#timers.length;
  }

  after(delayMs: number, run: () => void): Timer {
    const due = { atMs: this.#nowMs + delayMs, run };
    this.#timers.push(due);
    return { cancel: () => void (this.#timers = this.#timers.filter(timer => timer !== due)) };
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Something takes this long. No timer runs. */
  work(ms: number): void {
    this.#nowMs += ms;
  }

  /** Advances the clock and runs the timers that are due, but nothing of the end of the round. */
  passUnsettled(ms: number): void {
    this.#nowMs += ms;
    for (let due = this.#next(this.#nowMs); due !== undefined; due = this.#next(this.#nowMs)) {
      const { run } = due;
      this.#timers = this.#timers.filter(timer => timer.run !== run);
      run();
    }
  }

  /** Runs what is due at the end of this round of the event loop. */
  settleOnce(): void {
    for (const run of this.#soon.splice(0)) run();
  }

  /** Runs everything that is due now. */
  settle(): void {
    while (this.#soon.length > 0) for (const run of this.#soon.splice(0)) run();
  }

  /** Advances the clock and runs the timers in their order. */
  pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    this.settle();
    for (let due = this.#next(untilMs); due !== undefined; due = this.#next(untilMs)) {
      const { atMs, run } = due;
      this.#timers = this.#timers.filter(timer => timer !== due);
      this.#nowMs = Math.max(this.#nowMs, atMs);
      run();
      this.settle();
    }
    this.#nowMs = untilMs;
  }

  /** Simulates a stalled event loop: the clock advances first, and then each due timer runs once. */
  stall(ms: number): void {
    this.#nowMs += ms;
    this.pass(0);
  }

  #next(untilMs: number): Due | undefined {
    const due = this.#timers.filter(({ atMs }) => atMs <= untilMs);
    return due.reduce<Due | undefined>(
      (first, timer) => (first && first.atMs <= timer.atMs ? first : timer),
      undefined,
    );
  }
}
