/** Checks before a join whether Redis has lost records. */

import type { Clock } from '../../clock.js';
import type { ShardSubscription } from '../shard-subscription.js';
import { withinLimit } from '../waits/within-limit.js';

/** How long a server that joins the cluster checks the shards that it followed before. */
export const HISTORY_CHECK_MS = 1000;

/**
 * Checks whether Redis has lost records that this server has read, also in shards that it does not join now. A shard that cannot be
 * checked in time is checked when this server joins it.
 */
export async function checkHistories(clock: Clock, shards: readonly ShardSubscription[]): Promise<void> {
  await withinLimit(clock, HISTORY_CHECK_MS, Promise.allSettled(shards.map(async shard => await shard.checkHistory())));
}
