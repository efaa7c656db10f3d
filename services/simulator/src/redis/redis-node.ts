import type { Cancellable, VirtualClock } from '@rankd/testkit';
import { RedisState } from './redis-state.js';
import type { StoredRecord } from './stored-record.js';

/** What Redis answers: a value, or that it refuses. */
export type Answer =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly sentence: string };

export interface Read {
  readonly count: number;
  readonly blockMs: number;
  /** Each log with the id that was read last. */
  readonly logs: readonly (readonly [log: string, after: string])[];
}

interface Waiting<T> {
  readonly wanted: T;
  readonly answer: (answer: Answer) => void;
  readonly timer: Cancellable;
}

/** How long a change is on its way to a replica. */
const REPLICATION_MS = 2;

/** One Redis process: a primary, or a replica of one, with what it holds and whoever waits for something of it. */
export class RedisNode {
  readonly #clock: VirtualClock;
  #state: RedisState;
  #role: 'master' | 'slave' | 'dead' = 'master';
  #replica: RedisNode | undefined;
  #replicating: 'flowing' | 'held' = 'flowing';
  readonly #readers = new Set<Waiting<Read>>();
  readonly #confirming = new Set<Waiting<number>>();
  readonly #onDeath = new Set<() => void>();

  constructor(clock: VirtualClock, state = new RedisState()) {
    this.#clock = clock;
    this.#state = state;
  }

  get state(): RedisState {
    return this.#state;
  }

  get role(): 'master' | 'slave' | 'dead' {
    return this.#role;
  }

  /** How many changes its replica has had. */
  get confirmed(): number {
    return this.#replica === undefined ? 0 : this.#replica.#state.offset;
  }

  /** Makes `replica` one of this: what it held is gone, and it gets what this holds. */
  feed(replica: RedisNode): void {
    replica.#role = 'slave';
    replica.#state = this.#state.until(this.#state.offset);
    this.#replica = replica;
    this.#replicating = 'flowing';
  }

  /** The link to its replica is held up, and what is written meanwhile stands here alone. */
  holdReplication(): void {
    this.#replicating = 'held';
  }

  releaseReplication(): void {
    this.#replicating = 'flowing';
    this.#replicate();
  }

  promote(): void {
    this.#role = 'master';
  }

  die(): void {
    this.#role = 'dead';
    for (const { timer } of [...this.#readers, ...this.#confirming]) timer.cancel();
    this.#readers.clear();
    this.#confirming.clear();
    for (const tell of [...this.#onDeath]) tell();
  }

  /** `tell` is called where it dies first. Returns what ends that. */
  onDeath(tell: () => void): () => void {
    this.#onDeath.add(tell);
    return () => this.#onDeath.delete(tell);
  }

  /** Something has been written: whoever waits for it is answered, and the replica gets it. */
  written(): void {
    for (const reader of [...this.#readers]) {
      const found = this.#find(reader.wanted);
      if (found !== undefined) this.#end(this.#readers, reader, found);
    }
    this.#clock.after(REPLICATION_MS, () => this.#replicate());
  }

  read(wanted: Read, answer: (answer: Answer) => void): void {
    const found = this.#find(wanted);
    if (found !== undefined) answer({ kind: 'value', value: found });
    else this.#wait(this.#readers, wanted, wanted.blockMs, null, answer);
  }

  /** How many replicas have what was written up to `offset`; waits for one, so long. */
  confirm(offset: number, waitMs: number, answer: (answer: Answer) => void): void {
    if (this.#replica !== undefined && this.confirmed >= offset) answer({ kind: 'value', value: 1 });
    else this.#wait(this.#confirming, offset, waitMs, 0, answer);
  }

  #wait<T>(among: Set<Waiting<T>>, wanted: T, ms: number, late: unknown, answer: (answer: Answer) => void): void {
    const waiting = { wanted, answer, timer: this.#clock.after(ms, () => this.#end(among, waiting, late)) };
    among.add(waiting);
  }

  #end<T>(among: Set<Waiting<T>>, waiting: Waiting<T>, value: unknown): void {
    if (!among.delete(waiting)) return;
    waiting.timer.cancel();
    waiting.answer({ kind: 'value', value });
  }

  #find({ logs, count }: Read): readonly (readonly [string, readonly StoredRecord[]])[] | undefined {
    const found = logs.map(([log, after]) => [log, this.#state.after(log, after, count)] as const);
    const some = found.filter(([, records]) => records.length > 0);
    return some.length > 0 ? some : undefined;
  }

  #replicate(): void {
    const replica = this.#replica;
    if (replica?.role !== 'slave' || this.#role !== 'master' || this.#replicating === 'held') return;
    for (const change of this.#state.changesFrom(replica.#state.offset)) replica.#state.change(change);
    for (const waiting of [...this.#confirming]) {
      if (this.confirmed >= waiting.wanted) this.#end(this.#confirming, waiting, 1);
    }
  }
}
