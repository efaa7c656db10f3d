/** The mirror: a copy of the newest view of each group in Redis. */

import type { Timer } from '../clock.js';
import type { Group, Member, RosterChangedEffect } from '../core/index.js';
import { formatRedisAddress } from '../redis/redis-address.js';
import { WriteQueue } from './write-queue.js';
import { MirrorConnection } from './mirror-connection.js';
import type { MirrorPorts, MirrorSettings } from './settings.js';
import { emptyRestoredOrder, type RestoredOrder } from './restored-order.js';
import { MirrorWriter } from './mirror-writer.js';
import { ConnectionHealth } from './connection-health.js';

/** The longest interval at which all keys are written again, so that they do not expire. */
const RENEW_MS_MAX = 5000;

/**
 * Copies the newest view of every group to Redis, for people and tools. Reads the last order when the server starts (R-VIEW-6). One write
 * is in flight at a time, and no change of ranks waits for a write.
 */
export class RedisMirror {
  readonly #settings: MirrorSettings;
  readonly #ports: MirrorPorts;
  readonly #health: ConnectionHealth;
  readonly #queue = new WriteQueue();
  readonly #connection: MirrorConnection;
  readonly #writer: MirrorWriter;
  #renewal: Timer | undefined;

  /** @throws Error if the URL is invalid. The message omits the URL, which may contain a password. */
  constructor(settings: MirrorSettings, ports: MirrorPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#health = new ConnectionHealth(formatRedisAddress(settings.address), ports.watch);
    this.#connection = new MirrorConnection(settings, ports.clock, this.#health, () => void this.#handleReady());
    this.#writer = new MirrorWriter(this.#queue, this.#connection, this.#health, ports);
  }

  /** Whether Redis accepts the writes. */
  get isUp(): boolean {
    return this.#health.isUp;
  }

  /** Why the mirror is down. Undefined if it is up. */
  get reason(): string | undefined {
    return this.#health.reason;
  }

  /** The largest number of views by which Redis is behind a group. */
  get lagViews(): number {
    return this.#queue.lagViews;
  }

  /** Starts to connect and to renew the keys. */
  start(): void {
    this.#connection.open();
    this.#scheduleRenewal();
  }

  /** Reads the order from before this start (R-VIEW-6). Resolves after `waitMs` at the latest, with the part that was read until then. */
  async readRestoredOrder(waitMs: number): Promise<RestoredOrder> {
    const restored = emptyRestoredOrder();
    let timer: Timer | undefined;
    const silence = new Promise<void>(resolve => {
      timer = this.#ports.clock.after(waitMs, resolve);
    });
    await Promise.race([silence, this.#connection.readRestoredOrder(restored).catch(() => undefined)]);
    timer?.cancel();
    // A copy, because the read may continue and add to `restored`.
    return { epochLast: restored.epochLast, orders: new Map(restored.orders) };
  }

  /** Queues a write of a member's seat, whose secret has changed without a new view. Does not wait for it. */
  publishSeat(group: Group, member: Member): void {
    if (this.#queue.addSeat(group, member)) this.#writeSoon();
  }

  /** Queues a write of a group's new view. Does not wait for it. */
  publishChange(group: Group, change: RosterChangedEffect): void {
    this.#queue.addChange(group, change);
    this.#writeSoon();
  }

  /** Stops writing a group, because another server writes it now. */
  dropGroup(group: string): void {
    this.#queue.dropGroup(group);
  }

  /** Writes the queued changes for at most `graceMs`, then disconnects. */
  async close(graceMs: number): Promise<void> {
    this.#renewal?.cancel();
    const { clock } = this.#ports;
    const until = clock.monotonicMs() + graceMs;
    while (this.isUp && (this.#queue.isWaiting || this.#writer.isWriting)) {
      if (clock.monotonicMs() >= until) break;
      await this.#writer.writeWaiting();
      await new Promise<void>(resolve => clock.after(10, resolve));
    }
    this.#health.close();
    this.#writer.close();
    this.#connection.close();
  }

  /** Writes the newest view of every group, because the Redis behind a new connection may have lost data. */
  async #handleReady(): Promise<void> {
    this.#writer.cancelBackoff();
    this.#queue.enqueueAll();
    if (this.#queue.isWaiting) {
      await this.#writer.writeWaiting();
      return;
    }
    try {
      await this.#connection.ping();
      this.#health.recordSuccess();
    } catch (error) {
      this.#health.recordFailure(error);
    }
  }

  #writeSoon(): void {
    this.#ports.clock.soon(() => void this.#writer.writeWaiting());
  }

  #scheduleRenewal(): void {
    // RANKD_ORDER_TTL_MS may be shorter than the lifetime of the other keys. The seats must not expire while the server runs.
    const renewMs = Math.min(RENEW_MS_MAX, this.#settings.orderTtlMs / 3);
    this.#renewal = this.#ports.clock.after(renewMs, () => {
      this.#queue.enqueueAll();
      void this.#writer.writeWaiting();
      this.#scheduleRenewal();
    });
    this.#connection.reconnectIfHung();
  }
}
