/** The mirror's connection to Redis: it reads the last order, and writes one group at a time. */

import type { Clock } from '../clock.js';
import type { MirrorWrite } from './group-write-queue.js';
import { createMirrorClient, type MirrorClient } from './mirror-client.js';
import { mirrorKeys, writerKey } from './keys.js';
import { mirrorScript } from './script.js';
import type { MirrorSettings } from './settings.js';
import { parseEpoch, readRestoredOrder, type RestoredOrder } from './restored-order.js';
import type { ConnectionHealth } from './connection-health.js';
import { CLAIM_EXPIRE_MS, parseWriterClaim, type WriterClaim, type WriterSighting } from './writer-claim.js';
import { writerScript } from './writer-script.js';

/** The lifetime of the keys. The server renews it while it runs (docs/operations/redis.md). */
const EXPIRE_MS = 15_000;
/** How many events Redis keeps in the stream of a group. */
const EVENTS_KEPT = 10_000;
/** How long a claim stays in Redis after its server has stopped. Other servers can see in this time that it expires. */
const CLAIM_RELEASED_MS = 2000;
/** A connection that is not ready after this long is replaced. */
const READY_MS = 2000;

/**
 * The reply of the script. `stale`: Redis has a newer view. `whole`: the changes do not apply to the view in Redis, so the whole roster is
 * needed.
 */
export type WriteResult = 'written' | 'stale' | 'whole';

/** The actions of `writerScript`, which describes them. */
export type ClaimAct = 'look' | 'hold' | 'renew' | 'release';

/**
 * The answer of `writerScript`: whether this server holds the claim, and the claim that was in Redis. `other` is undefined if that claim
 * was this server's own.
 */
export interface ClaimAnswer extends WriterSighting {
  readonly standing: 'held' | 'outranked' | 'seen';
}

/** The commands that ioredis defines for the two scripts. */
interface MirrorCommands {
  mirrorWriter(...keysAndArguments: readonly (string | number)[]): Promise<unknown>;
  mirrorView(...keysAndArguments: readonly (string | number)[]): Promise<unknown>;
}

/** The mirror's connection to Redis. It reconnects until close(), and reports every failure to ConnectionHealth. */
export class MirrorConnection {
  readonly #settings: MirrorSettings;
  readonly #clock: Clock;
  readonly #redis: MirrorClient;
  readonly #health: ConnectionHealth;
  #notReadySinceMs: number;

  /**
   * `ready` is called each time the connection becomes ready.
   * @throws Error if the URL is invalid. The message omits the URL, which may contain a password.
   */
  constructor(settings: MirrorSettings, clock: Clock, health: ConnectionHealth, ready: () => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#health = health;
    this.#notReadySinceMs = clock.monotonicMs();
    this.#redis = createMirrorClient(settings.address, health);
    this.#redis.defineCommand('mirrorView', { numberOfKeys: 6, lua: mirrorScript });
    this.#redis.defineCommand('mirrorWriter', { numberOfKeys: 1, lua: writerScript });
    // Without a listener, ioredis prints the error.
    this.#redis.on('error', (error: Error & { lastNodeError?: Error }) =>
      health.recordFailure(error.lastNodeError ?? error),
    );
    this.#redis.on('connect', () => void this.#reportLoading(health));
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

  /** Replaces the connection, because Redis has not answered a command on it and may still execute the command. */
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

  /** Reads the whole order from Redis (R-VIEW-6). Rejects if any part of it cannot be read, or if there is no connection within READY_MS. */
  async readRestoredOrder(): Promise<RestoredOrder> {
    if (!this.isReady) await this.#waitUntilReady();
    return await readRestoredOrder(this.#redis, this.#settings.prefix, this.#settings);
  }

  /** Runs the script of the writer for this server's claim. */
  async runWriterScript(act: ClaimAct, claim: WriterClaim): Promise<ClaimAnswer> {
    const { epoch, incarnation } = claim;
    const expireMs = act === 'release' ? CLAIM_RELEASED_MS : CLAIM_EXPIRE_MS;
    const reply = (await this.#commands.mirrorWriter(
      writerKey(this.#settings.prefix),
      act,
      JSON.stringify(claim),
      epoch,
      incarnation,
      expireMs,
    )) as [ClaimAnswer['standing'], string, number];
    const [standing, text, ttlMs] = reply;
    const found = parseWriterClaim(text);
    return { standing, other: found?.incarnation === incarnation ? undefined : found, ttlMs };
  }

  /** Returns the epoch that is stored for a group, 0 if none. */
  async readEpoch(group: string): Promise<number> {
    const { info, epoch } = mirrorKeys(this.#settings.prefix, group);
    const [[inTable], last] = await Promise.all([this.#redis.hmget(info, 'epoch'), this.#redis.get(epoch)]);
    return Math.max(parseEpoch(inTable ?? null), parseEpoch(last));
  }

  /** Deletes the rank table and the seats of a group. Its event stream and its last epoch stay. */
  async deleteOrder(group: string): Promise<void> {
    const { ranks, members, info, seats } = mirrorKeys(this.#settings.prefix, group);
    await this.#redis.del(ranks, members, info, seats);
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
    const result: unknown = await this.#commands.mirrorView(
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

  /** Rejects after READY_MS, because this connection may never be ready again. The caller tries again. */
  async #waitUntilReady(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        limit.cancel();
        this.#redis.off('ready', ready);
        settle();
      };
      const ready = (): void => end(resolve);
      const limit = this.#clock.after(READY_MS, () => {
        end(() => reject(new Error(this.#health.reason ?? `Redis is not connected after ${READY_MS} ms`)));
      });
      this.#redis.on('ready', ready);
    });
  }

  get #commands(): MirrorCommands {
    return this.#redis as unknown as MirrorCommands;
  }

  /** Reports that Redis is loading its data. The client waits for that without an error. */
  async #reportLoading(health: ConnectionHealth): Promise<void> {
    const info = await this.#redis.info('persistence').catch(() => '');
    if (/^loading:1/m.test(info)) health.recordFailure(new Error('LOADING Redis is loading its data'));
  }
}
