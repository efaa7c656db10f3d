/** The log that the servers of a cluster share. It consists of shards: streams of records in Redis. Each group is in one shard. */

import type { Feature } from '@rankd/protocol';
import type { Entry, Group, PendingEffects, RegisteredServer, ServerId } from '../core/index.js';
import type { AcquireResult, AppliedListener, Groups, OrderedLog } from '../log/ordered-log.js';
import { BlockedError } from './blocked/blocked-shard.js';
import { FlowAnnouncements } from './flow/flow-announcements.js';
import { featuresOfFormat } from './formats/log-format.js';
import { checkHistories } from './lost-history/check-histories.js';
import { LostHistory } from './lost-history/lost-history.js';
import type { ClusterResumePoint, ShardResumePoint } from './lost-history/resume-point.js';
import { RecentlyLeftServers } from './waits/recently-left-servers.js';
import type { ShardReplica } from './shard-replica.js';
import type { ClusterLogPorts, ClusterEndReason, ShardSettings } from './cluster-ports.js';
import { ShardSet } from './shard-set.js';
import { ShardSubscription } from './shard-subscription.js';
import { StreamError } from './stream-error.js';
import type { RecordStream } from './stream-port.js';
import { withinLimit } from './waits/within-limit.js';

/** How often a server appends a heartbeat to each shard that it follows. Heartbeats show the other servers that it is alive. */
export const HEARTBEAT_MS = 1000;
/** If this server has not read back its own heartbeat from every followed shard for this long, its state may be outdated. */
export const STALE_MS = 2500;
/** How long a leaving server waits to read back its announcement: once for the other shards, then once for the register. */
const LEAVE_MS = 1000;

/** A server follows the shards that its sessions need, those that it owns, and shard 0: the register, which every server joins. */
export class ClusterLog implements OrderedLog {
  readonly flow: FlowAnnouncements;
  readonly #settings: ShardSettings;
  readonly #ports: ClusterLogPorts;
  readonly #shards: ShardSet;
  readonly #lostHistory: LostHistory;
  #onApplied: AppliedListener = () => undefined;
  #onGroupLoaded: (group: Group) => void = () => undefined;
  #onGroupsUnloaded: (groups: readonly Group[]) => void = () => undefined;
  #state: 'open' | 'leaving' | 'over' = 'open';
  #stopHeartbeats: () => void = () => undefined;
  readonly #recentlyLeftServers = new RecentlyLeftServers();
  /** Rejects the join in progress. */
  #abortJoin: (error: Error) => void = () => undefined;
  /** Why this log has ended. */
  #fault: Error | undefined;

  /** `resumePoint` is that of the incarnation before this one. It is undefined in the first one. */
  constructor(settings: ShardSettings, resumePoint: ClusterResumePoint | undefined, ports: ClusterLogPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#lostHistory = new LostHistory(ports.clock, () => this.#shards.register.replica?.registry.epochLost ?? 0);
    this.#shards = new ShardSet(
      ports.streams.map((stream, index) => this.#createSubscription(stream, index, resumePoint?.[index])),
    );
    this.flow = new FlowAnnouncements(settings.server, {
      clock: ports.clock,
      shards: () => this.#shards.followed,
      shardOf: group => this.#shards.of(group).followed,
    });
  }

  /** The groups of the shards that this server has read. */
  get groups(): Groups {
    return this.#shards.groups;
  }

