import { Redis } from 'ioredis';
import type { Clock, Timer } from '../clock.js';
import type { Group, RosterChangedEffect } from '../core/index.js';
import type { Watcher } from '../server-event.js';
import { GroupBacklog, type MirrorWrite } from './group-backlog.js';
import { epochPattern, mirrorKeys } from './mirror-keys.js';
import { mirrorScript } from './mirror-script.js';

/** The keys vanish this long after the server stops renewing them (contract: Redis). */
const EXPIRE_MS = 15_000;
const RENEW_MS = 5000;
const RETRY_MS = 500;
const ANSWER_MS = 1000;
/** A connection that is not ready after this is given up and made anew. */
const READY_MS = 2000;
const EVENTS_KEPT = 10_000;

type WriteResult = 'written' | 'stale' | 'whole';

export interface MirrorSettings {
  readonly url: string;
  readonly prefix: string;
  readonly serverName: string;
  readonly membersMax: number;
}

export interface MirrorPorts {
  readonly clock: Clock;
  readonly watch: Watcher;
  readonly written: (result: 'written' | 'stale' | 'failed', seconds: number) => void;
}

/**
 * A one-way copy of every group's newest view in Redis, for people to look at. The newest view wins, one write is in flight,
 * and nothing here is ever waited for by a rank.
 */
export class RedisMirror {
  readonly #settings: MirrorSettings;
  readonly #ports: MirrorPorts;
  readonly #redis: Redis;
  readonly #backlogs = new Map<string, GroupBacklog>();
  readonly #toWrite = new Set<string>();
  #state: 'unknown' | 'up' | 'down' = 'unknown';
  #pump: 'idle' | 'writing' | 'closed' = 'idle';
  #retry: Timer | undefined;
  #renew: Timer | undefined;
  #notReadySinceMs: number;

