import {
  isServedBy,
  type Entry,
  type RegisteredServer,
  type Group,
  type PendingEffects,
  type ServerId,
} from '../core/index.js';
import { shardOf, shardOwner } from './shard-placement.js';
import type { Groups, OrderedLog, AppliedListener, ReachResult } from '../log/ordered-log.js';
import type { RecordStream } from './stream-port.js';
import { ShardSubscription, type ShardSubscriptionPorts } from './shard-subscription.js';
import type { ShardReplica } from './shard-replica.js';
import type { IncarnationEndReason, ShardResumePoint } from './shard-ports.js';
import { StreamError } from './stream-error.js';

/** How often a server shows that it lives. */
export const HEARTBEAT_MS = 1000;
/** A server that has not been heard by the others for this long cannot know how things stand. */
export const STALE_MS = 2500;
/** How long a server that goes waits to see that it has said so: in the shards, and in the register after that. */
const LEAVE_MS = 1000;
/** Of whom it is remembered that they have gone; who went before is found silent where it still stands. */
const GONE_MAX = 1000;

/** What all of its shards are given, and their streams. */
export interface ClusterLogPorts
  extends Omit<
    ShardSubscriptionPorts,
    'stream' | 'resumePoint' | 'perform' | 'found' | 'serversChanged' | 'entered' | 'left'
  > {
  readonly streams: readonly RecordStream[];
  /** Undefined in the first incarnation of this server. */
  readonly resumePoint: ClusterResumePoint | undefined;
  /** Effects whose timers had other servers, or an earlier incarnation of this one. */
  readonly recall: (pending: PendingEffects) => void;
}

/** What an incarnation of a server leaves to the next one, shard by shard. */
export type ClusterResumePoint = readonly (ShardResumePoint | undefined)[];

/**
 * The order that several servers share, group by group in one of several streams. Of these a server follows those that somebody
 * here needs, those that are its to keep, and the first one, which is the register of all servers.
 */
export class ClusterLog implements OrderedLog {
  readonly groups: Groups;
  readonly #ports: ClusterLogPorts;
  readonly #shards: readonly ShardSubscription[];
  readonly #register: ShardSubscription;
  #perform: AppliedListener = () => undefined;
  #found: (group: Group) => void = () => undefined;
  #left: (groups: readonly Group[]) => void = () => undefined;
  #state: 'open' | 'leaving' | 'over' = 'open';
  #stopHeartbeats: () => void = () => undefined;
  /** Servers that the register has named and names no more, the last GONE_MAX of them. */
  readonly #gone = new Set<ServerId>();
  /** Ends an entering that is under way. */
  #abortJoin: (error: StreamError) => void = () => undefined;

  constructor(ports: ClusterLogPorts) {
    this.#ports = ports;
    this.#shards = ports.streams.map((stream, index) => this.#createSubscription(stream, index));
    const [register] = this.#shards;
    if (register === undefined) throw new Error('a cluster has at least one shard');
    this.#register = register;
    this.groups = {
      get: name => this.#shardOf(name).replica?.coordinator.groups.get(name),
      values: () => this.#allGroups(),
    };
  }

