/** The mirror's connection to Redis: it reads the last order, and writes one group at a time. */

import type { Clock } from '../clock.js';
import type { MirrorWrite } from './group-write-queue.js';
import { createMirrorClient, type MirrorClient } from './mirror-client.js';
import { mirrorKeys } from './keys.js';
import { mirrorScript } from './script.js';
import type { MirrorSettings } from './settings.js';
import { readRestoredOrder, type RestoredOrder } from './restored-order.js';
import type { ConnectionHealth } from './connection-health.js';

/** The lifetime of the keys. The server renews it while it runs (contract: Redis). */
const EXPIRE_MS = 15_000;
/** How many events Redis keeps in the stream of a group. */
const EVENTS_KEPT = 10_000;
/** A connection that is not ready after this long is replaced. */
const READY_MS = 2000;

/** The reply of the script. `stale`: Redis has a newer view. `whole`: Redis does not have the view to which the changes apply. */
export type WriteResult = 'written' | 'stale' | 'whole';

/** The command that ioredis defines for the script. */
interface MirrorCommands {
  mirrorView(...keysAndArguments: readonly (string | number)[]): Promise<unknown>;
}

/** The mirror's connection to Redis. It reconnects until close(), and reports every failure to ConnectionHealth. */
export class MirrorConnection {
  readonly #settings: MirrorSettings;
  readonly #clock: Clock;
  readonly #redis: MirrorClient;
  #notReadySinceMs: number;

  /**
   * `ready` is called each time the connection becomes ready.
   * @throws Error if the URL is invalid. The message omits the URL, which may contain a password.
   */
  constructor(settings: MirrorSettings, clock: Clock, health: ConnectionHealth, ready: () => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#notReadySinceMs = clock.monotonicMs();
    this.#redis = createMirrorClient(settings.address, health);
    this.#redis.defineCommand('mirrorView', { numberOfKeys: 6, lua: mirrorScript });
    // Without a listener, ioredis prints the error.
    this.#redis.on('error', (error: Error & { lastNodeError?: Error }) =>
      health.recordFailure(error.lastNodeError ?? error),
    );
    this.#redis.on('ready', ready);
    this.#redis.on('close', () => {
      this.#notReadySinceMs = clock.monotonicMs();
      health.recordDisconnect();
    });
  }

  /** Whether commands can be sent. */
  get isReady(): boolean {
    return this.#redis.status === 'ready';
  }

  /** Starts to connect, with retries. */
  open(): void {
    this.#redis.connect().catch(() => undefined);
  }

  /** Disconnects. The connection cannot be opened again. */
  close(): void {
    this.#redis.disconnect();
  }

  /** Replaces the connection, because a command on it was not answered and may still run. */
  reconnect(): void {
    this.#redis.disconnect(true);
  }

  /** Replaces the connection if Redis has accepted it but has not answered for READY_MS. */
  reconnectIfHung(): void {
    const waitedMs = this.#clock.monotonicMs() - this.#notReadySinceMs;
    if (this.#redis.status === 'connect' && waitedMs > READY_MS) this.reconnect();
  }

  /** Resolves when Redis has answered. Rejects if it does not. */
  async ping(): Promise<void> {
    await this.#redis.ping();
  }

  /** Reads the order from before this start into `restored` (R-VIEW-6). */
  async readRestoredOrder(restored: RestoredOrder): Promise<void> {
    await readRestoredOrder(this.#redis, this.#settings.prefix, this.#settings, restored);
  }

  /** Writes one group in one atomic script. Redis refuses the write if it has a newer (epoch, view). */
  async write(name: string, write: MirrorWrite): Promise<WriteResult> {
    const { ranks, members, info, events, epoch, seats } = mirrorKeys(this.#settings.prefix, name);
    const { group } = write;
    const facts = {
      server: this.#settings.serverName,
      epoch: String(group.epoch),
      view: String(write.view),
      size: String(group.roster.size),
      membersMax: String(this.#settings.membersMax),
      updatedAt: new Date(this.#clock.wallMs()).toISOString(),
    };
    const keys = [ranks, members, info, events, epoch, seats];
    const content = [JSON.stringify(facts), JSON.stringify(write.changes), JSON.stringify(write.events)];
    const result: unknown = await (this.#redis as unknown as MirrorCommands).mirrorView(
      ...keys,
      group.epoch,
      write.view,
      write.from,
      ...content,
      EVENTS_KEPT,
      EXPIRE_MS,
      this.#settings.orderTtlMs,
    );
    return result as WriteResult;
  }
}
