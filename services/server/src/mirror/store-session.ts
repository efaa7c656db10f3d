/** For a standalone server: reads the last order from Redis, and holds the claim to write the mirror. */

import { repeat, type Timer } from '../clock.js';
import { errorSummary } from '../error-summary.js';
import type { ConnectionHealth } from './connection-health.js';
import type { MirrorConnection } from './mirror-connection.js';
import type { RestoredOrder } from './restored-order.js';
import type { MirrorPorts, MirrorWrites, OrderKeeper, StoreSessionSettings } from './settings.js';
import type { WriterClaim } from './writer-claim.js';
import {
  describeStanding,
  isRenewalDue,
  nextRole,
  type RoleAction,
  type RoleEvent,
  type StoreStanding,
  waitForStore,
  type WriterRole,
} from './writer-role.js';

/** The longest and the shortest interval between two attempts to read Redis, or two checks of the claim. Usually it is suspendMs / 4. */
const CHECK_MS = 500;
const CHECK_MS_MIN = 50;

/** The functions and values that a StoreSession gets from its owner. */
export interface StoreSessionPorts extends Pick<MirrorPorts, 'clock' | 'watch'> {
  readonly connection: MirrorConnection;
  readonly health: ConnectionHealth;
  readonly writes: MirrorWrites;
}

/**
 * The session of a standalone server with the Redis of its mirror. It performs what `nextRole` decides: reads the last order (R-VIEW-6),
 * claims the mirror, and stands down if another server has claimed it with a larger epoch.
 */
export class StoreSession {
  readonly #settings: StoreSessionSettings;
  readonly #ports: StoreSessionPorts;
  #keeper: OrderKeeper | undefined;
  #role: WriterRole | undefined;
  /** The order, if it was read before the server listened. */
  #readEarly: RestoredOrder | undefined;
  #announceOutcome: () => void = () => undefined;
  /** Groups whose stored order is unreadable, and the time until which their hellos are refused. */
  #unreadable: { readonly groups: ReadonlySet<string>; readonly untilMs: number } = { groups: new Set(), untilMs: 0 };
  /** Groups whose stored order was read after a new order had begun. */
  #toReplace: readonly string[] = [];
  #staleGroup: string | undefined;
  #state: 'idle' | 'busy' | 'closed' = 'idle';
  #notBeforeMs = 0;
  /** `now`: the next check renews the claim, because Redis may have lost it. */
  #renewal: 'when due' | 'now' = 'when due';
  #checks: Timer | undefined;

