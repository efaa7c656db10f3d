import type { Clock, Timer } from '../clock.js';
import type { Entry, Group, PendingEffects, ServerEntry } from '../core/index.js';
import type { AcquireResult } from '../log/ordered-log.js';
import { ShardReplica, type ShardReplicaPorts, type ShardResumePoint } from './shard-replica.js';
import { StreamError } from './stream-error.js';

/** How long a shard that nobody needs any more is followed all the same: most who go come back. */
export const LINGER_MS = 10_000;
/** How long a session that needs the shard waits until it is followed, and how long a query does. */
export const REACH_MS = 5000;
export const FOLLOW_MS = 1000;

export interface ShardSubscriptionPorts extends Omit<ShardReplicaPorts, 'resumePoint'> {
  /** Of the incarnation before this one. */
  readonly resumePoint: ShardResumePoint | undefined;
  /** It is followed from here on; timers have to be set for this. */
  readonly entered: (pending: readonly PendingEffects[]) => void;
  /** It is followed no more: these groups are for others to tell of. */
  readonly left: (groups: readonly Group[]) => void;
  /** Why it cannot be followed now; it is tried again. */
  readonly unusable: (reason: string) => void;
}

type ShardState = 'away' | 'entering' | 'followed' | 'leaving' | 'over';

interface Waiting {
  readonly then: (reached: AcquireResult) => void;
  readonly limit: Timer;
}

/** One shard as this server has to do with it, which follows it while it has reason to. */
export class ShardSubscription {
  readonly #ports: ShardSubscriptionPorts;
  readonly #clock: Clock;
  #state: ShardState = 'away';
  #replica: ShardReplica | undefined;
  #resumePoint: ShardResumePoint | undefined;
  /** Sessions that need it. */
  #users = 0;
  #neededAtMs = Number.NEGATIVE_INFINITY;
  #waiting = new Set<Waiting>();

  constructor(means: ShardSubscriptionPorts) {
    this.#ports = means;
    this.#clock = means.clock;
    this.#resumePoint = means.resumePoint;
  }

  /** Its order as it is applied, whether all of it has been read up or not. */
  get replica(): ShardReplica | undefined {
    return this.#replica;
  }

  /** The same, where what it tells is how things stand. */
  get followed(): ShardReplica | undefined {
    return this.#state === 'followed' ? this.#replica : undefined;
  }

  /** For the next incarnation of this server. */
  get resumePoint(): ShardResumePoint | undefined {
    return this.#replica === undefined ? this.#resumePoint : this.#replica.resumePoint;
  }

  /** Does anybody here need it, or has lately? */
  get isNeeded(): boolean {
    return this.#users > 0 || this.#clock.monotonicMs() - this.#neededAtMs < LINGER_MS;
  }

  /** Somebody needs it until release(). Calls back at once where it is followed; `unreachable` where it is not within REACH_MS. */
  use(then: (reached: AcquireResult) => void): void {
    this.#users += 1;
    this.#reach(REACH_MS, then);
  }

  release(): void {
    this.#users -= 1;
    this.#neededAtMs = this.#clock.monotonicMs();
  }

  /** Follows the shard for a query, and LINGER_MS longer. Resolves when it is followed, or after FOLLOW_MS. */
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

  append(entry: Entry | ServerEntry): void {
    // Where nobody here needs it, its owner says the same.
    if (this.#state === 'entering' || this.#state === 'followed') this.#replica?.append(entry);
  }

  /** Comes to it, where it has not; says why where it cannot. */
  follow(): void {
    if (this.#state !== 'away') return;
    this.join().catch((error: unknown) => {
      if (!(error instanceof StreamError)) throw error;
      this.#ports.unusable(error.message);
    });
  }

  /** Comes to it, once. @throws StreamError */
  async join(): Promise<void> {
    this.#state = 'entering';
    const log = new ShardReplica({ ...this.#ports, resumePoint: this.#resumePoint });
    this.#replica = log;
    try {
      await log.join();
    } catch (error) {
      await log.close();
      if (this.#is('entering')) this.#state = 'away';
      throw error;
    }
    if (!this.#is('entering') || !log.isCurrent) return;
    this.#state = 'followed';
    this.#ports.entered(log.pending());
    this.#answerWaiting(this.#waiting, 'reached');
  }

  /** Goes from it; whoever needs it meanwhile waits until it has come back. */
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
    this.#ports.left([...log.coordinator.groups.values()]);
    if (this.#waiting.size > 0) this.follow();
  }

  /** Resolves once nothing of it is under way any more. */
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
