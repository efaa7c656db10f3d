/** The mirror: a copy of the newest view of each group in Redis. */

import type { Timer } from '../clock.js';
import type { Group, Member, RosterChangedEffect } from '../core/index.js';
import { formatRedisAddress } from '../redis/redis-address.js';
import { WriteQueue } from './write-queue.js';
import { MirrorConnection } from './mirror-connection.js';
import type { MirrorPorts, MirrorSettings } from './settings.js';
import { emptyRestoredOrder, type RestoredOrder } from './restored-order.js';
import { StoreSession } from './store-session.js';
import { MirrorWriter } from './mirror-writer.js';
import { ConnectionHealth } from './connection-health.js';

/** The longest interval at which all keys are written again, so that they do not expire. */
const RENEW_MS_MAX = 5000;

/**
 * Copies the newest view of every group to Redis, for people and tools. Reads the last order when the server starts (R-VIEW-6). At most one
 * write is in flight. A change of ranks never waits for a write.
 */
export class RedisMirror {
  readonly #settings: MirrorSettings;
  readonly #ports: MirrorPorts;
  readonly #health: ConnectionHealth;
  readonly #queue = new WriteQueue();
  readonly #connection: MirrorConnection;
  readonly #writer: MirrorWriter;
  /** Undefined in a cluster. There, each server writes the groups of the shards that it owns. */
  readonly #session: StoreSession | undefined;
  #writes: 'open' | 'stopped';
  #renewal: Timer | undefined;

  /** @throws Error if the URL is invalid. The message omits the URL, which may contain a password. */
  constructor(settings: MirrorSettings, ports: MirrorPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#health = new ConnectionHealth(formatRedisAddress(settings.address), ports.watch);
    this.#connection = new MirrorConnection(settings, ports.clock, this.#health, () => void this.#handleReady());
    this.#writer = new MirrorWriter(this.#queue, this.#connection, this.#health, {
      ...ports,
      mayWrite: () => this.#writes === 'open',
      recordStale: group => this.#session?.recordStale(group),
    });
    this.#writes = settings.standalone === undefined ? 'open' : 'stopped';
    this.#session = settings.standalone === undefined ? undefined : this.#createSession(settings.standalone);
  }

  /** Whether Redis has answered since the last failure. */
  get isUp(): boolean {
    return this.#health.isUp;
  }

  /** Why the mirror is down. Undefined if it is up. */
  get reason(): string | undefined {
    return this.#health.reason;
  }

  /** The session of a standalone server with Redis. Undefined in a cluster. */
  get session(): StoreSession | undefined {
    return this.#session;
  }

  /** The number of views that a group has and Redis does not have yet: the largest number of all groups. */
  get lagViews(): number {
    return this.#queue.lagViews;
  }

  /** Starts to connect and to renew the keys. */
  start(): void {
    this.#connection.open();
    this.#scheduleRenewal();
  }

  /**
   * Reads the mirror's order for a server of a cluster, and retries if that fails. Resolves after `waitMs` at the latest, with an empty
   * order if Redis could not be read. That is safe: the servers of a cluster keep their order in the log, and no order begins without
   * Redis.
   */
  async readRestoredOrder(waitMs: number): Promise<RestoredOrder> {
    const { clock } = this.#ports;
    let timer: Timer | undefined;
    const silence = new Promise<undefined>(resolve => {
      timer = clock.after(waitMs, () => resolve(undefined));
    });
    const untilMs = clock.monotonicMs() + waitMs;
    while (clock.monotonicMs() < untilMs) {
      const read = await Promise.race([silence, this.#connection.readRestoredOrder().catch(() => 'failed' as const)]);
      if (read !== 'failed' && read !== undefined) {
        timer?.cancel();
        return read;
      }
      await new Promise<void>(resolve => clock.after(this.#health.retryMs, resolve));
    }
    return emptyRestoredOrder();
  }

  /** Queues a write of a member's seat, whose secret has changed without a new view. Does not wait for the write. */
  publishSeat(group: Group, member: Member): void {
    if (this.#queue.addSeat(group, member)) this.#writeSoon();
  }

  /** Queues a write of a group's new view. Does not wait for the write. */
  publishChange(group: Group, change: RosterChangedEffect): void {
    this.#queue.addChange(group, change);
    this.#writeSoon();
  }

  /** Stops writing a group, because another server writes it now. */
  dropGroup(group: string): void {
    this.#queue.dropGroup(group);
  }

  /** Stops writing all groups, because another server keeps the order. */
  dropAllGroups(): void {
    this.#queue.dropAllGroups();
  }

  /** Writes the queued changes for at most `graceMs`, releases the claim, then disconnects. */
  async close(graceMs: number): Promise<void> {
    this.#renewal?.cancel();
    const { clock } = this.#ports;
    const until = clock.monotonicMs() + graceMs;
    while (this.isUp && this.#writes === 'open' && (this.#queue.isWaiting || this.#writer.isWriting)) {
      if (clock.monotonicMs() >= until) break;
      await this.#writer.writeWaiting();
      await new Promise<void>(resolve => clock.after(10, resolve));
    }
    await this.#session?.close();
    this.#health.close();
    this.#writer.close();
    this.#connection.close();
  }

  #createSession(standalone: NonNullable<MirrorSettings['standalone']>): StoreSession {
    const { serverName, address } = this.#settings;
    return new StoreSession(
      { ...standalone, serverName, address: formatRedisAddress(address) },
      {
        clock: this.#ports.clock,
        watch: this.#ports.watch,
        connection: this.#connection,
        health: this.#health,
        writes: { openWrites: () => this.#openWrites(), stopWrites: () => (this.#writes = 'stopped') },
      },
    );
  }

  #openWrites(): void {
    if (this.#writes === 'stopped') this.#queue.enqueueAll();
    this.#writes = 'open';
    if (this.#queue.isWaiting) void this.#writer.writeWaiting();
    else if (!this.#queue.isFailing && !this.#writer.isWriting) this.#health.recordSuccess();
  }

  /** Writes the newest view of every group, because Redis may have lost data before the new connection. */
  async #handleReady(): Promise<void> {
    this.#writer.cancelBackoff();
    this.#queue.enqueueAll();
    this.#session?.handleReady();
    if (this.#queue.isWaiting || this.#session !== undefined) {
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
    // The seats must not expire while the server runs, and RANKD_ORDER_TTL_MS may be shorter than the lifetime of the other keys.
    const renewMs = Math.min(RENEW_MS_MAX, this.#settings.orderTtlMs / 3);
    this.#renewal = this.#ports.clock.after(renewMs, () => {
      this.#queue.enqueueAll();
      void this.#writer.writeWaiting();
      this.#scheduleRenewal();
    });
    this.#connection.reconnectIfHung();
  }
}
