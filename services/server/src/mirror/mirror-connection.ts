import type { Clock } from '../clock.js';
import type { MirrorWrite } from './group-write-queue.js';
import { mirrorClient, type MirrorClient } from './mirror-client.js';
import { mirrorKeys } from './keys.js';
import { mirrorScript } from './script.js';
import type { MirrorSettings } from './settings.js';
import { readRestoredOrder, type RestoredOrder } from './restored-order.js';
import type { ConnectionHealth } from './connection-health.js';

/** The keys vanish this long after the server stops renewing them (contract: Redis). */
const EXPIRE_MS = 15_000;
const EVENTS_KEPT = 10_000;
/** A connection that is not ready after this is given up and made anew. */
const READY_MS = 2000;

/** `whole`: Redis does not hold what the changes start from. */
export type WriteResult = 'written' | 'stale' | 'whole';

interface MirrorCommands {
  mirrorView(...keysAndArguments: readonly (string | number)[]): Promise<unknown>;
}

/** What connects with Redis, anew for as long as it takes; whatever it fails in, the health is told. */
export class MirrorConnection {
  readonly #settings: MirrorSettings;
  readonly #clock: Clock;
  readonly #redis: MirrorClient;
  #notReadySinceMs: number;

  /**
   * `ready`: called each time Redis is there (again).
   * @throws an error that does not quote the URL, which may hold a password
   */
  constructor(settings: MirrorSettings, clock: Clock, health: ConnectionHealth, ready: () => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#notReadySinceMs = clock.monotonicMs();
    this.#redis = mirrorClient(settings.address, health);
    this.#redis.defineCommand('mirrorView', { numberOfKeys: 6, lua: mirrorScript });
    // Every failure shows in `close` and in the commands that it fails; without a listener ioredis prints it.
    this.#redis.on('error', (error: Error & { lastNodeError?: Error }) =>
      health.recordFailure(error.lastNodeError ?? error),
    );
    this.#redis.on('ready', ready);
    this.#redis.on('close', () => {
      this.#notReadySinceMs = clock.monotonicMs();
      health.recordDisconnect();
    });
  }

  get isReady(): boolean {
    return this.#redis.status === 'ready';
  }

  /** Begins to connect, and goes on trying. */
  open(): void {
    this.#redis.connect().catch(() => undefined);
  }

  close(): void {
    this.#redis.disconnect();
  }

  /** An answer that did not come leaves a connection with commands that may still run; a new one starts clean. */
  reconnect(): void {
    this.#redis.disconnect(true);
  }

  /** A server that accepts and never greets would be waited for without end. */
  reconnectIfHung(): void {
    const waitedMs = this.#clock.monotonicMs() - this.#notReadySinceMs;
    if (this.#redis.status === 'connect' && waitedMs > READY_MS) this.reconnect();
  }

  async ping(): Promise<void> {
    await this.#redis.ping();
  }

  /** Reads into `past` what Redis has of before this start (R-VIEW-6). */
  async readRestoredOrder(restored: RestoredOrder): Promise<void> {
    await readRestoredOrder(this.#redis, this.#settings.prefix, this.#settings, restored);
  }

  /** One atomic, fenced write. */
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
