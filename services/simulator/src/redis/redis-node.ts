/** A simulated Redis process. */

import type { Cancellable, VirtualClock } from '@rankd/testkit';
import { RedisState } from './redis-state.js';
import type { StoredRecord } from './stored-record.js';

/** An answer of Redis: a value or an error. */
export type Answer =
  { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'refused'; readonly sentence: string };

/** The arguments of an XREAD. */
export interface Read {
  readonly count: number;
  readonly blockMs: number;
  /** Each stream and the last id that was read. */
  readonly logs: readonly (readonly [log: string, after: string])[];
}

interface Waiter<T> {
  readonly wanted: T;
  readonly answer: (answer: Answer) => void;
  readonly timer: Cancellable;
}

/** The delay of replication, ms. */
const REPLICATION_MS = 2;

/** A simulated Redis process, primary or replica: its data, blocked reads and pending WAITs. */
export class RedisNode {
  readonly #clock: VirtualClock;
  #state: RedisState;
  #role: 'master' | 'slave' | 'dead' = 'master';
  #replica: RedisNode | undefined;
  #replicating: 'flowing' | 'held' = 'flowing';
  readonly #readers = new Set<Waiter<Read>>();
  readonly #replicaWaiters = new Set<Waiter<number>>();
  readonly #onDeath = new Set<() => void>();

  constructor(clock: VirtualClock, state = new RedisState()) {
    this.#clock = clock;
    this.#state = state;
  }

  /** The data of this node. */
  get state(): RedisState {
    return this.#state;
  }

  /** The role in the words of Redis, or `dead` after `kill`. */
  get role(): 'master' | 'slave' | 'dead' {
    return this.#role;
  }

  /** How many changes its replica has applied. */
  get replicatedOffset(): number {
    return this.#replica === undefined ? 0 : this.#replica.#state.offset;
  }

  /** Makes `replica` a replica of this node. Its data is replaced by that of this node. */
  attachReplica(replica: RedisNode): void {
    replica.#role = 'slave';
    replica.#state = this.#state.copyUntil(this.#state.offset);
    this.#replica = replica;
    this.#replicating = 'flowing';
  }

  /** Pauses replication: later writes are only on this node. */
  holdReplication(): void {
    this.#replicating = 'held';
  }

  /** Continues replication. */
  releaseReplication(): void {
    this.#replicating = 'flowing';
    this.#replicate();
  }

  /** Makes this node the primary. */
  promote(): void {
    this.#role = 'master';
  }

  /** Kills the process. Its connections close. */
  kill(): void {
    this.#role = 'dead';
    for (const { timer } of [...this.#readers, ...this.#replicaWaiters]) timer.cancel();
    this.#readers.clear();
    this.#replicaWaiters.clear();
    for (const tell of [...this.#onDeath]) tell();
  }

  /** Calls the function when the process dies. Returns a function that removes it. */
  onDeath(tell: () => void): () => void {
    this.#onDeath.add(tell);
    return () => this.#onDeath.delete(tell);
  }

  /** Answers blocked reads after a write, and replicates it. */
  handleWritten(): void {
    for (const reader of [...this.#readers]) {
      const found = this.#findRecords(reader.wanted);
      if (found !== undefined) this.#answerWaiter(this.#readers, reader, found);
    }
    this.#clock.after(REPLICATION_MS, () => this.#replicate());
  }

  /** Runs an XREAD: answers with new records, or with null after `blockMs`. */
  readStreams(wanted: Read, answer: (answer: Answer) => void): void {
    const found = this.#findRecords(wanted);
    if (found !== undefined) answer({ kind: 'value', value: found });
    else this.#addWaiter(this.#readers, wanted, wanted.blockMs, null, answer);
  }

  /** Runs a WAIT: answers with 1 when the replica has all changes up to `offset`, or with 0 after `waitMs`. */
  waitForReplica(offset: number, waitMs: number, answer: (answer: Answer) => void): void {
    if (this.#replica !== undefined && this.replicatedOffset >= offset) answer({ kind: 'value', value: 1 });
    else this.#addWaiter(this.#replicaWaiters, offset, waitMs, 0, answer);
  }

  #addWaiter<T>(among: Set<Waiter<T>>, wanted: T, ms: number, late: unknown, answer: (answer: Answer) => void): void {
    const waiting = { wanted, answer, timer: this.#clock.after(ms, () => this.#answerWaiter(among, waiting, late)) };
    among.add(waiting);
  }

  #answerWaiter<T>(among: Set<Waiter<T>>, waiting: Waiter<T>, value: unknown): void {
    if (!among.delete(waiting)) return;
    waiting.timer.cancel();
    waiting.answer({ kind: 'value', value });
  }

  #findRecords({ logs, count }: Read): readonly (readonly [string, readonly StoredRecord[]])[] | undefined {
    const found = logs.map(([log, after]) => [log, this.#state.recordsAfter(log, after, count)] as const);
    const some = found.filter(([, records]) => records.length > 0);
    return some.length > 0 ? some : undefined;
  }

  #replicate(): void {
    const replica = this.#replica;
    if (replica?.role !== 'slave' || this.#role !== 'master' || this.#replicating === 'held') return;
    for (const change of this.#state.changesFrom(replica.#state.offset)) replica.#state.change(change);
    for (const waiting of [...this.#replicaWaiters]) {
      if (this.replicatedOffset >= waiting.wanted) this.#answerWaiter(this.#replicaWaiters, waiting, 1);
    }
  }
}
