import type { Cancellable, VirtualClock } from '../time/virtual-clock.js';

type ProcessState = 'running' | 'stopped' | 'dead';

/**
 * Time as one process of a simulated world sees it: its clock starts anywhere, its timers wait while it is stopped, and go
 * off before it reads anything once it is continued, as those of Node do. A dead process does nothing more.
 */
export class ProcessClock {
  readonly #world: VirtualClock;
  readonly #startMs: number;
  #state: ProcessState = 'running';
  /** What was due while it was stopped. */
  #overdue: (() => void)[] = [];
  #soon: (() => void)[] = [];

  constructor(world: VirtualClock, startMs: number) {
    this.#world = world;
    this.#startMs = startMs;
  }

  get state(): ProcessState {
    return this.#state;
  }

  get nowMs(): number {
    return this.#startMs + this.#world.nowMs;
  }

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

  /** Once everything that happens at this moment has been dealt with. */
  soon(run: () => void): void {
    this.#soon.push(run);
    if (this.#soon.length > 1) return;
    this.#world.after(0, () => this.whenRunning(() => this.#runSoon()));
  }

  /** Now; once it is continued, where it is stopped; never, where it is dead. */
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

  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped';
  }

  /** Runs the timers that became due during the stop, in order. */
  continue(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    for (const run of this.#overdue.splice(0)) this.whenRunning(run);
  }

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
