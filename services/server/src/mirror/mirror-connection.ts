/** The mirror's connection to Redis: reads the restored order, and writes one group at a time. */

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
/** How many events the stream of a group keeps. */
const EVENTS_KEPT = 10_000;
/** A connection that is not ready after this is closed and replaced. */
const READY_MS = 2000;

/**
 * The reply of the script: `written`; `stale`, if Redis holds a newer view; `whole`, if Redis does not hold the view that the changes
 * start from.
 */
export type WriteResult = 'written' | 'stale' | 'whole';

interface MirrorCommands {
  mirrorView(...keysAndArguments: readonly (string | number)[]): Promise<unknown>;
}

/** The mirror's connection to Redis. It reconnects until close(), and reports every failure to the ConnectionHealth. */
export class MirrorConnection {
  readonly #settings: MirrorSettings;
  readonly #clock: Clock;
  readonly #redis: MirrorClient;
  #notReadySinceMs: number;

  /**
   * `ready` is called each time the connection becomes ready.
   * @throws Error if the URL is invalid; the message omits the URL, which may contain a password
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

  /** Disconnects for good. */
  close(): void {
    this.#redis.disconnect();
  }

  /** Replaces the connection after a command without an answer, because that command may still run on the old one. */
  reconnect(): void {
    this.#redis.disconnect(true);
  }

  /** Replaces a connection that a server has accepted but on which it has not answered for READY_MS. */
  reconnectIfHung(): void {
    const waitedMs = this.#clock.monotonicMs() - this.#notReadySinceMs;
    if (this.#redis.status === 'connect' && waitedMs > READY_MS) this.reconnect();
  }

  /** Rejects if Redis does not answer. */
  async ping(): Promise<void> {
    await this.#redis.ping();
  }

  /** Reads the order before this start into `restored` (R-VIEW-6). */
  async readRestoredOrder(restored: RestoredOrder): Promise<void> {
    await readRestoredOrder(this.#redis, this.#settings.prefix, this.#settings, restored);
  }

  /** Writes one group in one atomic script, which Redis refuses if it holds a newer (epoch, view). */
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
