import { Redis } from 'ioredis';
import type { Clock, Timer } from '../clock.js';
import type { Group, Member, RosterChangedEffect } from '../core/index.js';
import type { Watcher } from '../server-event.js';
import { GroupBacklog, type MirrorWrite } from './group-backlog.js';
import { mirrorKeys } from './mirror-keys.js';
import { mirrorScript } from './mirror-script.js';
import { noPast, readPast, type Past } from './past.js';

/** The keys vanish this long after the server stops renewing them (contract: Redis). */
const EXPIRE_MS = 15_000;
const RENEW_MS_MAX = 5000;
const RETRY_MS = 500;
/** Rights do not come back by asking: no faster than this. */
const RETRY_REFUSED_MS = 5000;
const ANSWER_MS = 1000;
/** A connection that is not ready after this is given up and made anew. */
const READY_MS = 2000;
/** How long a connection that is given up may take to close by itself. */
const FAREWELL_MS = 100;
const EVENTS_KEPT = 10_000;
/** Groups that have ended and that Redis has not heard of; past it the oldest are let go, and their keys expire. */
const ENDED_GROUPS_MAX = 100;

const CLOSED = 'connection closed';

/** `resting`: a write failed, and nothing is written until it is time to try again. */
type Pump = 'idle' | 'writing' | 'resting' | 'closed';
type WriteResult = 'written' | 'stale' | 'whole';

export interface MirrorSettings {
  readonly url: string;
  readonly prefix: string;
  readonly serverName: string;
  readonly membersMax: number;
  readonly groupsMax: number;
  /** How long Redis keeps the order for a restart. */
  readonly orderTtlMs: number;
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
  /** Groups whose last write failed: the mirror is up again when there is none. */
  readonly #failing = new Set<string>();
  /** Groups that nobody is in any more, oldest first. */
  readonly #ended = new Set<string>();
  #state: 'unknown' | 'up' | 'down' = 'unknown';
  #pump: Pump = 'idle';
  #refusal = '';
  #retry: Timer | undefined;
  #renew: Timer | undefined;
  #notReadySinceMs: number;

