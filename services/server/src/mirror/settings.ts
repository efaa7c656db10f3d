/** The settings of the mirror, and what it needs from the server. */

import type { Clock } from '../clock.js';
import type { RedisAddress } from '../redis/redis-address.js';
import type { Watcher } from '../server-event.js';

/** The settings of the mirror. `membersMax` and `groupsMax` also limit the order that is read at start. */
export interface MirrorSettings {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly serverName: string;
  readonly membersMax: number;
  readonly groupsMax: number;
  /** How long Redis keeps the seats for a restart (RANKD_ORDER_TTL_MS). */
  readonly orderTtlMs: number;
}

/** The functions and values that a mirror gets from the server. */
export interface MirrorPorts {
  readonly clock: Clock;
  readonly watch: Watcher;
  readonly recordWrite: (result: 'written' | 'stale' | 'failed', seconds: number) => void;
}
