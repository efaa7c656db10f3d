import type { Clock } from '../../clock.js';

/**
 * Runs one task in each round of the event loop, in order. Between two tasks, the loop reads the frames of members. So with many requests
 * to the side port, a frame waits for at most one request.
 */
export class LoopQueue {
  readonly #clock: Clock;
  readonly #tasks = new Set<() => void>();
  #state: 'idle' | 'scheduled' = 'idle';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a task, unless it is in the queue already. */
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
