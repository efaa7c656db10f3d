/** The settings of the mirror, and the interfaces between the mirror and the server. */

import type { Clock } from '../clock.js';
import type { ServerConfig } from '../config.js';
import { parseRedisAddress, type RedisAddress } from '../redis/redis-address.js';
import type { ServerEnvironment } from '../server-environment.js';
import type { Watcher } from '../server-event.js';
import type { RestoredOrder } from './restored-order.js';

/** The settings of the mirror. `membersMax` and `groupsMax` also limit the order that is read at start. */
export interface MirrorSettings {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly serverName: string;
  readonly membersMax: number;
  readonly groupsMax: number;
  /** How long Redis keeps the seats for a restart (RANKD_ORDER_TTL_MS). */
  readonly orderTtlMs: number;
  /** Undefined in a cluster. */
  readonly standalone: Pick<StoreSessionSettings, 'incarnation' | 'suspendMs' | 'windowMs'> | undefined;
}

/** The length in bytes of the random name of one run of a server. */
const INCARNATION_SIZE = 12;

/** Returns the settings of the mirror, with a new name of this run of the server. Undefined without RANKD_REDIS_URL. */
export function mirrorSettings(
  config: ServerConfig,
  { hostName, randomBytes }: Pick<ServerEnvironment, 'hostName' | 'randomBytes'>,
): MirrorSettings | undefined {
  const { RANKD_REDIS_URL: url, RANKD_SUSPEND_MS: suspendMs } = config;
  const address = url === undefined ? undefined : parseRedisAddress(url);
  if (address === undefined) return undefined;
  const incarnation = randomBytes(INCARNATION_SIZE).toString('hex');
  return {
    address,
    prefix: config.RANKD_REDIS_PREFIX,
    serverName: hostName,
    membersMax: config.RANKD_MEMBERS_MAX,
    groupsMax: config.RANKD_GROUPS_MAX,
    orderTtlMs: config.RANKD_ORDER_TTL_MS,
    standalone:
      config.RANKD_MODE === 'standalone' ? { incarnation, suspendMs, windowMs: restoreWindowMs(config) } : undefined,
  };
}

/** Returns how long a server waits for the last order if Redis cannot be read, ms. */
export function restoreWindowMs({ RANKD_REFORM_MS: reformMs, RANKD_SUSPEND_MS: suspendMs }: ServerConfig): number {
  return Math.max(reformMs, suspendMs);
}

/** The functions and values that a mirror gets from the server. */
export interface MirrorPorts {
  readonly clock: Clock;
  readonly watch: Watcher;
  readonly recordWrite: (result: 'written' | 'stale' | 'failed', seconds: number) => void;
}

/** The settings of a StoreSession. */
export interface StoreSessionSettings {
  /** A random name of this run of the server. */
  readonly incarnation: string;
  readonly serverName: string;
  /** The address of Redis for log lines. */
  readonly address: string;
  /** RANKD_SUSPEND_MS: a leader may act for this long after its server has stopped answering. */
  readonly suspendMs: number;
  /** How long hellos are refused if Redis cannot be read: max(RANKD_REFORM_MS, suspendMs). */
  readonly windowMs: number;
}

/** The server, as a StoreSession controls it. */
export interface OrderKeeper {
  /** The largest epoch that was issued. */
  readonly epochIssued: number;
  /** The epoch of a group; undefined if there is no such group. */
  epochOf(group: string): number | undefined;
  /** Starts an order with epochs from `epoch` on. It contains the seats of `restored`, or is empty if that is undefined. */
  beginOrder(epoch: number, restored: RestoredOrder | undefined): void;
  /** Continues the present order with epochs from `epoch` on. */
  renewOrder(epoch: number): void;
  /** Ends all sessions and admits no members. */
  standDown(): void;
}

/** The part of the mirror that writes. It writes nothing before `openWrites`. */
export interface MirrorWrites {
  openWrites(): void;
  stopWrites(): void;
}