  /** Resolves once this server stands in the order of the shards that are its to follow. @throws StreamError also where a stream breaks meanwhile */
  async join(): Promise<void> {
    const broken = new Promise<never>((_, reject) => (this.#abortJoin = reject));
    await Promise.race([broken, this.#joinShards()]);
    this.#abortJoin = () => undefined;
  }

  onApplied(perform: AppliedListener): void {
    this.#perform = perform;
  }

  onFound(take: (group: Group) => void): void {
    this.#found = take;
  }

  onLeft(drop: (groups: readonly Group[]) => void): void {
    this.#left = drop;
  }

  reach(group: string, then: (reached: ReachResult) => void): void {
    this.#shardOf(group).use(then);
  }

  release(group: string): void {
    this.#shardOf(group).release();
  }

  /** Resolves when this server follows the group, or every group if `group` is undefined; after FOLLOW_MS in any case. */
  async followGroup(group: string | undefined): Promise<void> {
    const shards = group === undefined ? this.#shards : [this.#shardOf(group)];
    await Promise.all(shards.map(async shard => await shard.followBriefly()));
  }

  append(entry: Entry): void {
    if (entry.kind !== 'frozen') this.#shardOf(entry.group).append(entry);
  }

  isCurrent(): boolean {
    return this.#isOpen() && this.#register.followed !== undefined && this.unheardMs < STALE_MS;
  }

  /** The order goes on without this server. */
  freeze(): void {
    return;
  }

  /** For how long nobody has heard this server, in the shard where that is longest. */
  get unheardMs(): number {
    const heardAtMs = this.#followed.reduce((least, log) => Math.min(least, log.heardAtMs), Number.POSITIVE_INFINITY);
    return this.#ports.clock.monotonicMs() - heardAtMs;
  }

  /** Records that were read and wait to be applied. */
  get lagRecords(): number {
    return this.#shards.reduce((sum, { replica: log }) => sum + (log?.lagRecords ?? 0), 0);
  }

  /** The largest epoch of the streams: it rises whenever a server has found Redis again. */
  get epoch(): number {
    return this.#followed.reduce((largest, { place }) => Math.max(largest, place.epoch), 0);
  }

  /** How many streams it follows. */
  get shardsFollowed(): number {
    return this.#followed.length;
  }

  /** The servers of the cluster. */
  get servers(): readonly Pick<RegisteredServer, 'id' | 'name' | 'upAt' | 'applied'>[] {
    const all = this.#register.replica?.registry.servers ?? [];
    return all.map(({ id, name, upAt, applied }) => ({ id, name, upAt, applied }));
  }

  /** For the next incarnation of this server. */
  get resumePoint(): ClusterResumePoint {
    return this.#shards.map(({ resumePoint }) => resumePoint);
  }

  /** The connections to Redis that serve these shards are back. */
  reconnected(shards: readonly number[]): void {
    for (const index of shards) void this.#shards[index]?.followed?.beginEpoch();
  }

  /** Says that this server goes; resolves once that stands in the order, or after a while. In the register last: who has gone from there is gone. */
  async leave(): Promise<void> {
    this.#state = 'leaving';
    this.#stopHeartbeats();
    const others = this.#shards.filter(shard => shard !== this.#register);
    await this.#waitForLeave(Promise.all(others.map(async shard => await shard.leave())));
    await this.#waitForLeave(this.#register.leave());
    await this.close();
  }

  /** Resolves once nothing of it is under way any more. */
  async close(): Promise<void> {
    this.#state = 'over';
    this.#stopHeartbeats();
    await Promise.all(this.#shards.map(async shard => await shard.close()));
  }

  async #waitForLeave(left: Promise<unknown>): Promise<void> {
    const limit = new Promise<void>(resolve => void this.#ports.clock.after(LEAVE_MS, resolve));
    await Promise.race([left, limit]);
  }

  #createSubscription(stream: RecordStream, index: number): ShardSubscription {
    const { resumePoint, recall } = this.#ports;
    return new ShardSubscription({
      ...this.#ports,
      stream,
      resumePoint: resumePoint?.[index],
      perform: (entry, effects, origin) => this.#perform(entry, effects, origin),
      found: group => this.#found(group),
      serversChanged: gone => this.#serversChanged(index, gone),
      entered: pending => {
        for (const each of pending) recall(each);
        for (const log of this.#followed) this.#declareGone(log);
      },
      left: groups => this.#left(groups),
      incarnationEnded: why => this.#endIncarnation(why),
    });
  }

  /** Whoever takes long over the shards lives all the same: it beats in the register meanwhile. */
  async #joinShards(): Promise<void> {
    await this.#register.join();
    if (!this.#isOpen()) return;
    const { server } = this.#ports;
    const servers = this.servers.map(({ id }) => id);
    const kept = this.#shards.filter(
      (shard, index) => shard !== this.#register && shardOwner(index, servers) === server,
    );
    const entering = Promise.all(kept.map(async shard => await shard.join()));
    this.#sendHeartbeats();
    await entering;
  }

  #isOpen(): boolean {
    return this.#state === 'open';
  }

  #endIncarnation(why: IncarnationEndReason): void {
    if (this.#state === 'over') return;
    void this.close();
    this.#abortJoin(new StreamError('unavailable', `the order broke while this server entered it: ${why}`));
    this.#ports.incarnationEnded(why);
  }

  #sendHeartbeats(): void {
    for (const log of this.#followed) log.sendHeartbeat();
    this.#reviewShards();
    const timer = this.#ports.clock.after(HEARTBEAT_MS, () => this.#sendHeartbeats());
    this.#stopHeartbeats = () => timer.cancel();
  }

  /** Comes to what somebody here needs or is this server's to keep, and goes from what is neither, where another keeps it. */
  #reviewShards(): void {
    const servers = this.#register.followed?.registry.servers.map(({ id }) => id);
    if (servers === undefined || !this.#isOpen()) return;
    for (const [index, shard] of this.#shards.entries()) {
      if (shard === this.#register) continue;
      const owner = shardOwner(index, servers);
      if (owner === this.#ports.server || shard.isNeeded) shard.follow();
      else if (owner !== undefined && this.#isDispensable(shard, owner)) void shard.leave();
    }
  }

  #isDispensable({ followed }: ShardSubscription, owner: ServerId): boolean {
    if (followed?.registry.server(owner) === undefined) return false;
    const isOurs = (session: string): boolean => isServedBy(session, this.#ports.server);
    return ![...followed.coordinator.groups.values()].some(group => group.involves(isOurs));
  }

  #serversChanged(index: number, gone: ServerId | undefined): void {
    if (this.#shards[index] !== this.#register) return;
    if (gone !== undefined) this.#rememberGone(gone);
    for (const log of this.#followed) this.#declareGone(log);
    this.#reviewShards();
  }

  #rememberGone(gone: ServerId): void {
    this.#gone.add(gone);
    const [oldest = gone] = this.#gone;
    if (this.#gone.size > GONE_MAX) this.#gone.delete(oldest);
  }

  /** Who has gone from the register is gone from everywhere; its shards need not wait for silence. */
  #declareGone(log: ShardReplica): void {
    if (log === this.#register.replica) return;
    const at = this.#ports.clock.wallMs();
    for (const { id: server } of log.registry.servers) {
      if (this.#gone.has(server)) log.append({ kind: 'server-lost', at, server, evidence: 'register' });
    }
  }

  get #followed(): readonly ShardReplica[] {
    return this.#shards.flatMap(({ followed }) => followed ?? []);
  }

  #shardOf(group: string): ShardSubscription {
    const shard = this.#shards[shardOf(group, this.#shards.length)];
    if (shard === undefined) throw new Error('a cluster has at least one shard');
    return shard;
  }

  *#allGroups(): Generator<Group, void, undefined> {
    for (const { replica: log } of this.#shards) if (log !== undefined) yield* log.coordinator.groups.values();
  }
}
