import type { ShardKeys } from '@rankd/server/dist/redis-stream/keys.js';
import type { VirtualClock } from '@rankd/testkit';
import { RedisNode } from './redis-node.js';
import type { RedisState } from './redis-state.js';

/** Who sees what becomes of what stands in Redis. */
export interface RedisProbe {
  /** A primary has done what somebody asked of it; `epoch`: what an append was meant for. */
  readonly written: (state: RedisState, epoch: number | undefined) => void;
  /** From here on this stands, of what stood; a replica has taken over, or the primary came back with what its disk had. */
  readonly takenOver: (state: RedisState, by: 'replica' | 'disk') => void;
}

/** A primary, its replica, and whoever names the replica in the primary's place once that is dead. */
export class RedisDeployment {
  readonly #clock: VirtualClock;
  readonly #probe: RedisProbe;
  readonly #keys: ShardKeys;
  #primary: RedisNode;
  #replica: RedisNode;
  #secured = 0;

  constructor(clock: VirtualClock, keys: ShardKeys, probe: RedisProbe) {
    this.#clock = clock;
    this.#keys = keys;
    this.#probe = probe;
    this.#primary = new RedisNode(clock);
    this.#replica = new RedisNode(clock);
    this.#primary.feed(this.#replica);
  }

  /** Where a new connection leads. */
  get primary(): RedisNode {
    return this.#primary;
  }

  written(node: RedisNode, epoch: number | undefined): void {
    this.#probe.written(node.state, epoch);
    node.written();
  }

  /** What it holds now is written down wherever it has to be: no fault loses so much that nobody could begin again. */
  secure(): void {
    this.#secured = this.#primary.state.offset;
  }

  /** The primary dies; after `downMs` its replica takes over with what it has, and has a replica itself. */
  failOver(downMs: number): void {
    const dead = this.#primary;
    if (dead.role === 'dead') return;
    dead.die();
    this.#clock.after(downMs, () => {
      this.#primary = this.#replica;
      this.#primary.promote();
      this.#begin('replica');
    });
  }

  /** The primary dies and comes back by itself, with all but the last changes: its disk did not have them. */
  restart(downMs: number, changesLost: number): void {
    const dead = this.#primary;
    if (dead.role === 'dead') return;
    dead.die();
    this.#clock.after(downMs, () => {
      this.#primary = new RedisNode(
        this.#clock,
        dead.state.until(Math.max(this.#secured, dead.state.offset - changesLost)),
      );
      this.#begin('disk');
    });
  }

  /** Somebody lets go of all that the newest snapshot makes dispensable, however far the servers have read. */
  trimToSnapshot(): void {
    const { state, role } = this.#primary;
    const newest = String(state.field(this.#keys.snapshots, 'a') ?? '');
    if (role === 'dead' || newest === '' || state.record(this.#keys.log, newest) === undefined) return;
    state.change({ kind: 'trimmed', key: this.#keys.log, before: newest });
    this.#primary.written();
  }

  #begin(by: 'replica' | 'disk'): void {
    this.#replica = new RedisNode(this.#clock);
    this.#primary.feed(this.#replica);
    this.#probe.takenOver(this.#primary.state, by);
  }
}
