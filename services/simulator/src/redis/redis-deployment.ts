/** A simulated primary and replica, with failover and restart. */

import type { ShardKeys } from 'rankd/dist/redis-stream/keys.js';
import type { VirtualClock } from '@rankd/testkit';
import { WallClock } from '../participants/wall-clock.js';
import { RedisNode } from './redis-node.js';
import type { RedisState } from './redis-state.js';

/** Observes the data in Redis. */
export interface RedisProbe {
  /** Called when a primary has written. `epoch` is that of an append, undefined for other writes. */
  readonly recordWritten: (state: RedisState, epoch: number | undefined) => void;
  /** Called when a replica has taken over, or when the primary has restarted from its disk. `state` is the data from then on. */
  readonly recordTakeover: (state: RedisState, by: 'replica' | 'disk') => void;
}

/** A simulated Redis deployment: a primary, its replica, and the failover from one to the other. */
export class RedisDeployment {
  /** The clock of the machine of Redis. */
  readonly wall: WallClock;
  readonly #clock: VirtualClock;
  readonly #probe: RedisProbe;
  readonly #keys: ShardKeys;
  #primary: RedisNode;
  #replica: RedisNode;
  #durableOffset = 0;

  constructor(clock: VirtualClock, keys: ShardKeys, probe: RedisProbe) {
    this.#clock = clock;
    this.wall = new WallClock(clock);
    this.#keys = keys;
    this.#probe = probe;
    this.#primary = new RedisNode(clock);
    this.#replica = new RedisNode(clock);
    this.#primary.attachReplica(this.#replica);
  }

  /** The primary, to which new connections are made. */
  get primary(): RedisNode {
    return this.#primary;
  }

  /** Reports a write on a node to the probe and to its readers. */
  handleWritten(node: RedisNode, epoch: number | undefined): void {
    this.#probe.recordWritten(node.state, epoch);
    node.handleWritten();
  }

  /** Makes the current data durable. No later restart loses the data, so servers can always start again. */
  markDurable(): void {
    this.#durableOffset = this.#primary.state.offset;
  }

  /** Kills the primary. After `downMs` its replica takes over with its data, and gets a replica itself. */
  failOver(downMs: number): void {
    const dead = this.#primary;
    if (dead.role === 'dead') return;
    dead.kill();
    this.#clock.after(downMs, () => {
      this.#primary = this.#replica;
      this.#primary.promote();
      this.#attachReplica('replica');
    });
  }

  /** Kills the primary and restarts it after `downMs`, without the last `changesLost` changes, which were not on its disk. */
  restart(downMs: number, changesLost: number): void {
    const dead = this.#primary;
    if (dead.role === 'dead') return;
    dead.kill();
    this.#clock.after(downMs, () => {
      this.#primary = new RedisNode(
        this.#clock,
        dead.state.copyUntil(Math.max(this.#durableOffset, dead.state.offset - changesLost)),
      );
      this.#attachReplica('disk');
    });
  }

  /** Trims the stream up to the newest snapshot, even if servers have not read that far. */
  trimToSnapshot(): void {
    const { state, role } = this.#primary;
    const newest = String(state.readField(this.#keys.snapshots, 'a') ?? '');
    if (role === 'dead' || newest === '' || state.record(this.#keys.log, newest) === undefined) return;
    state.change({ kind: 'trimmed', key: this.#keys.log, before: newest });
    this.#primary.handleWritten();
  }

  #attachReplica(by: 'replica' | 'disk'): void {
    this.#replica = new RedisNode(this.#clock);
    this.#primary.attachReplica(this.#replica);
    this.#probe.recordTakeover(this.#primary.state, by);
  }
}
