/** A time limit for a wait whose result is not needed. */

import type { Clock, Timer } from '../../clock.js';

/** Resolves when `wait` does, or after `limitMs`. Rejects if `wait` rejects before. */
export async function withinLimit(clock: Pick<Clock, 'after'>, limitMs: number, wait: Promise<unknown>): Promise<void> {
  let timer: Timer | undefined;
  const limit = new Promise<void>(resolve => (timer = clock.after(limitMs, resolve)));
  await Promise.race([wait, limit]).finally(() => timer?.cancel());
}
