/** A server that is not in a cluster. */

import type { ServerConfig } from './config.js';
import { coreLimits } from './core-limits.js';
import { Coordinator, type KeptSeat, seatOf } from './core/index.js';
import type { Gateway } from './gateway/gateway.js';
import { LocalLog } from './log/local-log.js';
import type { RedisMirror } from './mirror/redis-mirror.js';
import type { RestoredOrder } from './mirror/restored-order.js';
import type { OrderKeeper } from './mirror/settings.js';
import type { StoreSession } from './mirror/store-session.js';

/** The functions and values that a StandaloneServer gets from the composition root. */
export interface StandaloneServerPorts {
  readonly config: ServerConfig;
  /** Undefined if no Redis is configured. The server then reads no order. */
  readonly mirror: RedisMirror | undefined;
  readonly createGateway: (log: LocalLog, isClosedTo: (group: string) => boolean) => Gateway;
}

/** The log of one order, and the gateway that serves it. */
interface Incarnation {
  readonly log: LocalLog;
  readonly gateway: Gateway;
}

/**
 * Runs a server that is not in a cluster, with or without a mirror in Redis. The gateway refuses every hello with UNAVAILABLE until the
 * order in Redis was read, and while another server keeps it (R-VIEW-6). Each new order gets a new gateway.
 */
export class StandaloneServer implements OrderKeeper {
  readonly #ports: StandaloneServerPorts;
  #incarnation: Incarnation;
  #state: 'refusing' | 'keeping' | 'stopped' = 'refusing';

  constructor(ports: StandaloneServerPorts) {
    this.#ports = ports;
    this.#incarnation = this.#createIncarnation(0);
  }

  /** The gateway for new connections. */
  get gateway(): Gateway {
    return this.#incarnation.gateway;
  }

  /**
   * Why this server refuses sessions. Undefined if it admits them. `starting`: Redis was not read yet. `standby`: another server keeps the
   * order.
   */
  get refusal(): { readonly state: 'starting' | 'standby'; readonly reason: string } | undefined {
    const standing = this.#session?.standing;
    if (standing?.kind !== 'refusing') return undefined;
    return { state: standing.state === 'unread' ? 'starting' : 'standby', reason: standing.reason };
  }

  /** The largest epoch that was issued. */
  get epochIssued(): number {
    return this.#incarnation.log.coordinator.epochLast;
  }

  /** Reads the last order, for at most `waitMs`. Changes nothing in Redis. */
  async prepare(waitMs: number): Promise<void> {
    await this.#session?.prepare(waitMs);
  }

  /** Called when the server listens. It keeps an order as soon as it may. */
  open(): void {
    if (this.#session === undefined) this.beginOrder(0, undefined);
    else this.#session.open(this);
  }

  /** The server stops, so no other order starts from now on (R-BYE-2). */
  stop(): void {
    if (this.#state === 'refusing') void this.#session?.close();
    this.#state = 'stopped';
  }

  epochOf(group: string): number | undefined {
    return this.#incarnation.log.groups.get(group)?.epoch;
  }

  beginOrder(epoch: number, restored: RestoredOrder | undefined): void {
    this.#begin(epoch, restored?.orders ?? new Map<string, KeptSeat[]>());
  }

  renewOrder(epoch: number): void {
    const groups = [...this.#incarnation.log.groups.values()];
    this.#begin(epoch, new Map(groups.map(({ name, roster }) => [name, roster.slice().map(seatOf)])));
  }

  /** Ends all sessions. The other server keeps the order now, with the seats that it has read from Redis. */
  standDown(): void {
    const { epochIssued } = this;
    this.#endIncarnation();
    this.#ports.mirror?.dropAllGroups();
    if (this.#state === 'stopped') return;
    this.#state = 'refusing';
    this.#incarnation = this.#createIncarnation(epochIssued);
  }

  get #session(): StoreSession | undefined {
    return this.#ports.mirror?.session;
  }

  #begin(epoch: number, orders: ReadonlyMap<string, readonly KeptSeat[]>): void {
    if (this.#state === 'stopped') return;
    this.#endIncarnation();
    this.#incarnation = this.#createIncarnation(Math.max(0, epoch - 1));
    this.#state = 'keeping';
    this.#incarnation.gateway.restore(orders);
  }

  #endIncarnation(): void {
    const { gateway, log } = this.#incarnation;
    gateway.shutdown.disband(this.#ports.config.RANKD_HEARTBEAT_MS);
    log.close();
  }

  #createIncarnation(epochLast: number): Incarnation {
    const log = new LocalLog(new Coordinator(coreLimits(this.#ports.config), epochLast));
    const isClosedTo = (group: string): boolean =>
      this.#state === 'refusing' || this.#session?.isGroupUnread(group) === true;
    return { log, gateway: this.#ports.createGateway(log, isClosedTo) };
  }
}