  constructor(settings: MirrorSettings, ports: MirrorPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#notReadySinceMs = ports.clock.monotonicMs();
    this.#redis = this.#connection();
    this.#redis.defineCommand('mirrorView', { numberOfKeys: 6, lua: mirrorScript });
    // Every failure shows in `close` and in the commands that it fails; without a listener ioredis prints it.
    this.#redis.on('error', (error: Error) => this.#goneDown(reasonOf(error)));
    this.#redis.on('ready', () => void this.#greet());
    this.#redis.on('close', () => {
      this.#notReadySinceMs = this.#ports.clock.monotonicMs();
      this.#goneDown(CLOSED);
    });
  }

  /** @throws an error that does not quote the URL, which may hold a password. */
  #connection(): Redis {
    try {
      return new Redis(this.#settings.url, {
        lazyConnect: true,
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
        maxRetriesPerRequest: 0,
        connectTimeout: ANSWER_MS,
        commandTimeout: ANSWER_MS,
        disconnectTimeout: FAREWELL_MS,
        retryStrategy: () => this.#retryMs(),
        reconnectOnError: error => error.message.includes('READONLY'),
      });
    } catch {
      throw new Error('RANKD_REDIS_URL is not a URL that Redis can be reached by');
    }
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Why it is not up, so far as it knows. */
  get reason(): string | undefined {
    if (this.#state === 'up') return undefined;
    if (this.#state === 'unknown') return 'not connected yet';
    return this.#refusal === '' ? CLOSED : this.#refusal;
  }

  /** The most views that any group is ahead of its copy. */
  get lagViews(): number {
    let most = 0;
    for (const backlog of this.#backlogs.values()) most = Math.max(most, backlog.lagViews);
    return most;
  }

  /** Begins to connect, and goes on trying for as long as it takes. */
  start(): void {
    this.#redis.connect().catch(() => undefined);
    this.#scheduleRenewal();
  }

  /** What Redis has of before this start; what it has not said within `waitMs` is left out (R-VIEW-6). */
  async past(waitMs: number): Promise<Past> {
    const past = noPast();
    let timer: Timer | undefined;
    const silence = new Promise<void>(resolve => {
      timer = this.#ports.clock.after(waitMs, resolve);
    });
    await Promise.race([
      silence,
      readPast(this.#redis, this.#settings.prefix, this.#settings, past).catch(() => undefined),
    ]);
    timer?.cancel();
    // A copy: a reading that goes on all the same changes nothing any more.
    return { epochLast: past.epochLast, orders: new Map(past.orders) };
  }

  /** A member's seat has another secret; its view is the same. Returns at once. */
  publishSeat(group: Group, member: Member): void {
    const backlog = this.#backlogs.get(group.name);
    if (backlog === undefined) return;
    backlog.noteSeat(member);
    this.#toWrite.add(group.name);
    this.#ports.clock.soon(() => void this.#writeAll());
  }

  /** A group has a newer view. Returns at once. */
  publish(group: Group, change: RosterChangedEffect): void {
    const backlog = this.#backlogs.get(group.name) ?? new GroupBacklog(group);
    this.#backlogs.set(group.name, backlog);
    backlog.note(group, change);
    this.#toWrite.add(group.name);
    if (backlog.isEmpty) this.#noteEnded(group.name);
    else this.#ended.delete(group.name);
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

  /** Redis is there (again): whatever it holds now, it gets the newest view. */
  async #greet(): Promise<void> {
    this.#retry?.cancel();
    if (this.#pump === 'resting') this.#pump = 'idle';
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
    for (const name of this.#toWrite) {
      this.#toWrite.delete(name);
      const backlog = this.#backlogs.get(name);
      if (backlog !== undefined && !(await this.#writeGroup(name, backlog))) return;
    }
    if (this.#pumpState() === 'writing') this.#pump = 'idle';
  }

  /** Read through a call: it may have changed while a write was awaited. */
  #pumpState(): Pump {
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
      if (backlog.isOver) this.#drop(name);
      this.#ports.written(result, (this.#ports.clock.monotonicMs() - startedMs) / 1000);
      this.#failing.delete(name);
      if (this.#failing.size === 0) this.#goneUp();
      return true;
    } catch (error) {
      this.#failed(name, error);
      return false;
    }
  }

  #failed(name: string, error: unknown): void {
    this.#toWrite.add(name);
    this.#failing.add(name);
    this.#ports.written('failed', 0);
    this.#goneDown(reasonOf(error));
    if (this.#pumpState() === 'closed') return;
    this.#pump = 'resting';
    // An answer that did not come leaves the connection with commands that may still run; a new one starts clean.
    if (reasonOf(error).includes('timed out')) this.#redis.disconnect(true);
    this.#retry?.cancel();
    this.#retry = this.#ports.clock.after(this.#retryMs(), () => {
      if (this.#pump === 'resting') this.#pump = 'idle';
      void this.#writeAll();
    });
  }

  #retryMs(): number {
    return /\b(WRONGPASS|NOAUTH|NOPERM)\b/.test(this.#refusal) ? RETRY_REFUSED_MS : RETRY_MS;
  }

  /** Groups come and go while Redis is away, and none of them may be remembered for ever. */
  #noteEnded(name: string): void {
    this.#ended.delete(name);
    this.#ended.add(name);
    if (this.#ended.size <= ENDED_GROUPS_MAX) return;
    const [oldest = name] = this.#ended;
    this.#drop(oldest);
  }

  #drop(name: string): void {
    for (const names of [this.#backlogs, this.#toWrite, this.#failing, this.#ended]) names.delete(name);
  }

  async #send(name: string, write: MirrorWrite): Promise<WriteResult> {
    const { ranks, members, info, events, epoch, seats } = mirrorKeys(this.#settings.prefix, name);
    const { group } = write;
    const facts = {
      server: this.#settings.serverName,
      epoch: String(group.epoch),
      view: String(write.view),
      size: String(group.roster.size),
      membersMax: String(this.#settings.membersMax),
      updatedAt: new Date(this.#ports.clock.wallMs()).toISOString(),
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

  #scheduleRenewal(): void {
    // The seats may be set to expire sooner than the rest, and must not while the server lives.
    const renewMs = Math.min(RENEW_MS_MAX, this.#settings.orderTtlMs / 3);
    this.#renew = this.#ports.clock.after(renewMs, () => {
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
    this.#refusal = '';
    if (this.#state === 'up') return;
    this.#state = 'up';
    this.#ports.watch({ event: 'mirror.up', server: this.#server() });
  }

  /** Told once, however often it fails. */
  #goneDown(reason: string): void {
    // That the connection then closes is no news.
    if (reason !== CLOSED) this.#refusal = reason;
    if (this.#state === 'down' || this.#pump === 'closed') return;
    this.#state = 'down';
    this.#ports.watch({ event: 'mirror.down', server: this.#server(), reason });
  }

  /** Where it is, without what the URL may hold besides. */
  #server(): string {
    if (!URL.canParse(this.#settings.url)) return 'an address that cannot be read';
    const { hostname, port, pathname } = new URL(this.#settings.url);
    return `${hostname}:${port === '' ? '6379' : port}${pathname === '/' ? '' : pathname}`;
  }
}

interface MirrorCommands {
  mirrorView(...keysAndArguments: readonly (string | number)[]): Promise<unknown>;
}

/** The first line of an error: what it is, and nothing that it quotes. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { message, name, code } = error as NodeJS.ErrnoException;
  // Where a name stands for several addresses, the error of all of them has a code and no message.
  return (message === '' ? (code ?? name) : (message.split('\n', 1)[0] ?? name)).slice(0, 200);
}
