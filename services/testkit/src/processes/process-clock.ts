/** The clock of one simulated process. */

import type { Cancellable, VirtualClock } from '../time/virtual-clock.js';

type ProcessState = 'running' | 'stopped' | 'dead';

/**
 * Time as one simulated process sees it. Its clock starts at an arbitrary value. While the process is stopped, its timers wait. When it
 * continues, overdue timers run before it reads anything, as in Node. A dead process does nothing.
 */
export class ProcessClock {
  readonly #world: VirtualClock;
  readonly #startMs: number;
  #state: ProcessState = 'running';
  /** The calls that became due while the process was stopped. */
  #overdue: (() => void)[] = [];
  #soon: (() => void)[] = [];

  constructor(world: VirtualClock, startMs: number) {
    this.#world = world;
    this.#startMs = startMs;
  }

  /** Whether the process runs, is stopped, or is dead. */
  get state(): ProcessState {
    return this.#state;
  }

  /** The time of this process, ms. */
  get nowMs(): number {
    return this.#startMs + this.#world.nowMs;
  }

  /** Calls `run` after `delayMs`. If the process is stopped at that time, calls it when the process continues. */
  after(delayMs: number, run: () => void): Cancellable {
    let isCancelled = false;
    const timer = this.#world.after(delayMs, () =>
      this.whenRunning(() => {
        if (!isCancelled) run();
      }),
    );
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  /** Calls `run` after all other events of this moment. */
  soon(run: () => void): void {
    this.#soon.push(run);
    if (this.#soon.length > 1) return;
    this.#world.after(0, () => this.whenRunning(() => this.#runSoon()));
  }

  /** Calls `run` now if the process runs, later if it is stopped, never if it is dead. */
  whenRunning(run: () => void): void {
    switch (this.#state) {
      case 'running':
        return run();
      case 'stopped':
        this.#overdue.push(run);
        return;
      case 'dead':
    }
  }

  /** Stops the process. */
  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped';
  }

  /** Continues the process. Runs the timers that became due during the stop, in order. */
  continue(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    for (const run of this.#overdue.splice(0)) this.whenRunning(run);
  }

  /** Kills the process: nothing runs after that. */
  kill(): void {
    this.#state = 'dead';
    this.#overdue = [];
    this.#soon = [];
  }

  #runSoon(): void {
    const due = this.#soon;
    this.#soon = [];
    for (const run of due) run();
  }
}
