import type { Clock } from '../clock.js';
import type { RedisAddress } from '../redis/redis-address.js';
import type { Watcher } from '../server-event.js';

export interface MirrorSettings {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly serverName: string;
  readonly membersMax: number;
  readonly groupsMax: number;
  /** How long Redis keeps the order for a restart. */
  readonly orderTtlMs: number;
}

/** What a mirror needs of the server around it. */
export interface MirrorPorts {
  readonly clock: Clock;
  readonly watch: Watcher;
  readonly recordWrite: (result: 'written' | 'stale' | 'failed', seconds: number) => void;
}
