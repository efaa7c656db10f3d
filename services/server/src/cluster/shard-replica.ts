import type { Clock } from '../clock.js';
import type {
  Coordinator,
  Entry,
  Group,
  PendingEffects,
  ServerEntry,
  ServerId,
  ServerRegistry,
} from '../core/index.js';
import type { AppliedListener } from '../log/ordered-log.js';
import { RecordApplier, type RecordApplierSettings } from './record-applier.js';
import { encodeRecord } from './record-format.js';
import { ShardWriter } from './shard-writer.js';
import { SnapshotPolicy } from './snapshot-policy.js';
import type { RecordRef, RecordStream, StreamBreakReason, StreamListener } from './stream-port.js';
import { formatPosition, isBefore, type Position } from './stream-position.js';

/** Why a server cannot go on as it is: it begins a new incarnation. */
export type IncarnationEndReason = StreamBreakReason | 'declared-lost' | 'overfull';

/** Where following a shard ended. The next time that a server follows the shard, in this incarnation or the next, starts from it. */
export interface ShardResumePoint {
  /** The incarnation that followed the shard. */
  readonly server: ServerId;
  /** The last record that it had read. */
  readonly last: RecordRef | undefined;
  /** Its members may know of epochs up to this one. */
  readonly epochLast: number;
  /** The number of its last batch. */
  readonly lastBatch: number;
}

/** What the replicas of all shards have in common in one incarnation of this server. */
export interface ShardSettings extends RecordApplierSettings {
  /** The name of this server for operators. */
  readonly name: string;
  /** When this incarnation began: wall clock, ms since 1970. */
  readonly since: number;
}

/** Receives what a ShardReplica applies, and its end. */
export interface ShardReplicaListener {
  /** Performs the effects of an entry. */
  readonly onApplied: AppliedListener;
  /** A group is in the shard when this server enters the shard. Called before the first onApplied. */
  readonly onGroupLoaded: (group: Group) => void;
  /** A server has joined the shard, or the server `gone` has left it or was declared lost. */
  readonly onServersChanged: (gone: ServerId | undefined) => void;
  /** This incarnation of this server ends. */
  readonly onIncarnationEnd: (why: IncarnationEndReason) => void;
}

/** What a ShardReplica needs from its owner. */
export interface ShardReplicaPorts {
  readonly clock: Clock;
  readonly stream: RecordStream;
  /** Records how long a write to the stream took. */
  readonly recordWriteSeconds: (seconds: number) => void;
  readonly listener: ShardReplicaListener;
}

/**
 * This server's copy of one shard, from joining the shard until leaving it. RecordApplier applies the records of the stream, and
 * ShardWriter writes what this server proposes. A fault of the stream ends this incarnation of the server. The next incarnation
 * starts from what the stream holds then.
 */
export class ShardReplica {
  readonly #settings: ShardSettings;
  readonly #resumePoint: ShardResumePoint | undefined;
  readonly #ports: ShardReplicaPorts;
  readonly #writer: ShardWriter;
  readonly #applier: RecordApplier;
  readonly #snapshots: SnapshotPolicy;
  /** Something has changed for which join() or leave() may wait. */
  #wakeWaiters: () => void = () => undefined;

