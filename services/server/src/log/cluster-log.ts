import type { Entry, FleetServer, Group, PendingEffects, ServerId } from '../core/index.js';
import type { Groups, OrderedLog, Performer } from './ordered-log.js';
import { ShardLog, type LifeOverWhy, type RecordStream, type ShardLegacy, type ShardPorts } from './shard-log.js';
import { shardOf } from './shard-of.js';
import { StreamError } from './stream/stream-error.js';

/** How often a server shows that it lives. */
export const BEAT_MS = 1000;
/** A server that has not been heard by the others for this long cannot know how things stand. */
export const DOUBT_MS = 2500;
/** How long a server that goes waits to see that it has said so. */
const LEAVE_MS = 1000;

/** What all of its shards are given, and their streams. */
export interface ClusterLogPorts extends Omit<ShardPorts, 'stream' | 'perform' | 'found' | 'replaces' | 'legacy'> {
  readonly streams: readonly RecordStream[];
  /** Undefined in the first life of this server. */
  readonly legacy: ClusterLegacy | undefined;
}

/** What a life of a server leaves to the next one. */
export interface ClusterLegacy {
  readonly server: ServerId;
  readonly shards: readonly ShardLegacy[];
}

/** The order that several servers share, group by group in one of several streams. */
export class ClusterLog implements OrderedLog {
  readonly groups: Groups;
  readonly #ports: ClusterLogPorts;
  readonly #shards: readonly ShardLog[];
  #perform: Performer = () => undefined;
  #found: (group: Group) => void = () => undefined;
  #state: 'open' | 'over' = 'open';
  #stopBeating: () => void = () => undefined;
  /** Ends an entering that is under way. */
  #giveUp: (error: StreamError) => void = () => undefined;

  constructor(ports: ClusterLogPorts) {
    this.#ports = ports;
    this.#shards = ports.streams.map(
      (stream, index) =>
        new ShardLog({
          ...ports,
          stream,
          replaces: ports.legacy?.server,
          legacy: ports.legacy?.shards[index],
          perform: (entry, effects, origin) => this.#perform(entry, effects, origin),
          found: group => this.#found(group),
          over: why => this.#end(why),
        }),
    );
    this.groups = {
      get: name => this.#shardOf(name).coordinator.groups.get(name),
      values: () => this.#allGroups(),
    };
  }

  /** Resolves once this server stands in the order of every shard. @throws StreamError also where a stream breaks meanwhile */
  async enter(): Promise<void> {
    const broken = new Promise<never>((_, reject) => (this.#giveUp = reject));
    await Promise.race([broken, Promise.all(this.#shards.map(async shard => await shard.enter()))]);
    this.#giveUp = () => undefined;
    if (this.#isOpen()) this.#beat();
  }

  onApplied(perform: Performer): void {
    this.#perform = perform;
  }

  onFound(take: (group: Group) => void): void {
    this.#found = take;
  }

  append(entry: Entry): void {
    if (entry.kind !== 'frozen') this.#shardOf(entry.group).append(entry);
  }

  isCurrent(): boolean {
    return this.#isOpen() && this.unheardMs < DOUBT_MS;
  }

  /** The order goes on without this server. */
  freeze(): void {
    return;
  }

  /** For how long nobody has heard this server, in the shard where that is longest. */
  get unheardMs(): number {
    const heardAtMs = this.#shards.reduce((least, shard) => Math.min(least, shard.heardAtMs), Number.POSITIVE_INFINITY);
    return this.#ports.clock.monotonicMs() - heardAtMs;
  }

  /** Records that were read and wait to be applied. */
  get lagRecords(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.lagRecords, 0);
  }

  /** The largest epoch of the streams: it rises whenever a server has found Redis again. */
  get epoch(): number {
    return this.#shards.reduce((largest, { place }) => Math.max(largest, place.epoch), 0);
  }

  /** The servers that stand in the order, as the first shard has them. */
  get servers(): readonly Pick<FleetServer, 'id' | 'name' | 'upAt' | 'applied'>[] {
    const all = this.#shards[0]?.fleet.servers ?? [];
    return all.map(({ id, name, upAt, applied }) => ({ id, name, upAt, applied }));
  }

  /** For the next life of this server. */
  get legacy(): ClusterLegacy {
    return { server: this.#ports.server, shards: this.#shards.map(({ legacy }) => legacy) };
  }

  /** The connection to Redis is back. */
  reconnected(): void {
    for (const shard of this.#shards) void shard.beginEpoch();
  }

  pending(): PendingEffects[] {
    return this.#shards.flatMap(shard => shard.pending());
  }

  /** Says that this server goes; resolves once that stands in the order, or after a while. */
  async leave(): Promise<void> {
    const { clock, server } = this.#ports;
    this.#stopBeating();
    for (const shard of this.#shards) shard.append({ kind: 'server-left', at: clock.wallMs() });
    const until = clock.monotonicMs() + LEAVE_MS;
    while (clock.monotonicMs() < until && this.#shards.some(({ fleet }) => fleet.server(server) !== undefined)) {
      await new Promise<void>(resolve => void clock.after(10, resolve));
    }
    await this.close();
  }

  /** Resolves once nothing of it is under way any more. */
  async close(): Promise<void> {
    this.#state = 'over';
    this.#stopBeating();
    await Promise.all(this.#shards.map(async shard => await shard.close()));
  }

  #isOpen(): boolean {
    return this.#state === 'open';
  }

  #end(why: LifeOverWhy): void {
    if (!this.#isOpen()) return;
    void this.close();
    this.#giveUp(new StreamError('unavailable', `the order broke while this server entered it: ${why}`));
    this.#ports.over(why);
  }

  #beat(): void {
    for (const shard of this.#shards) shard.beat();
    const timer = this.#ports.clock.after(BEAT_MS, () => this.#beat());
    this.#stopBeating = () => timer.cancel();
  }

  #shardOf(group: string): ShardLog {
    const shard = this.#shards[shardOf(group, this.#shards.length)];
    if (shard === undefined) throw new Error('a cluster has at least one shard');
    return shard;
  }

  *#allGroups(): Generator<Group, void, undefined> {
    for (const { coordinator } of this.#shards) yield* coordinator.groups.values();
  }
}