  /** Joins the register and the owned shards. @throws StreamError if a stream cannot be used or breaks; BlockedError if an entry blocks it. */
  async join(): Promise<void> {
    const broken = new Promise<never>((_, reject) => (this.#abortJoin = reject));
    await checkHistories(this.#ports.clock, this.#shards.all.slice(1));
    await Promise.race([broken, this.#joinOwnedShards()]);
    this.#abortJoin = () => undefined;
  }

  /** Checks that this log has not ended since it joined. @throws StreamError or BlockedError as join() does. */
  requireOpen(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  onApplied(listener: AppliedListener): void {
    this.#onApplied = listener;
  }

  onGroupLoaded(listener: (group: Group) => void): void {
    this.#onGroupLoaded = listener;
  }

  onGroupsUnloaded(listener: (groups: readonly Group[]) => void): void {
    this.#onGroupsUnloaded = listener;
  }

  /** Follows the shard of a group for a session. Calls `then` with `unreachable` after REACH_MS. */
  acquireGroup(group: string, then: (reached: AcquireResult) => void): void {
    this.#shards.of(group).use(then);
  }

  awaitServersOf(group: string, then: (result: AcquireResult) => void): void {
    this.#shards.of(group).awaitServersOf(group, then);
  }

  /** Returns the features that the format of the group's shard can record. */
  featuresOf(group: string): readonly Feature[] {
    return featuresOfFormat(this.#shards.of(group).replica?.registry.format ?? 1);
  }

  releaseGroup(group: string): void {
    this.#shards.of(group).release();
  }

  /** Follows the shard of a group for a query, or all shards. Resolves when it follows them, at the latest after FOLLOW_MS. */
  async followGroup(group: string | undefined): Promise<void> {
    const shards = group === undefined ? this.#shards.all : [this.#shards.of(group)];
    await Promise.all(shards.map(async shard => await shard.followBriefly()));
  }

  /** Appends an entry to the shard of its group. Ignores `frozen`, because the order continues without this server. */
  append(entry: Entry): void {
    if (entry.kind !== 'frozen') this.#shards.of(entry.group).append(entry);
  }

  /** Whether this server follows the register, and a heartbeat of the last STALE_MS was acknowledged in every followed shard. */
  isCurrent(): boolean {
    return this.#isOpen() && this.#shards.register.followed !== undefined && this.sinceLastAckMs < STALE_MS;
  }

  /** Does nothing, because the order continues without this server. */
  freezeOrder(): void {
    return;
  }

  /**
   * The milliseconds since the last acknowledged heartbeat was sent. Of the followed shards, the largest number counts. Infinity if this
   * server follows no shard.
   */
  get sinceLastAckMs(): number {
    const { followed } = this.#shards;
    if (followed.length === 0) return Number.POSITIVE_INFINITY;
    return this.#ports.clock.monotonicMs() - Math.min(...followed.map(({ heardAtMs }) => heardAtMs));
  }

  /** What this server waits for until it follows a shard, for people. Undefined if it waits for none. */
  get waitsFor(): string | undefined {
    return this.#shards.waitsFor;
  }

  /** The number of records that were read and not applied yet, in all shards. */
  get lagRecords(): number {
    return this.#shards.lagRecords;
  }

  /** The largest epoch of the followed streams. It increases when a server has reconnected to Redis. */
  get epoch(): number {
    return this.#shards.followed.reduce((largest, { position }) => Math.max(largest, position.epoch), 0);
  }

  /** The number of shards that this server follows. */
  get shardsFollowed(): number {
    return this.#shards.followed.length;
  }

  /** The servers that the register lists. */
  get servers(): readonly Pick<RegisteredServer, 'id' | 'name' | 'address' | 'upAt' | 'applied'>[] {
    const all = this.#shards.register.replica?.registry.servers ?? [];
    return all.map(({ id, name, address, upAt, applied }) => ({ id, name, address, upAt, applied }));
  }

  /** Where the next incarnation of this server starts to follow each shard. */
  get resumePoint(): ClusterResumePoint {
    return this.#shards.all.map(({ resumePoint }) => resumePoint);
  }

  /** Begins a new epoch of these streams when their connections are up again. Redis then refuses appends of earlier ones. */
  beginEpochs(shards: readonly number[]): void {
    for (const index of shards) void this.#shards.all[index]?.followed?.beginEpoch();
  }

  /**
   * Announces in every followed shard that this server leaves. The register is last, because leaving it counts as leaving every
   * shard. Resolves when the announcements are read back, at most LEAVE_MS for the other shards and again for the register.
   */
  async leave(): Promise<void> {
    this.#state = 'leaving';
    this.#stopHeartbeats();
    const { clock } = this.#ports;
    await withinLimit(clock, LEAVE_MS, Promise.all(this.#shards.all.slice(1).map(async shard => await shard.leave())));
    await withinLimit(clock, LEAVE_MS, this.#shards.register.leave());
    await this.close();
  }

  /** Stops following all shards, without an announcement. Resolves when no operation is in progress. */
  async close(): Promise<void> {
    this.#state = 'over';
    this.#stopHeartbeats();
    await Promise.all(this.#shards.all.map(async shard => await shard.close()));
  }

  #createSubscription(stream: RecordStream, index: number, before: ShardResumePoint | undefined): ShardSubscription {
    const { clock, recordWriteSeconds, listener } = this.#ports;
    return new ShardSubscription(this.#settings, before, {
      clock,
      stream,
      recordWriteSeconds,
      lostHistory: this.#lostHistory,
      clusterFormat: () => (index === 0 ? undefined : (this.#shards.register.replica?.registry.format ?? 1)),
      listener: {
        onApplied: (entry, effects, origin) => this.#onApplied(entry, effects, origin),
        onGroupLoaded: group => this.#onGroupLoaded(group),
        onFlow: (server, flow) => this.flow.recordApplied(server, flow),
        onGroupsUnloaded: groups => this.#onGroupsUnloaded(groups),
        onPendingTimers: pending => this.#setTimers(pending),
        onServersChanged: gone => this.#handleServersChanged(index, gone),
        onFollowed: pending => {
          listener.onUsable(index);
          this.#setTimers(pending);
          for (const log of this.#shards.followed) this.#declareGoneServersLost(log);
        },
        onUnusable: reason => listener.onUnusable(index, reason),
        onIncarnationEnd: why => this.#endIncarnation(typeof why === 'object' ? { ...why, shard: index } : why),
      },
    });
  }

  /** Joins the register, then the owned shards. Sends heartbeats to the register while the shards join, which may take long. */
  async #joinOwnedShards(): Promise<void> {
    await this.#shards.register.join();
    if (!this.#isOpen()) return;
    const servers = this.servers.map(({ id }) => id);
    const owned = this.#shards.ownedBy(this.#settings.server, servers);
    const entering = Promise.all(owned.map(async shard => await shard.join()));
    this.#sendHeartbeats();
    await entering;
  }

  #setTimers(pending: readonly PendingEffects[]): void {
    for (const each of pending) this.#ports.listener.onPendingTimers(each);
  }

  #isOpen(): boolean {
    return this.#state === 'open';
  }

  #endIncarnation(why: ClusterEndReason): void {
    if (this.#state === 'over') return;
    void this.close();
    const fault = 'a stream of the cluster log failed while this server joined the cluster';
    this.#fault = typeof why === 'object' ? new BlockedError(why) : new StreamError('unavailable', `${fault}: ${why}`);
    this.#abortJoin(this.#fault);
    this.#ports.listener.onIncarnationEnd(why);
  }

  #sendHeartbeats(): void {
    for (const log of this.#shards.followed) log.sendHeartbeat();
    this.#reviewShards();
    const timer = this.#ports.clock.after(HEARTBEAT_MS, () => this.#sendHeartbeats());
    this.#stopHeartbeats = () => timer.cancel();
  }

  #reviewShards(): void {
    const servers = this.#shards.register.followed?.registry.servers.map(({ id }) => id);
    if (servers !== undefined && this.#isOpen()) this.#shards.review(this.#settings.server, servers);
  }

  #handleServersChanged(index: number, gone: ServerId | undefined): void {
    if (this.#shards.all[index] !== this.#shards.register) return;
    if (gone !== undefined) this.#recentlyLeftServers.add(gone);
    if (gone !== undefined) this.flow.removeServer(gone);
    for (const log of this.#shards.followed) {
      this.#declareGoneServersLost(log);
      log.reportLoss();
    }
    this.#reviewShards();
  }

  #declareGoneServersLost(log: ShardReplica): void {
    if (log !== this.#shards.register.replica) this.#recentlyLeftServers.declareLost(log, this.#ports.clock.wallMs());
  }
}
