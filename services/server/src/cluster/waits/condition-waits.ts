/** Waits with a time limit for a condition on the state of a shard. */

import type { Clock } from '../../clock.js';

/** The waits of one shard replica. Each has a time limit, because what it waits for may have been lost with a primary of Redis. */
export class ConditionWaits {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #checks = new Set<() => void>();

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** Resolves with `met` when the condition holds at a call of check(), or with `late` after `limitMs`. */
  async until(condition: () => boolean, limitMs: number): Promise<'met' | 'late'> {
    if (condition()) return 'met';
    return await new Promise(resolve => {
      const end = (result: 'met' | 'late'): void => {
        limit.cancel();
        this.#checks.delete(check);
        resolve(result);
      };
      const check = (): void => {
        if (condition()) end('met');
      };
      const limit = this.#clock.after(limitMs, () => end(condition() ? 'met' : 'late'));
      this.#checks.add(check);
    });
  }

  /** Must be called when the state has changed. */
  check(): void {
    for (const check of [...this.#checks]) check();
  }
}