  constructor(settings: MirrorSettings, ports: MirrorPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#notReadySinceMs = ports.clock.monotonicMs();
    this.#redis = new Redis(settings.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: ANSWER_MS,
      commandTimeout: ANSWER_MS,
      retryStrategy: () => RETRY_MS,
      reconnectOnError: error => error.message.startsWith('READONLY'),
    });
    this.#redis.defineCommand('mirrorView', { numberOfKeys: 5, lua: mirrorScript });
    // Every failure shows in `close` and in the commands that it fails; without a listener ioredis prints it.
    this.#redis.on('error', (error: Error) => this.#goneDown(reasonOf(error)));
    this.#redis.on('ready', () => void this.#greet());
    this.#redis.on('close', () => {
      this.#notReadySinceMs = this.#ports.clock.monotonicMs();
      this.#goneDown('connection closed');
    });
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** The most views that any group is ahead of its copy. */
  get lagViews(): number {
    return Math.max(0, ...[...this.#backlogs.values()].map(backlog => backlog.lagViews));
  }

  /** Begins to connect, and goes on trying for as long as it takes. */
  start(): void {
    this.#redis.connect().catch(() => undefined);
    this.#scheduleRenewal();
  }

  /** The largest epoch that any group under this prefix has had; 0 where Redis does not say within `waitMs`. */
  async epochLast(waitMs: number): Promise<number> {
    const silence = new Promise<number>(resolve => this.#ports.clock.after(waitMs, () => resolve(0)));
    return Promise.race([silence, this.#readEpochs().catch(() => 0)]);
  }

  /** A group has a newer view. Returns at once. */
  publish(group: Group, change: RosterChangedEffect): void {
    const backlog = this.#backlogs.get(group.name) ?? new GroupBacklog(group);
    this.#backlogs.set(group.name, backlog);
    backlog.note(group, change);
    this.#toWrite.add(group.name);
    this.#ports.clock.soon(() => void this.#writeAll());
  }

  /** Writes what waits, for at most `graceMs`, then lets go of Redis. */
  async close(graceMs: number): Promise<void> {
    this.#renew?.cancel();
    const until = this.#ports.clock.monotonicMs() + graceMs;
    while (this.#state === 'up' && (this.#toWrite.size > 0 || this.#pump === 'writing')) {
      if (this.#ports.clock.monotonicMs() >= until) break;
      await this.#writeAll();
      await new Promise<void>(resolve => this.#ports.clock.after(10, resolve));
    }
    this.#pump = 'closed';
    this.#retry?.cancel();
    this.#redis.disconnect();
  }

  async #readEpochs(): Promise<number> {
    if (this.#redis.status !== 'ready') {
      await new Promise<void>(resolve => this.#redis.once('ready', () => resolve()));
    }
    let last = 0;
    for await (const keys of this.#redis.scanStream({ match: epochPattern(this.#settings.prefix), count: 1000 })) {
      if ((keys as string[]).length === 0) continue;
      for (const epoch of await this.#redis.mget(keys as string[])) last = Math.max(last, Number(epoch ?? 0));
    }
    return last;
  }

  /** Redis is there (again): whatever it holds now, it gets the newest view. */
  async #greet(): Promise<void> {
    for (const name of this.#backlogs.keys()) this.#toWrite.add(name);
    if (this.#toWrite.size > 0) {
      await this.#writeAll();
      return;
    }
    try {
      await this.#redis.ping();
      this.#goneUp();
    } catch (error) {
      this.#goneDown(reasonOf(error));
    }
  }

  async #writeAll(): Promise<void> {
    if (this.#pump !== 'idle' || this.#redis.status !== 'ready') return;
    this.#pump = 'writing';
    try {
      for (const name of this.#toWrite) {
        this.#toWrite.delete(name);
        const backlog = this.#backlogs.get(name);
        if (backlog !== undefined && !(await this.#writeGroup(name, backlog))) break;
      }
    } finally {
      if (this.#pumpState() === 'writing') this.#pump = 'idle';
    }
  }

  /** Read through a call: it may have changed while a write was awaited. */
  #pumpState(): 'idle' | 'writing' | 'closed' {
    return this.#pump;
  }

  /** False where Redis did not take it: it is tried again later. */
  async #writeGroup(name: string, backlog: GroupBacklog): Promise<boolean> {
    const startedMs = this.#ports.clock.monotonicMs();
    try {
      const write = backlog.next();
      const result = await this.#send(name, write);
      if (result === 'whole') {
        backlog.forget();
        this.#toWrite.add(name);
        return true;
      }
      backlog.wrote(write);
      if (backlog.isOver) this.#backlogs.delete(name);
      this.#ports.written(result, (this.#ports.clock.monotonicMs() - startedMs) / 1000);
      this.#goneUp();
      return true;
    } catch (error) {
      this.#failed(name, error);
      return false;
    }
  }

  #failed(name: string, error: unknown): void {
    this.#toWrite.add(name);
    this.#ports.written('failed', 0);
    this.#goneDown(reasonOf(error));
    // An answer that did not come leaves the connection with commands that may still run; a new one starts clean.
    if (reasonOf(error).includes('timed out')) this.#redis.disconnect(true);
    this.#retry?.cancel();
    this.#retry = this.#ports.clock.after(RETRY_MS, () => void this.#writeAll());
  }

  async #send(name: string, write: MirrorWrite): Promise<WriteResult> {
    const { ranks, members, info, events, epoch } = mirrorKeys(this.#settings.prefix, name);
    const { group } = write;
    const facts = {
      server: this.#settings.serverName,
      epoch: String(group.epoch),
      view: String(write.view),
      size: String(group.roster.size),
      membersMax: String(this.#settings.membersMax),
      updatedAt: new Date(this.#ports.clock.wallMs()).toISOString(),
    };
    const keys = [ranks, members, info, events, epoch];
    const content = [JSON.stringify(facts), JSON.stringify(write.changes), JSON.stringify(write.events)];
    const result: unknown = await (this.#redis as unknown as MirrorCommands).mirrorView(
      ...keys,
      group.epoch,
      write.view,
      write.from,
      ...content,
      EVENTS_KEPT,
      EXPIRE_MS,
    );
    return result as WriteResult;
  }

  #scheduleRenewal(): void {
    this.#renew = this.#ports.clock.after(RENEW_MS, () => {
      for (const name of this.#backlogs.keys()) this.#toWrite.add(name);
      void this.#writeAll();
      this.#scheduleRenewal();
    });
    this.#giveUpOnHungConnection();
  }

  /** A server that accepts and never greets would be waited for without end. */
  #giveUpOnHungConnection(): void {
    const { status } = this.#redis;
    const waitedMs = this.#ports.clock.monotonicMs() - this.#notReadySinceMs;
    if (status === 'connect' && waitedMs > READY_MS) this.#redis.disconnect(true);
  }

  #goneUp(): void {
    if (this.#state === 'up') return;
    this.#state = 'up';
    this.#ports.watch({ event: 'mirror.up', server: this.#server() });
  }

  /** Told once, however often it fails. */
  #goneDown(reason: string): void {
    if (this.#state === 'down' || this.#pump === 'closed') return;
    this.#state = 'down';
    this.#ports.watch({ event: 'mirror.down', server: this.#server(), reason });
  }

  /** Where it is, without what the URL may hold besides. */
  #server(): string {
    const { hostname, port, pathname } = new URL(this.#settings.url);
    return `${hostname}:${port === '' ? '6379' : port}${pathname === '/' ? '' : pathname}`;
  }
}

interface MirrorCommands {
  mirrorView(...keysAndArguments: readonly (string | number)[]): Promise<unknown>;
}

/** The first line of an error: what it is, and nothing that it quotes. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n', 1)[0] ?? error.name).slice(0, 200) : 'unknown';
}
