import {
  Coordinator,
  type Effect,
  type Entry,
  ServerRegistry,
  type Batch,
  type PendingEffects,
  type ServerEntry,
  type Step,
} from '../core/index.js';
import type { Origin } from '../log/ordered-log.js';
import { BatchSender } from './batch-sender.js';
import { HeartbeatAcks } from './heartbeat-acks.js';
import { encodeRecord, decodeRecord, type RecordBody, type ShardSnapshot } from './record-format.js';
import type { AppendResult, StreamListener, StreamRecord } from './stream-port.js';
import type { IncarnationEndReason, ShardResumePoint, ShardReplicaPorts } from './shard-ports.js';
import { SnapshotPolicy } from './snapshot-policy.js';
import { positionId, isBefore, type Position } from './stream-position.js';

/**
 * The order of one shard, from coming to it until going from it: applies what stands in the stream, and puts into it what this
 * server proposes. Whatever goes wrong with the stream ends this life of the server; the next one begins from what the
 * stream holds then.
 */
export class ShardReplica {
  readonly #ports: ShardReplicaPorts;
  readonly #outgoing: BatchSender;
  readonly #beats: HeartbeatAcks;
  readonly #snapshots: SnapshotPolicy;
  /** The number of the parcel by which this server comes. */
  readonly #firstParcel: number;
  #coordinator: Coordinator;
  #fleet = new ServerRegistry();
  #place: Position = { epoch: 1, seq: 0 };
  #unapplied: StreamRecord[] = [];
  #state: 'reading-up' | 'entering' | 'current' | 'left' | 'over' = 'reading-up';
  /** Something that may have been waited for has happened. */
  #moved: () => void = () => undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(ports: ShardReplicaPorts) {
    const { clock, stream, server, legacy, rules, epochLast } = ports;
    this.#ports = ports;
    this.#coordinator = new Coordinator(rules, epochLast);
    this.#beats = new HeartbeatAcks(clock);
    this.#snapshots = new SnapshotPolicy(clock, stream, server);
    const lastParcel = legacy?.server === server ? legacy.lastParcel : 0;
    this.#firstParcel = lastParcel + 1;
    this.#outgoing = new BatchSender(server, lastParcel, {
      clock,
      append: async body => await this.#write(() => stream.append([body], this.#epochRead)),
      acked: () => this.#apply(),
      overfull: () => this.#end('overfull'),
    });
  }

  get coordinator(): Coordinator {
    return this.#coordinator;
  }

  get fleet(): ServerRegistry {
    return this.#fleet;
  }

  /** The last record that was applied. */
  get place(): Position {
    return this.#place;
  }

  /** Records that were read and wait to be applied. */
  get lagRecords(): number {
    return this.#unapplied.length;
  }

  /** For the next time that this server comes here; what it was, where this time it has not come. */
  get legacy(): ShardResumePoint | undefined {
    const { server, stream, legacy } = this.#ports;
    if (this.#outgoing.lastParcel < this.#firstParcel) return legacy;
    const { epochLast } = this.#coordinator;
    return { server, last: stream.last, epochLast, lastParcel: this.#outgoing.lastParcel };
  }

  /** When, by the monotonic clock, this server last knew to be heard by the others. */
  get heardAtMs(): number {
    return this.#beats.heardAtMs;
  }

  /** Does this server stand in the order? */
  get isCurrent(): boolean {
    return this.#state === 'current';
  }

  /**
   * Resolves once this server stands in the order and has applied everything before that, or this is over. It says that it is there when it has
   * read what stood there when it came: whoever takes long over that is not missed yet.
   * @throws StreamError
   */
  async enter(): Promise<void> {
    const { stream, rules, epochLast, clock, name, since, server, legacy } = this.#ports;
    const epochLost = await this.#epochLost();
    const listener: StreamListener = {
      records: records => {
        this.#unapplied.push(...records);
        this.#apply();
      },
      broken: why => this.#end(why),
    };
    const { snapshot } = await stream.open(listener, encodeRecord({ kind: 'genesis', epochLast, rules }));
    if (snapshot !== undefined) this.#load(snapshot.place, snapshot.text);
    const end = await stream.end();
    await this.#until(() => end === undefined || !isBefore(this.#place, end));
    if (this.#state !== 'reading-up') return;
    this.#state = 'entering';
    for (const group of this.#coordinator.groups.values()) this.#ports.found(group);
    const replaces = legacy?.server === server ? undefined : legacy?.server;
    this.#outgoing.begin({ kind: 'server-up', at: clock.wallMs(), name, since, rules, replaces, epochLost });
    await this.#until(() => this.#state === 'current');
  }

  /** Says that this server goes; resolves once that stands, or this is over. */
  async leave(): Promise<void> {
    this.append({ kind: 'server-left', at: this.#ports.clock.wallMs() });
    await this.#until(() => this.#state === 'left');
  }

  append(entry: Entry | ServerEntry): void {
    this.#outgoing.append(entry);
  }

  /** It lives; and whoever has not been heard of for too long is declared lost. */
  beat(): void {
    const { clock, server } = this.#ports;
    const at = clock.wallMs();
    this.#beats.sent();
    this.append({ kind: 'server-beat', at, applied: positionId(this.#place) });
    for (const lost of this.#fleet.overdue(server)) {
      this.append({ kind: 'server-lost', at, server: lost, evidence: 'silence' });
    }
    if (this.#state === 'current') void this.#snapshots.keep(this.#stateOfOrder);
  }

  /** The connection to Redis is back; it may be another Redis. */
  async beginEpoch(): Promise<void> {
    if (this.#state !== 'current') return;
    await this.#write(() => this.#ports.stream.beginEpoch(this.#epochRead + 1, encodeRecord({ kind: 'epoch' })));
  }

  /** What timers have to be set for that other servers, or an earlier life, had set. */
  pending(): PendingEffects[] {
    return this.#coordinator.pending(this.#ports.clock.wallMs());
  }

  /** Resolves once nothing of it is under way any more. */
  async close(): Promise<void> {
    if (this.#state !== 'left') this.#state = 'over';
    this.#moved();
    this.#outgoing.close();
    this.#unapplied = [];
    await this.#writing;
    await this.#ports.stream.close();
  }

  /** Has Redis lost what this server has read before, and perhaps told? */
  async #epochLost(): Promise<number | undefined> {
    const { legacy, stream } = this.#ports;
    if (legacy?.last === undefined) return undefined;
    return (await stream.holds(legacy.last)) ? undefined : legacy.epochLast;
  }

  /** Resolves once it is so, or this is over. */
  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.#isOver()) await new Promise<void>(resolve => (this.#moved = resolve));
  }

  /** Of the last record read, applied or not: what is held until its append is known to stay must not keep that append out. */
  get #epochRead(): number {
    return (this.#unapplied.at(-1)?.place ?? this.#place).epoch;
  }

  /** A stream takes one write at a time. */
  async #write(write: () => Promise<AppendResult>): Promise<AppendResult> {
    const writing = this.#writing.then(async () => {
      const { clock, wrote } = this.#ports;
      const beganMs = clock.monotonicMs();
      const outcome = await write();
      wrote((clock.monotonicMs() - beganMs) / 1000);
      return outcome;
    });
    this.#writing = writing.catch(() => undefined);
    return await writing;
  }

  #end(why: IncarnationEndReason): void {
    if (this.#isOver()) return;
    void this.close();
    this.#ports.over(why);
  }

  #load(place: Position, text: string): void {
    const { rules, servers, coordinator } = JSON.parse(text) as ShardSnapshot;
    this.#coordinator = Coordinator.fromSnapshot(rules, coordinator);
    this.#fleet = new ServerRegistry(servers);
    this.#place = place;
  }

  /** One after the other, as far as what this server has sent itself is known to stay. */
  #apply(): void {
    while (!this.#isOver()) {
      const [record] = this.#unapplied;
      if (record === undefined) break;
      const body = decodeRecord(record.body);
      if (body === undefined) {
        this.#end('malformed');
        return;
      }
      if (this.#isHeld(body)) break;
      this.#unapplied.shift();
      this.#place = record.place;
      this.#snapshots.applied(body.kind === 'parcel' ? body.entries.length : 1);
      if (body.kind === 'genesis') this.#coordinator = new Coordinator(body.rules, body.epochLast);
      if (body.kind === 'parcel') this.#take(body);
    }
    this.#moved();
  }

  #isHeld(body: RecordBody): boolean {
    if (!this.#ports.holdsUntilAcked || body.kind !== 'parcel') return false;
    return this.#isOwn(body) && this.#outgoing.isUnacked(body.n);
  }

  #isOwn({ from }: Batch): boolean {
    return from === this.#ports.server;
  }

  #take(parcel: Batch): void {
    const isOwn = this.#isOwn(parcel);
    const steps = this.#fleet.take(parcel);
    for (const step of steps) {
      this.#step(step, isOwn ? 'here' : 'elsewhere');
      if (this.#isOver()) return;
    }
    if (parcel.entries[0]?.kind === 'server-up') this.#ports.fleetChanged(undefined);
    if (!isOwn) return;
    for (const { kind } of parcel.entries) if (kind === 'server-beat') this.#beats.readBack();
    this.#outgoing.readBack(parcel.n);
    if (this.#state === 'entering' && parcel.n === this.#firstParcel) {
      this.#state = 'current';
      this.#beats.began();
    }
  }

  #isOver(): boolean {
    return this.#state === 'over' || this.#state === 'left';
  }

  #step(step: Step, origin: Origin): void {
    switch (step.kind) {
      case 'rules':
        this.#coordinator.adopt(step.rules);
        return;
      case 'order-lost':
        this.#renew(step, origin);
        return;
      case 'entry':
        this.#perform(step.entry, this.#coordinator.apply(step.entry), origin);
        return;
      case 'gone':
        this.#goes(step, origin);
        return;
    }
  }

  #goes({ server, reason, at }: Extract<Step, { kind: 'gone' }>, origin: Origin): void {
    // Else it is read of how it left before.
    const isOwn = server === this.#ports.server && this.#state === 'current';
    if (isOwn && reason === 'SERVER_LOST') {
      this.#end('declared-lost');
      return;
    }
    for (const group of [...this.#coordinator.groups.keys()]) {
      const entry = { kind: 'server-gone', group, at, server, reason } as const;
      this.#perform(entry, this.#coordinator.apply(entry), origin);
    }
    // What stands behind its own goodbye is for others to tell: its members are theirs.
    if (isOwn) this.#state = 'left';
    if (isOwn) void this.close();
    else this.#ports.fleetChanged(server);
  }

  /** Another server has read what is lost and this one has not; but its members, too, are told of another order now. */
  #renew({ at, epochLost }: Extract<Step, { kind: 'order-lost' }>, origin: Origin): void {
    const renewals = this.#coordinator.renew(at, epochLost);
    if (this.#state === 'current' && renewals.length > 0) this.#end('rewritten');
    else for (const { entry, effects } of renewals) this.#perform(entry, effects, origin);
  }

  /** Of what stood there before this server came, others have told; what timers it leaves, `pending` says. */
  #perform(entry: Entry, effects: readonly Effect[], origin: Origin): void {
    if (this.#state !== 'reading-up') this.#ports.perform(entry, effects, origin);
  }

  get #stateOfOrder(): { place: Position; fleet: ServerRegistry; coordinator: Coordinator } {
    return { place: this.#place, fleet: this.#fleet, coordinator: this.#coordinator };
  }
}
