import { TestTime } from './test-time.js';
import type { Cancellable, VirtualClock } from './virtual-clock.js';

/**
 * The time of a manual clock. It passes only while a test waits: then each timer runs at its time, and all promises and streams
 * that it settles are dealt with before the next timer runs. So every test takes the same course each time, and no test waits
 * for real time.
 */
export class ManualTime extends TestTime {
  readonly #clock: VirtualClock;
  #waits = 0;
  #mode: 'still' | 'passing' = 'still';

  constructor(clock: VirtualClock) {
    super();
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs;
  }

  after(delayMs: number, run: () => void): Cancellable {
    return this.#clock.after(delayMs, run);
  }

  afterTurn(run: () => void): void {
    this.#clock.after(0, run);
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
   * Settles as `event` does, which takes real time (a socket, a file). The manual clock stands still meanwhile; what is due at
   * this moment happens.
   */
  async standStillUntil<T>(event: Promise<T>): Promise<T> {
    let state: 'waiting' | 'settled' = 'waiting';
    const isWaiting = (): boolean => state === 'waiting';
    const settled = event.finally(() => (state = 'settled'));
    settled.catch(() => undefined);
    while (isWaiting()) {
      await drain();
      while (this.#clock.next(this.#clock.nowMs)) await drain();
    }
    return await settled;
  }

  async #passWhileAwaited(): Promise<void> {
    if (this.#mode === 'passing') return;
    this.#mode = 'passing';
    await drain();
    while (this.#waits > 0) {
      // Nothing is scheduled if the event is one of the system, such as the end of a file's reading.
      this.#clock.next(Infinity);
      await drain();
    }
    this.#mode = 'still';
  }
}

/** Resolves when promises and streams have nothing left to do. */
async function drain(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}
