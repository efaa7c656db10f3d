/** Checks before a join whether Redis has lost records. */

import type { Clock } from '../../clock.js';
import type { ShardSubscription } from '../shard-subscription.js';

/** How long a server that joins the cluster checks the shards that it followed before. */
export const HISTORY_CHECK_MS = 1000;

/**
 * Checks whether Redis has lost records that this server has read, also in shards that it does not join now. A shard that cannot be
 * checked in time is checked when this server joins it.
 */
export async function checkHistories(clock: Clock, shards: readonly ShardSubscription[]): Promise<void> {
  await waitAtMost(clock, HISTORY_CHECK_MS, Promise.allSettled(shards.map(async shard => await shard.checkHistory())));
}

/** Resolves when `done` resolves, or after `limitMs`. */
export async function waitAtMost(clock: Clock, limitMs: number, done: Promise<unknown>): Promise<void> {
  let cancel = (): void => undefined;
  const limit = new Promise<void>(resolve => {
    const timer = clock.after(limitMs, resolve);
    cancel = () => timer.cancel();
  });
  await Promise.race([done, limit]);
  cancel();
}
