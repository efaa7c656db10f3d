/** Follows one shard while this server needs it. */

import type { Clock, Timer } from '../clock.js';
import {
  type Entry,
  type Group,
  isServedBy,
  type PendingEffects,
  type ServerEntry,
  type ServerId,
} from '../core/index.js';
import type { AcquireResult } from '../log/ordered-log.js';
import { keepIncarnation, ResumeTracker, type ShardResumePoint } from './lost-history/resume-point.js';
import { ShardReplica } from './shard-replica.js';
import type { ShardReplicaListener, ShardReplicaPorts, ShardSettings } from './cluster-ports.js';
import { StreamError } from './stream-error.js';

/** How long this server follows a shard after the last use. Most clients reconnect within this time. */
export const LINGER_MS = 10_000;
/** How long a session waits until this server follows its shard. */
export const REACH_MS = 5000;
/** How long a query waits until this server follows a shard. */
export const FOLLOW_MS = 1000;

/** Receives what happens to a ShardSubscription and to its replica. */
export interface ShardSubscriptionListener extends ShardReplicaListener {
  /** This server follows the shard now. It has to set the timers of `pending`. */
  readonly onFollowed: (pending: readonly PendingEffects[]) => void;
  /** This server has left the shard with these groups. Other servers serve them. */
  readonly onGroupsUnloaded: (groups: readonly Group[]) => void;
  /** An attempt to follow the shard has failed. It is repeated while this server needs or owns the shard. */
  readonly onUnusable: (reason: string) => void;
}

/** The functions and values that a ShardSubscription gets from its owner. */
export interface ShardSubscriptionPorts extends ShardReplicaPorts {
  readonly listener: ShardSubscriptionListener;
}

/**
 * Whether the shard is followed. `entering` and `leaving` last until the replica has joined or left the shard. `over`: the incarnation
 * has ended.
 */
type ShardState = 'away' | 'entering' | 'followed' | 'leaving' | 'over';

/** A session or a query that waits at most until `limit` for the shard to be followed. */
interface Waiting {
  readonly then: (reached: AcquireResult) => void;
  readonly limit: Timer;
}

/** Follows one shard while sessions or queries of this server use it, or while this server owns it. */
export class ShardSubscription {
  readonly #settings: ShardSettings;
  readonly #ports: ShardSubscriptionPorts;
  readonly #clock: Clock;
  #state: ShardState = 'away';
  #replica: ShardReplica | undefined;
  #resumePoint: ShardResumePoint | undefined;
  /** The number of the last batch of a join that failed. */
  #lastBatch = 0;
  /** The number of sessions that need the shard. */
  #users = 0;
  #neededAtMs = Number.NEGATIVE_INFINITY;
  #waiting = new Set<Waiting>();

  /** `resumePoint` is that of the incarnation before this one. It is undefined in the first one. */
  constructor(settings: ShardSettings, resumePoint: ShardResumePoint | undefined, ports: ShardSubscriptionPorts) {
    this.#settings = settings;
    this.#resumePoint = resumePoint;
    this.#ports = ports;
    this.#clock = ports.clock;
  }

  /** The replica of the shard. It may still read the records from before its join. Undefined if the shard is not followed. */
  get replica(): ShardReplica | undefined {
    return this.#replica;
  }

  /** The replica if it has joined the shard, else undefined. */
  get followed(): ShardReplica | undefined {
    return this.#state === 'followed' ? this.#replica : undefined;
  }

  /** What this server waits for until it follows the shard, for people. Undefined if it does not wait. */
  get waitsFor(): string | undefined {
    return this.#state === 'entering' ? this.#replica?.waitsFor : undefined;
  }

  /** Where the next incarnation of this server starts to follow the shard. */
  get resumePoint(): ShardResumePoint | undefined {
    return this.#replica === undefined ? this.#resumePoint : this.#replica.resumePoint;
  }