  /** @param resumePoint where this server has followed this shard to; undefined if it never has */
  constructor(settings: ShardSettings, resumePoint: ShardResumePoint | undefined, ports: ShardReplicaPorts) {
    const { server } = settings;
    const { clock, stream, recordWriteSeconds, listener } = ports;
    this.#settings = settings;
    this.#resumePoint = resumePoint;
    this.#ports = ports;
    this.#snapshots = new SnapshotPolicy(clock, stream, server);
    this.#writer = new ShardWriter(server, resumePoint?.server === server ? resumePoint.lastBatch : 0, {
      clock,
      stream,
      recordWriteSeconds,
      epochRead: () => this.#applier.epochRead,
      listener: { onAcked: () => this.#applyRecords(), onOverfull: () => this.#endIncarnation('overfull') },
    });
    this.#applier = new RecordApplier(settings, {
      writer: this.#writer,
      snapshots: this.#snapshots,
      onApplied: listener.onApplied,
      onServersChanged: listener.onServersChanged,
    });
  }

  get coordinator(): Coordinator {
    return this.#applier.coordinator;
  }

  get registry(): ServerRegistry {
    return this.#applier.registry;
  }

  /** The position of the last record that was applied. */
  get position(): Position {
    return this.#applier.position;
  }

  /** Records that were read and wait to be applied. */
  get lagRecords(): number {
    return this.#applier.lagRecords;
  }

  /** Where to start the next time that this server follows the shard. The earlier one if this server has not announced itself. */
  get resumePoint(): ShardResumePoint | undefined {
    const { lastBatch } = this.#writer;
    if (lastBatch === undefined) return this.#resumePoint;
    const last = this.#ports.stream.lastRead;
    return { server: this.#settings.server, last, epochLast: this.coordinator.epochLast, lastBatch };
  }

  /** By the monotonic clock: when a heartbeat was sent that the other servers are known to have heard. */
  get heardAtMs(): number {
    return this.#writer.heardAtMs;
  }

  /** Whether this server has joined the shard and has neither left it nor ended. */
  get isCurrent(): boolean {
    return this.#applier.standing === 'current';
  }

  /**
   * Resolves when this server has joined the shard and has applied everything before that, or the replica is over. The server
   * announces itself when it has read what stood in the shard when it came, so the others do not miss it while it reads.
   * @throws StreamError
   */
  async join(): Promise<void> {
    const { rules, epochLast, name, since, server } = this.#settings;
    const { stream, clock, listener } = this.#ports;
    const epochLost = await this.#findEpochLost();
    const reader: StreamListener = {
      onRecords: records => {
        this.#applier.addRecords(records);
        this.#applyRecords();
      },
      onBroken: why => this.#endIncarnation(why),
    };
    const { snapshot } = await stream.open(reader, encodeRecord({ kind: 'genesis', epochLast, rules }));
    if (snapshot !== undefined) this.#applier.loadSnapshot(snapshot.position, snapshot.text);
    const end = await stream.readEndPosition();
    await this.#waitUntil(() => end === undefined || !isBefore(this.position, end));
    if (this.#applier.standing !== 'reading-up') return;
    this.#applier.enter();
    for (const group of this.coordinator.groups.values()) listener.onGroupLoaded(group);
    const before = this.#resumePoint?.server;
    const replaces = before === server ? undefined : before;
    this.#writer.start({ kind: 'server-up', at: clock.wallMs(), name, since, rules, replaces, epochLost });
    await this.#waitUntil(() => this.isCurrent);
  }

  /** Appends this server's goodbye. Resolves when the goodbye was applied, or the replica is over. */
  async leave(): Promise<void> {
    this.append({ kind: 'server-left', at: this.#ports.clock.wallMs() });
    await this.#waitUntil(() => this.#applier.standing === 'left');
  }

  append(entry: Entry | ServerEntry): void {
    this.#writer.append(entry);
  }

  /** Appends a heartbeat, and declares the servers lost that have sent none for too long. */
  sendHeartbeat(): void {
    const at = this.#ports.clock.wallMs();
    this.#writer.appendHeartbeat(at, formatPosition(this.position));
    for (const lost of this.registry.overdueServers(this.#settings.server)) {
      this.append({ kind: 'server-lost', at, server: lost, evidence: 'silence' });
    }
    if (this.isCurrent) void this.#snapshots.saveIfDue(this.#applier);
  }

  /** The connection to Redis is back; it may be another Redis. */
  async beginEpoch(): Promise<void> {
    if (this.isCurrent) await this.#writer.beginEpoch();
  }

  /** The timers to set for deadlines that other servers, or an earlier incarnation, had timers for. */
  pending(): PendingEffects[] {
    return this.coordinator.pendingTimers(this.#ports.clock.wallMs());
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#applier.stop();
    this.#wakeWaiters();
    await this.#writer.close();
    await this.#ports.stream.close();
  }

  #applyRecords(): void {
    const end = this.#applier.applyRecords();
    if (end === 'left') void this.close();
    else if (end !== undefined) this.#endIncarnation(end);
    this.#wakeWaiters();
  }

  #endIncarnation(why: IncarnationEndReason): void {
    if (this.#applier.isOver) return;
    void this.close();
    this.#ports.listener.onIncarnationEnd(why);
  }

  /** The last epoch that this server knows of, if Redis has lost records that this server had read. */
  async #findEpochLost(): Promise<number | undefined> {
    if (this.#resumePoint?.last === undefined) return undefined;
    const { last, epochLast } = this.#resumePoint;
    return (await this.#ports.stream.containsRecord(last)) ? undefined : epochLast;
  }

  /** Resolves when the condition holds, or the replica is over. */
  async #waitUntil(condition: () => boolean): Promise<void> {
    while (!condition() && !this.#applier.isOver) await new Promise<void>(resolve => (this.#wakeWaiters = resolve));
  }
}