  constructor(settings: StoreSessionSettings, ports: StoreSessionPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Whether this server may keep the order. */
  get standing(): StoreStanding {
    const { health, clock } = this.#ports;
    const { groups, untilMs } = this.#unreadable;
    const unreadable = clock.monotonicMs() < untilMs ? [...groups] : [];
    return describeStanding(this.#role, { address: this.#settings.address, reason: health.reason, unreadable });
  }

  /** Whether hellos to this group are refused, because its stored order is unreadable. */
  isGroupUnread(group: string): boolean {
    const { groups, untilMs } = this.#unreadable;
    return groups.has(group) && this.#ports.clock.monotonicMs() < untilMs;
  }

  /** Starts to read Redis. Resolves when Redis was read or has failed, or after `waitMs`. Writes nothing to Redis. */
  async prepare(waitMs: number): Promise<void> {
    this.#ports.health.setPace('hurried');
    await this.#outcomeWithin(waitMs);
  }

  /** The server listens: begins its order, or refuses hellos until Redis was read (R-VIEW-6). */
  open(keeper: OrderKeeper): void {
    if (this.#state === 'closed') return;
    this.#keeper = keeper;
    this.#role = waitForStore(this.#time, this.#settings.windowMs);
    const checkMs = Math.max(CHECK_MS_MIN, Math.min(CHECK_MS, this.#settings.suspendMs / 4));
    this.#checks = repeat(this.#ports.clock, checkMs, () => this.check());
    if (this.#readEarly !== undefined) this.#receive(this.#readEarly);
    else void this.#reportUnread();
    this.check();
  }

  /** Called when the connection to Redis is ready. */
  handleReady(): void {
    this.#renewal = 'now';
    this.check();
  }

  /** Sends Redis the next query or claim that the role needs. */
  check(): void {
    if (this.#state === 'closed') return;
    if (this.#role !== undefined) this.#apply({ kind: 'tick' });
    void this.#exchange();
  }

  /** Records that Redis has refused a write of this group because it has a newer view. */
  recordStale(group: string): void {
    this.#staleGroup = group;
    this.check();
  }

  /** Releases the claim, so that another server need not wait until it expires, and stops. */
  async close(): Promise<void> {
    const role = this.#role;
    this.#state = 'closed';
    this.#checks?.cancel();
    if (role?.kind !== 'writer' || role.renewedAtMs === undefined || !this.#ports.connection.isReady) return;
    await this.#ports.connection.runWriterScript('release', this.#claim(role.epoch)).catch(() => undefined);
  }

  /** Resolves when Redis was read or has failed, or after `waitMs`. */
  async #outcomeWithin(waitMs: number): Promise<void> {
    let timer: Timer | undefined;
    const outcome = new Promise<void>(resolve => {
      this.#announceOutcome = resolve;
      timer = this.#ports.clock.after(waitMs, resolve);
    });
    await Promise.race([outcome, this.#ports.health.whenDown()]);
    timer?.cancel();
  }

  /** Logs that Redis is unread. Waits for the first failure, which gives the reason. */
  async #reportUnread(): Promise<void> {
    const { health, watch } = this.#ports;
    const { address: server, windowMs } = this.#settings;
    await this.#outcomeWithin(windowMs);
    if (this.#role?.kind !== 'unread') return;
    watch({ event: 'mirror.unread', server, reason: health.reason ?? 'it is being read', waitMs: windowMs });
  }

  get #time(): Parameters<typeof nextRole>[2] {
    const { clock } = this.#ports;
    return { nowMs: clock.monotonicMs(), wallMs: clock.wallMs(), epochIssued: this.#keeper?.epochIssued ?? 0 };
  }

  #claim(epoch: number): WriterClaim {
    const { incarnation, serverName: server } = this.#settings;
    return { incarnation, epoch, server };
  }

  /** Sends Redis the next query or claim, one at a time. */
  async #exchange(): Promise<void> {
    const { connection, clock } = this.#ports;
    if (this.#state !== 'idle' || !connection.isReady || clock.monotonicMs() < this.#notBeforeMs) return;
    this.#state = 'busy';
    try {
      await this.#ask();
    } catch (error) {
      this.#recordFailure(error);
    }
    if (this.#isBusy) this.#state = 'idle';
  }

  /** A getter, so that TypeScript does not assume that the state is the same after an await. */
  get #isBusy(): boolean {
    return this.#state === 'busy';
  }

  #recordFailure(error: unknown): void {
    const { connection, health, clock } = this.#ports;
    if (!this.#isBusy) return;
    health.recordFailure(error);
    this.#notBeforeMs = clock.monotonicMs() + health.retryMs;
    if (/timed out|READONLY/.test(errorSummary(error))) connection.reconnect();
  }

  async #ask(): Promise<void> {
    const role = this.#role;
    switch (role?.kind) {
      case undefined:
        this.#readEarly = await this.#ports.connection.readRestoredOrder();
        // The server may have started to listen while Redis was read.
        if (this.#role !== undefined) this.#receive(this.#readEarly);
        this.#announceOutcome();
        return;
      case 'unread':
      case 'unread-begun':
        this.#receive(await this.#ports.connection.readRestoredOrder());
        if (this.#isBusy) await this.#ask();
        return;
      case 'writer':
        await this.#holdClaim(role);
        return;
      case 'superseded':
        this.#apply({
          kind: 'looked',
          sighting: await this.#ports.connection.runWriterScript('look', this.#claim(role.by.epoch)),
        });
        if (this.#role?.kind === 'unread' && this.#isBusy) await this.#ask();
    }
  }

  async #holdClaim(role: Extract<WriterRole, { kind: 'writer' }>): Promise<void> {
    const { connection, clock } = this.#ports;
    const act = this.#renewal === 'now' || isRenewalDue(role, clock.monotonicMs()) ? 'renew' : 'hold';
    const { standing, other, ttlMs } = await connection.runWriterScript(act, this.#claim(role.epoch));
    if (!this.#isBusy) return;
    if (standing === 'outranked') {
      if (other === undefined)
        throw new Error('the claim in Redis is not valid: delete the key RANKD_REDIS_PREFIX:writer');
      this.#apply({ kind: 'outranked', sighting: { other, ttlMs } });
      return;
    }
    if (role.renewedAtMs === undefined) await this.#replaceOrders();
    this.#apply({ kind: 'held', written: act === 'renew' });
    if (act === 'renew') {
      this.#renewal = 'when due';
      this.#ports.writes.openWrites();
    }
    await this.#passStaleEpoch();
  }

  /** Deletes stored orders of groups that this server does not have. The next write replaces those of its own groups. */
  async #replaceOrders(): Promise<void> {
    for (const group of this.#toReplace) {
      if (this.#keeper?.epochOf(group) === undefined) await this.#ports.connection.deleteOrder(group);
    }
    this.#toReplace = [];
  }

  /** If Redis has a newer view although no other server writes the mirror, continues the order in a newer epoch. */
  async #passStaleEpoch(): Promise<void> {
    const group = this.#staleGroup;
    this.#staleGroup = undefined;
    if (group === undefined) return;
    const epochStored = await this.#ports.connection.readEpoch(group);
    if (this.#isBusy && epochStored >= (this.#keeper?.epochOf(group) ?? Infinity)) {
      this.#apply({ kind: 'stale', epochStored });
    }
  }

  #receive(restored: RestoredOrder): void {
    if (this.#state === 'closed') return;
    const { epochLast, writer } = restored;
    const { incarnation } = this.#settings;
    const other = writer?.incarnation === incarnation ? undefined : writer;
    this.#apply({ kind: 'read', epochLast, writer: other }, restored);
  }

  #apply(event: RoleEvent, restored?: RestoredOrder): void {
    const before = this.#role;
    if (before === undefined) return;
    const { role, actions } = nextRole(before, event, this.#time, this.#settings.windowMs);
    this.#role = role;
    this.#ports.health.setPace(role.kind === 'unread' ? 'hurried' : 'usual');
    for (const action of actions) this.#perform(action, before, restored);
  }

  #perform(action: RoleAction, before: WriterRole, restored: RestoredOrder | undefined): void {
    const { watch, health, writes } = this.#ports;
    const { address: server } = this.#settings;
    switch (action.kind) {
      case 'begin':
        if (action.order === 'none') watch({ event: 'mirror.given-up', server, reason: health.reason ?? 'it is slow' });
        if (action.order === 'own') {
          watch({ event: 'mirror.epoch-passed', server, epoch: action.epoch });
          this.#keeper?.renewOrder(action.epoch);
          return;
        }
        if (restored !== undefined) this.#refuseUnreadable(restored, before);
        this.#keeper?.beginOrder(action.epoch, restored);
        return;
      case 'replace': {
        const orders = restored?.orders ?? new Map<string, readonly unknown[]>();
        this.#toReplace = [...orders.keys(), ...(restored?.unreadableGroups ?? [])];
        const members = [...orders.values()].reduce((sum, seats) => sum + seats.length, 0);
        const epoch = restored?.epochLast ?? 0;
        if (epoch === 0) return;
        watch({ event: 'mirror.read-late', server, epoch, groups: orders.size, members });
        return;
      }
      case 'stand-down':
        writes.stopWrites();
        watch({ event: 'mirror.conflict', server, other: action.by.server, epoch: action.by.epoch });
        this.#keeper?.standDown();
        return;
      case 'return':
        watch({ event: 'mirror.regained', server, other: before.kind === 'superseded' ? before.by.server : '' });
    }
  }

  /** Refuses the hellos of unreadable groups until the end of the time for which the server waits for Redis. */
  #refuseUnreadable({ unreadableGroups }: RestoredOrder, before: WriterRole): void {
    const { clock, watch } = this.#ports;
    if (before.kind !== 'unread' || unreadableGroups.size === 0) return;
    this.#unreadable = { groups: unreadableGroups, untilMs: before.untilMs };
    const waitMs = Math.max(0, Math.ceil(before.untilMs - clock.monotonicMs()));
    watch({ event: 'mirror.unreadable', server: this.#settings.address, groups: [...unreadableGroups], waitMs });
  }
}