  /**
   * Reports a loss if Redis no longer has the last record that this server has read in the shard. Called before the first join.
   * @throws StreamError `unavailable` if Redis fails.
   */
  async checkHistory(): Promise<void> {
    const { stream, lostHistory } = this.#ports;
    if (this.#resumePoint === undefined) return;
    await new ResumeTracker(this.#settings.server, this.#resumePoint, { stream, lostHistory }).checkHistory();
    if (this.#is('away')) await stream.close();
  }

  /** Whether a session needs the shard, or the last use by a session or a query is less than LINGER_MS ago. */
  get isNeeded(): boolean {
    return this.#users > 0 || this.#clock.monotonicMs() - this.#neededAtMs < LINGER_MS;
  }

  /** Whether a session of the server `server` belongs to one of the groups. False if the shard is not followed. */
  hasSessionsOf(server: ServerId): boolean {
    const isOurs = (session: string): boolean => isServedBy(session, server);
    return [...(this.followed?.coordinator.groups.values() ?? [])].some(group => group.involves(isOurs));
  }

  /**
   * Follows the shard for a session until release(). Calls `then` with `reached` when the shard is followed, or with `unreachable` after
   * REACH_MS.
   */
  use(then: (reached: AcquireResult) => void): void {
    this.#users += 1;
    this.#reach(REACH_MS, then);
  }

  /** See `OrderedLog.awaitServersOf`. */
  awaitServersOf(group: string, then: (result: AcquireResult) => void): void {
    if (this.followed === undefined) then('unreachable');
    else void this.followed.awaitServersOf(group).then(result => then(result === 'met' ? 'reached' : 'unreachable'));
  }

  /** Ends one use(): a session does not need the shard any longer. */
  release(): void {
    this.#users -= 1;
    this.#neededAtMs = this.#clock.monotonicMs();
  }

  /** Follows the shard for a query, and for LINGER_MS after it. Resolves when the shard is followed, or after FOLLOW_MS. */
  async followBriefly(): Promise<void> {
    await new Promise<AcquireResult>(resolve => this.#reach(FOLLOW_MS, resolve));
  }

  #reach(limitMs: number, then: (reached: AcquireResult) => void): void {
    this.#neededAtMs = this.#clock.monotonicMs();
    if (this.#state === 'followed' || this.#state === 'over') {
      then(this.#state === 'followed' ? 'reached' : 'unreachable');
      return;
    }
    const waiting: Waiting = {
      then,
      limit: this.#clock.after(limitMs, () => this.#answerWaiting([waiting], 'unreachable')),
    };
    this.#waiting.add(waiting);
    this.follow();
  }

  /** Appends an entry if this server follows or joins the shard. Drops it otherwise. */
  append(entry: Entry | ServerEntry): void {
    // No session of this server needs the shard then, so a dropped entry comes from a timer. The owner of the shard has the same timer and
    // appends the same entry.
    if (this.#state === 'entering' || this.#state === 'followed') this.#replica?.append(entry);
  }

  /** Joins the shard if this server does not follow it. Reports a failure to onUnusable. */
  follow(): void {
    if (this.#state !== 'away') return;
    this.join().catch((error: unknown) => {
      if (!(error instanceof StreamError)) throw error;
      this.#ports.listener.onUnusable(error.message);
    });
  }

  /**
   * Joins the shard, in one attempt.
   * @throws StreamError if the stream cannot be opened or read.
   */
  async join(): Promise<void> {
    this.#state = 'entering';
    const log = new ShardReplica(this.#settings, this.#resumePoint, this.#ports, this.#lastBatch);
    this.#replica = log;
    try {
      await log.join();
    } catch (error) {
      await log.close();
      this.#resumePoint = keepIncarnation(log.resumePoint, this.#resumePoint);
      this.#lastBatch = Math.max(this.#lastBatch, log.lastBatch);
      if (this.#is('entering')) this.#state = 'away';
      throw error;
    }
    if (!this.#is('entering') || !log.isCurrent) return;
    this.#state = 'followed';
    log.endIfThrows(() => this.#ports.listener.onFollowed(log.pending()));
    this.#answerWaiting(this.#waiting, 'reached');
  }

  /** Leaves the shard. When it has left, joins again if a session or a query needs the shard. */
  async leave(): Promise<void> {
    const log = this.followed;
    if (log === undefined) return;
    this.#state = 'leaving';
    await log.leave();
    await log.close();
    this.#resumePoint = log.resumePoint;
    if (!this.#is('leaving')) return;
    this.#state = 'away';
    this.#replica = undefined;
    this.#ports.listener.onGroupsUnloaded([...log.coordinator.groups.values()]);
    if (this.#waiting.size > 0) this.follow();
  }

  /** Stops following the shard, without an announcement. Resolves when no operation is in progress. */
  async close(): Promise<void> {
    this.#state = 'over';
    this.#answerWaiting(this.#waiting, 'unreachable');
    await this.#replica?.close();
  }

  #is(state: ShardState): boolean {
    return this.#state === state;
  }

  #answerWaiting(waiting: Iterable<Waiting>, reached: AcquireResult): void {
    for (const each of [...waiting]) {
      each.limit.cancel();
      if (this.#waiting.delete(each)) each.then(reached);
    }
  }
}
