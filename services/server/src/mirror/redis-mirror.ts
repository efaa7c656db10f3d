import type { Timer } from '../clock.js';
import type { Group, Member, RosterChangedEffect } from '../core/index.js';
import { placeOf } from '../redis/redis-address.js';
import { WriteQueue } from './write-queue.js';
import { MirrorConnection } from './mirror-connection.js';
import type { MirrorPorts, MirrorSettings } from './settings.js';
import { noRestoredOrder, type RestoredOrder } from './restored-order.js';
import { MirrorWriter } from './mirror-writer.js';
import { ConnectionHealth } from './connection-health.js';

const RENEW_MS_MAX = 5000;

/**
 * A one-way copy of every group's newest view in Redis, for people to look at. The newest view wins, one write is in flight,
 * and nothing here is ever waited for by a rank.
 */
export class RedisMirror {
  readonly #settings: MirrorSettings;
  readonly #ports: MirrorPorts;
  readonly #health: ConnectionHealth;
  readonly #queue = new WriteQueue();
  readonly #connection: MirrorConnection;
  readonly #writer: MirrorWriter;
  #renewal: Timer | undefined;

  /** @throws an error that does not quote the URL, which may hold a password. */
  constructor(settings: MirrorSettings, ports: MirrorPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#health = new ConnectionHealth(placeOf(settings.address), ports.watch);
    this.#connection = new MirrorConnection(settings, ports.clock, this.#health, () => void this.#handleReady());
    this.#writer = new MirrorWriter(this.#queue, this.#connection, this.#health, ports);
  }

  get isUp(): boolean {
    return this.#health.isUp;
  }

  /** Why it is not up, so far as it knows. */
  get reason(): string | undefined {
    return this.#health.reason;
  }

  /** The most views that any group is ahead of its copy. */
  get lagViews(): number {
    return this.#queue.lagViews;
  }

  /** Begins to connect, and goes on trying for as long as it takes. */
  start(): void {
    this.#connection.open();
    this.#scheduleRenewal();
  }

  /** What Redis has of before this start; what it has not said within `waitMs` is left out (R-VIEW-6). */
  async readRestoredOrder(waitMs: number): Promise<RestoredOrder> {
    const restored = noRestoredOrder();
    let timer: Timer | undefined;
    const silence = new Promise<void>(resolve => {
      timer = this.#ports.clock.after(waitMs, resolve);
    });
    await Promise.race([silence, this.#connection.readRestoredOrder(restored).catch(() => undefined)]);
    timer?.cancel();
    // A copy: a reading that goes on all the same changes nothing any more.
    return { epochLast: restored.epochLast, orders: new Map(restored.orders) };
  }

  /** A member's seat has another secret; its view is the same. Returns at once. */
  publishSeat(group: Group, member: Member): void {
    if (this.#queue.addSeat(group, member)) this.#writeSoon();
  }

  /** A group has a newer view. Returns at once. */
  publish(group: Group, change: RosterChangedEffect): void {
    this.#queue.addChange(group, change);
    this.#writeSoon();
  }

  /** Another server writes this group's views, and keeps them from expiring. Returns at once. */
  forget(group: string): void {
    this.#queue.forget(group);
  }

  /** Writes what waits, for at most `graceMs`, then lets go of Redis. */
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

  /** Redis is there (again): whatever it holds now, it gets the newest view. */
  async #handleReady(): Promise<void> {
    this.#writer.wake();
    this.#queue.requestAll();
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
    // The seats may be set to expire sooner than the rest, and must not while the server lives.
    const renewMs = Math.min(RENEW_MS_MAX, this.#settings.orderTtlMs / 3);
    this.#renewal = this.#ports.clock.after(renewMs, () => {
      this.#queue.requestAll();
      void this.#writer.writeWaiting();
      this.#scheduleRenewal();
    });
    this.#connection.reconnectIfHung();
  }
}
