/** The shards of a cluster: which a group is in, and which this server follows. */

import type { Group, ServerId } from '../core/index.js';
import type { Groups } from '../log/ordered-log.js';
import { shardOf, shardOwner } from './shard-placement.js';
import type { ShardReplica } from './shard-replica.js';
import type { ShardSubscription } from './shard-subscription.js';

/** All shards, by index. */
export class ShardSet {
  readonly all: readonly ShardSubscription[];
  /** Shard 0, which lists the servers. Every server follows it. */
  readonly register: ShardSubscription;
  /** The groups of the shards that this server has read. */
  readonly groups: Groups;

  constructor(all: readonly ShardSubscription[]) {
    const [register] = all;
    if (register === undefined) throw new Error('a cluster has at least one shard');
    this.all = all;
    this.register = register;
    this.groups = {
      get: name => this.of(name).replica?.coordinator.groups.get(name),
      values: () => this.#allGroups(),
    };
  }

  /** Returns the shard of a group. */
  of(group: string): ShardSubscription {
    return this.all[shardOf(group, this.all.length)] ?? this.register;
  }

  /** The shards that this server follows. */
  get followed(): readonly ShardReplica[] {
    return this.all.flatMap(({ followed }) => followed ?? []);
  }

  /** The number of records that were read and not applied yet. */
  get lagRecords(): number {
    return this.all.reduce((sum, { replica }) => sum + (replica?.lagRecords ?? 0), 0);
  }

  /** What this server waits for until it follows a shard, for people. Undefined if it waits for none. */
  get waitsFor(): string | undefined {
    return this.all.flatMap(({ waitsFor }, index) => (waitsFor === undefined ? [] : `shard ${index}: ${waitsFor}`))[0];
  }

  /** Returns the shards besides the register that `server` owns, if these are the servers of the cluster. */
  ownedBy(server: ServerId, servers: readonly ServerId[]): readonly ShardSubscription[] {
    return this.all.filter((shard, index) => shard !== this.register && shardOwner(index, servers) === server);
  }

  /** Follows the shards that sessions of `server` need or that it owns. Leaves the others when their owner follows them. */
  review(server: ServerId, servers: readonly ServerId[]): void {
    for (const [index, shard] of this.all.entries()) {
      if (shard === this.register) continue;
      const owner = shardOwner(index, servers);
      if (owner === server || shard.isNeeded) shard.follow();
      else if (owner !== undefined && canLeave(shard, owner, server)) void shard.leave();
    }
  }

  *#allGroups(): Generator<Group, void, undefined> {
    for (const { replica } of this.all) if (replica !== undefined) yield* replica.coordinator.groups.values();
  }
}

/** Whether the owner follows the shard, and no session of `server` belongs to one of its groups. */
function canLeave(shard: ShardSubscription, owner: ServerId, server: ServerId): boolean {
  return shard.followed?.registry.server(owner) !== undefined && !shard.hasSessionsOf(server);
}
