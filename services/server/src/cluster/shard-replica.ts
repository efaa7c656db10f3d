import {
  type Batch,
  Coordinator,
  type Effect,
  type Entry,
  type PendingEffects,
  type ServerEntry,
  ServerRegistry,
  type Step,
} from '../core/index.js';
import type { Origin } from '../log/ordered-log.js';
import { BatchSender } from './batch-sender.js';
import { HeartbeatAcks } from './heartbeat-acks.js';
import { decodeRecord, encodeRecord, type RecordBody, type ShardSnapshot } from './record-format.js';
import type { IncarnationEndReason, ShardReplicaPorts, ShardResumePoint } from './shard-ports.js';
import { SnapshotPolicy } from './snapshot-policy.js';
import type { AppendResult, StreamListener, StreamRecord } from './stream-port.js';
import { formatPosition, isBefore, type Position } from './stream-position.js';

/**
 * The order of one shard, from coming to it until going from it: applies what stands in the stream, and puts into it what this
 * server proposes. Whatever goes wrong with the stream ends this incarnation of the server; the next one begins from what the
 * stream holds then.
 */
export class ShardReplica {
  readonly #ports: ShardReplicaPorts;
  readonly #sender: BatchSender;
  readonly #heartbeatAcks: HeartbeatAcks;
  readonly #snapshots: SnapshotPolicy;
  /** The number of the batch by which this server comes. */
  readonly #firstBatch: number;
  #coordinator: Coordinator;
  #registry = new ServerRegistry();
  #place: Position = { epoch: 1, seq: 0 };
  #unapplied: StreamRecord[] = [];
  #state: 'reading-up' | 'entering' | 'current' | 'left' | 'over' = 'reading-up';
  /** Something that may have been waited for has happened. */
  #wakeWaiters: () => void = () => undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(ports: ShardReplicaPorts) {
    const { clock, stream, server, resumePoint, rules, epochLast } = ports;
    this.#ports = ports;
    this.#coordinator = new Coordinator(rules, epochLast);
    this.#heartbeatAcks = new HeartbeatAcks(clock);
    this.#snapshots = new SnapshotPolicy(clock, stream, server);
    const lastBatch = resumePoint?.server === server ? resumePoint.lastBatch : 0;
    this.#firstBatch = lastBatch + 1;
    this.#sender = new BatchSender(server, lastBatch, {
      clock,
      append: async body => await this.#write(() => stream.append([body], this.#epochRead)),
      onAcked: () => this.#applyRecords(),
      onOverfull: () => this.#endIncarnation('overfull'),
    });
  }

  get coordinator(): Coordinator {
    return this.#coordinator;
  }

  get registry(): ServerRegistry {
    return this.#registry;
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
  get resumePoint(): ShardResumePoint | undefined {
    const { server, stream, resumePoint } = this.#ports;
    if (this.#sender.lastBatch < this.#firstBatch) return resumePoint;
    const { epochLast } = this.#coordinator;
    return { server, last: stream.lastRead, epochLast, lastBatch: this.#sender.lastBatch };
  }

  /** When, by the monotonic clock, this server last knew to be heard by the others. */
  get heardAtMs(): number {
    return this.#heartbeatAcks.lastAckAtMs;
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
  async join(): Promise<void> {
    const { stream, rules, epochLast, clock, name, since, server, resumePoint } = this.#ports;
    const epochLost = await this.#epochLost();
    const listener: StreamListener = {
      onRecords: records => {
        this.#unapplied.push(...records);
        this.#applyRecords();
      },
      onBroken: why => this.#endIncarnation(why),
    };
    const { snapshot } = await stream.open(listener, encodeRecord({ kind: 'genesis', epochLast, rules }));
    if (snapshot !== undefined) this.#loadSnapshot(snapshot.position, snapshot.text);
    const end = await stream.readEndPosition();
    await this.#waitUntil(() => end === undefined || !isBefore(this.#place, end));
    if (this.#state !== 'reading-up') return;
    this.#state = 'entering';
    for (const group of this.#coordinator.groups.values()) this.#ports.found(group);
    const replaces = resumePoint?.server === server ? undefined : resumePoint?.server;
    this.#sender.start({ kind: 'server-up', at: clock.wallMs(), name, since, rules, replaces, epochLost });
    await this.#waitUntil(() => this.#state === 'current');
  }

  /** Says that this server goes; resolves once that stands, or this is over. */
  async leave(): Promise<void> {
    this.append({ kind: 'server-left', at: this.#ports.clock.wallMs() });
    await this.#waitUntil(() => this.#state === 'left');
  }

  append(entry: Entry | ServerEntry): void {
    this.#sender.append(entry);
  }

  /** It lives; and whoever has not been heard of for too long is declared lost. */
  sendHeartbeat(): void {
    const { clock, server } = this.#ports;
    const at = clock.wallMs();
    this.#heartbeatAcks.recordSent();
    this.append({ kind: 'server-beat', at, applied: formatPosition(this.#place) });
    for (const lost of this.#registry.overdueServers(server)) {
      this.append({ kind: 'server-lost', at, server: lost, evidence: 'silence' });
    }
    if (this.#state === 'current') void this.#snapshots.saveIfDue(this.#shardState);
  }

  /** The connection to Redis is back; it may be another Redis. */
  async beginEpoch(): Promise<void> {
    if (this.#state !== 'current') return;
    await this.#write(() => this.#ports.stream.beginEpoch(this.#epochRead + 1, encodeRecord({ kind: 'epoch' })));
  }

  /** What timers have to be set for that other servers, or an earlier incarnation, had set. */
  pending(): PendingEffects[] {
    return this.#coordinator.pendingTimers(this.#ports.clock.wallMs());
  }

  /** Resolves once nothing of it is under way any more. */
  async close(): Promise<void> {
    if (this.#state !== 'left') this.#state = 'over';
    this.#wakeWaiters();
    this.#sender.close();
    this.#unapplied = [];
    await this.#writing;
    await this.#ports.stream.close();
  }

  /** Has Redis lost what this server has read before, and perhaps told? */
  async #epochLost(): Promise<number | undefined> {
    const { resumePoint, stream } = this.#ports;
    if (resumePoint?.last === undefined) return undefined;
    return (await stream.containsRecord(resumePoint.last)) ? undefined : resumePoint.epochLast;
  }

  /** Resolves once it is so, or this is over. */
  async #waitUntil(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.#isOver()) await new Promise<void>(resolve => (this.#wakeWaiters = resolve));
  }

  /** Of the last record read, applied or not: what is held until its append is known to stay must not keep that append out. */
  get #epochRead(): number {
    return (this.#unapplied.at(-1)?.position ?? this.#place).epoch;
  }

  /** A stream takes one write at a time. */
  async #write(write: () => Promise<AppendResult>): Promise<AppendResult> {
    const writing = this.#writing.then(async () => {
      const { clock, recordWriteSeconds } = this.#ports;
      const beganMs = clock.monotonicMs();
      const outcome = await write();
      recordWriteSeconds((clock.monotonicMs() - beganMs) / 1000);
      return outcome;
    });
    this.#writing = writing.catch(() => undefined);
    return await writing;
  }

  #endIncarnation(why: IncarnationEndReason): void {
    if (this.#isOver()) return;
    void this.close();
    this.#ports.incarnationEnded(why);
  }

  #loadSnapshot(place: Position, text: string): void {
    const { rules, servers, coordinator } = JSON.parse(text) as ShardSnapshot;
    this.#coordinator = Coordinator.fromSnapshot(rules, coordinator);
    this.#registry = new ServerRegistry(servers);
    this.#place = place;
  }

  /** One after the other, as far as what this server has sent itself is known to stay. */
  #applyRecords(): void {
    while (!this.#isOver()) {
      const [record] = this.#unapplied;
      if (record === undefined) break;
      const body = decodeRecord(record.body);
      if (body === undefined) {
        this.#endIncarnation('malformed');
        return;
      }
      if (this.#isHeld(body)) break;
      this.#unapplied.shift();
      this.#place = record.position;
      this.#snapshots.countApplied(body.kind === 'parcel' ? body.entries.length : 1);
      if (body.kind === 'genesis') this.#coordinator = new Coordinator(body.rules, body.epochLast);
      if (body.kind === 'parcel') this.#applyBatch(body);
    }
    this.#wakeWaiters();
  }

  #isHeld(body: RecordBody): boolean {
    if (!this.#ports.holdsUntilAcked || body.kind !== 'parcel') return false;
    return this.#isOwn(body) && this.#sender.isUnacked(body.n);
  }

  #isOwn({ from }: Batch): boolean {
    return from === this.#ports.server;
  }

  #applyBatch(batch: Batch): void {
    const isOwn = this.#isOwn(batch);
    const steps = this.#registry.applyBatch(batch);
    for (const step of steps) {
      this.#applyStep(step, isOwn ? 'here' : 'elsewhere');
      if (this.#isOver()) return;
    }
    if (batch.entries[0]?.kind === 'server-up') this.#ports.serversChanged(undefined);
    if (!isOwn) return;
    for (const { kind } of batch.entries) if (kind === 'server-beat') this.#heartbeatAcks.recordAck();
    this.#sender.recordReadBack(batch.n);
    if (this.#state === 'entering' && batch.n === this.#firstBatch) {
      this.#state = 'current';
      this.#heartbeatAcks.recordJoin();
    }
  }

  #isOver(): boolean {
    return this.#state === 'over' || this.#state === 'left';
  }

  #applyStep(step: Step, origin: Origin): void {
    switch (step.kind) {
      case 'rules':
        this.#coordinator.adoptLimits(step.rules);
        return;
      case 'order-lost':
        this.#renewOrder(step, origin);
        return;
      case 'entry':
        this.#perform(step.entry, this.#coordinator.apply(step.entry), origin);
        return;
      case 'gone':
        this.#removeServer(step, origin);
        return;
    }
  }

  #removeServer({ server, reason, at }: Extract<Step, { kind: 'gone' }>, origin: Origin): void {
    // Else it is read of how it left before.
    const isOwn = server === this.#ports.server && this.#state === 'current';
    if (isOwn && reason === 'SERVER_LOST') {
      this.#endIncarnation('declared-lost');
      return;
    }
    for (const group of [...this.#coordinator.groups.keys()]) {
      const entry = { kind: 'server-gone', group, at, server, reason } as const;
      this.#perform(entry, this.#coordinator.apply(entry), origin);
    }
    // What stands behind its own goodbye is for others to tell: its members are theirs.
    if (isOwn) this.#state = 'left';
    if (isOwn) void this.close();
    else this.#ports.serversChanged(server);
  }

  /** Another server has read what is lost and this one has not; but its members, too, are told of another order now. */
  #renewOrder({ at, epochLost }: Extract<Step, { kind: 'order-lost' }>, origin: Origin): void {
    const renewals = this.#coordinator.renewEpochs(at, epochLost);
    if (this.#state === 'current' && renewals.length > 0) this.#endIncarnation('rewritten');
    else for (const { entry, effects } of renewals) this.#perform(entry, effects, origin);
  }

  /** Of what stood there before this server came, others have told; what timers it leaves, `pending` says. */
  #perform(entry: Entry, effects: readonly Effect[], origin: Origin): void {
    if (this.#state !== 'reading-up') this.#ports.perform(entry, effects, origin);
  }

  get #shardState(): { position: Position; registry: ServerRegistry; coordinator: Coordinator } {
    return { position: this.#place, registry: this.#registry, coordinator: this.#coordinator };
  }
}
