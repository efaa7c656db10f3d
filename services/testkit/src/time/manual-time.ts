import { TestTime } from './test-time.js';
import { type Cancellable, VirtualClock } from './virtual-clock.js';

/**
 * The time of a manual clock. It passes only while a test waits. Timers then run in the order of their times, and everything that one timer
 * starts is finished before the next timer runs. So each run of a test is the same, and no test waits for real time.
 */
export class ManualTime extends TestTime {
  /** The clock for sockets and processes that use this time. */
  readonly clock: VirtualClock;
  readonly #checks = new Set<() => void>();
  #waits = 0;
  #standstills = 0;
  #mode: 'still' | 'passing' = 'still';

  constructor(clock: VirtualClock = new VirtualClock()) {
    super();
    this.clock = clock;
  }

  nowMs(): number {
    return this.clock.nowMs;
  }

  after(delayMs: number, run: () => void): Cancellable {
    return this.clock.after(delayMs, run);
  }

  afterTurn(run: () => void): void {
    this.clock.after(0, run);
  }

  /**
   * Calls `check` after each timer, and again after everything that the timer has started. `check` must not throw: it records
   * what it finds.
   */
  watch(check: () => void): Cancellable {
    this.#checks.add(check);
    return { cancel: () => void this.#checks.delete(check) };
  }

  async elapse<T>(event: Promise<T>): Promise<T> {
    this.#waits += 1;
    void this.#passWhileAwaited();
    try {
      return await event;
    } finally {
      this.#waits -= 1;
    }
  }

  /**
   * Settles as `event` does, for an event that takes real time, such as reading a file. The manual clock stops until then, for other
   * waits too. Only timers that are due at this moment run.
   */
  async standStillUntil<T>(event: Promise<T>): Promise<T> {
    let state: 'waiting' | 'settled' = 'waiting';
    const isWaiting = (): boolean => state === 'waiting';
    const settled = event.finally(() => (state = 'settled'));
    settled.catch(() => undefined);
    this.#standstills += 1;
    while (isWaiting()) {
      await drain();
      while (await this.#runNextTimer());
    }
    this.#standstills -= 1;
    return await settled;
  }

  async #passWhileAwaited(): Promise<void> {
    if (this.#mode === 'passing') return;
    this.#mode = 'passing';
    await drain();
    while (this.#waits > 0) {
      // There may be no timer to run while the test waits for the operating system, for example to read a file.
      if (!(await this.#runNextTimer())) await drain();
    }
    this.#mode = 'still';
  }

  /** Runs one timer and everything that it starts. Returns false if no timer may run now. */
  async #runNextTimer(): Promise<boolean> {
    if (!this.clock.next(this.#standstills > 0 ? this.clock.nowMs : Infinity)) return false;
    for (const check of this.#checks) check();
    await drain();
    for (const check of this.#checks) check();
    return true;
  }
}

/** Resolves when no promise and no stream has anything left to do. */
async function drain(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}
