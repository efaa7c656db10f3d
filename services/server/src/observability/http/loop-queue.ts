import type { Clock } from '../../clock.js';

/**
 * Runs one task in each round of the event loop, in order. Between two tasks, the loop reads the frames of members. So a flood of
 * requests to the side port delays a frame by one request at most.
 */
export class LoopQueue {
  readonly #clock: Clock;
  readonly #tasks = new Set<() => void>();
  #state: 'idle' | 'scheduled' = 'idle';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a task. A task that waits already is not added again. */
  add(task: () => void): void {
    this.#tasks.add(task);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#state === 'scheduled') return;
    this.#state = 'scheduled';
    this.#clock.soon(() => this.#runFirst());
  }

  #runFirst(): void {
    this.#state = 'idle';
    const [task] = this.#tasks;
    if (task === undefined) return;
    this.#tasks.delete(task);
    if (this.#tasks.size > 0) this.#schedule();
    task();
  }
}
