/** Applies the records of one shard to its groups and its list of servers. */

import {
  type Batch,
  Coordinator,
  type Effect,
  type Entry,
  type GroupLimits,
  type PendingEffects,
  type ServerFlowEntry,
  type ServerId,
  ServerRegistry,
  type Step,
} from '../core/index.js';
import type { AppliedListener, Origin } from '../log/ordered-log.js';
import { type BlockingEntry, describeException } from './blocked/blocked-shard.js';
import { type LogFormats, timekeeperOf } from './formats/log-format.js';
import { decodeRecord, type RecordBody, type ShardState } from './record-format.js';
import type { ShardWriter } from './shard-writer.js';
import type { SnapshotPolicy } from './snapshot-policy.js';
import type { StreamRecord } from './stream-port.js';
import { formatPosition, type Position } from './stream-position.js';

/**
 * How far this server has joined a shard.
 * - `reading-up`: it applies the records from before it joined, without performing their effects.
 * - `entering`: it has appended its own join.
 * - `current`: it has applied its own join.
 * - `left`: it has applied its own leave.
 * - `over`: it applies no further record.
 */
export type ShardStanding = 'reading-up' | 'entering' | 'current' | 'left' | 'over';

/**
 * Why no further record is applied: this server has left the shard, its incarnation ends, or it cannot read or apply the next record.
 */
export type ApplyEnd = 'left' | 'declared-lost' | 'rewritten' | BlockingEntry;

/** Receives what a RecordApplier applies. */
export interface RecordApplierListener {
  /** Performs the effects of an entry. */
  readonly onApplied: AppliedListener;
  /** The format of the shard was raised to one in which servers measure durations. This server has to set the timers of these effects. */
  readonly onPendingTimers: (pending: readonly PendingEffects[]) => void;
  /** A server has joined the shard, or the server `gone` has left it or was declared lost. */
  readonly onServersChanged: (gone: ServerId | undefined) => void;
  /** A server has announced which sessions must wait (R-FLOW-1). */
  readonly onFlow: (server: ServerId, flow: ServerFlowEntry) => void;
}

/** The functions and values that a RecordApplier gets from its owner. */
export interface RecordApplierPorts extends RecordApplierListener {
  readonly writer: Pick<ShardWriter, 'isOwn' | 'isUnacked' | 'recordReadBack' | 'recordJoin'>;
  readonly snapshots: Pick<SnapshotPolicy, 'countApplied'>;
}

/** The settings of a RecordApplier. */
export interface RecordApplierSettings {
  /** The id of this incarnation: this run of the server. */
  readonly server: ServerId;
  readonly rules: GroupLimits;
  /** The largest epoch that was issued before the cluster existed. The first record of a new stream contains it. */
  readonly epochLast: number;
  /**
   * Whether a batch of this server is applied only after its append was acknowledged. With ack `replicated`, a replica of Redis has the
   * batch then.
   */
  readonly holdsUntilAcked: boolean;
  /** The formats that this server reads. */
  readonly formats: LogFormats;
}

/** Applies records in order. It can hold back a batch of this server until a replica of Redis has it. */
export class RecordApplier {
  readonly #settings: RecordApplierSettings;
  readonly #ports: RecordApplierPorts;
  #coordinator: Coordinator;
  #registry = new ServerRegistry();
  #position: Position = { epoch: 1, seq: 0 };
  #unapplied: StreamRecord[] = [];
  #unappliedChars = 0;
  #standing: ShardStanding = 'reading-up';
  /** The entry of a batch that is being applied. */
  #applying: Entry | undefined;

  constructor(settings: RecordApplierSettings, ports: RecordApplierPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#coordinator = new Coordinator(settings.rules, settings.epochLast);
  }

  /** The groups of the shard. */
  get coordinator(): Coordinator {
    return this.#coordinator;
  }

  /** The servers that follow the shard. */
  get registry(): ServerRegistry {
    return this.#registry;
  }

  /** The position of the last applied record. */
  get position(): Position {
    return this.#position;
  }

  /** How far this server has joined the shard. */
  get standing(): ShardStanding {
    return this.#standing;
  }

  /** Whether no further record is applied. */
  get isOver(): boolean {
    return this.#standing === 'over' || this.#standing === 'left';
  }

  /** The number of records that were read and not applied yet. */
  get lagRecords(): number {
    return this.#unapplied.length;
  }

  /** The number of characters of the records that were read and not applied yet. */
  get unappliedChars(): number {
    return this.#unappliedChars;
  }

  /**
   * The stream epoch of the last record that was read, even if it is not applied yet. An append must name the newest epoch of the stream.
   * While a batch of this server is held back, records of a newer epoch may wait behind it. A repeated append of that batch must name the
   * newer epoch, or Redis refuses it.
   */
  get epochRead(): number {
    return (this.#unapplied.at(-1)?.position ?? this.#position).epoch;
  }

  /** The format in which servers write the entries of this shard. */
  get format(): number {
    return this.#registry.format;
  }

  /** Starts from the state of a snapshot: the state after the record at `position`. */
  loadState(position: Position, { registry, coordinator }: ShardState): void {
    this.#coordinator = coordinator;
    this.#registry = registry;
    this.#position = position;
  }

  /** Adds records that were read. applyRecords() applies them. */
  addRecords(records: readonly StreamRecord[]): void {
    this.#unapplied.push(...records);
    for (const { body } of records) this.#unappliedChars += body.length;
  }

  /** Performs effects from now on, because all records from before the join have been applied. */
  enter(): void {
    this.#standing = 'entering';
  }

  /** Drops the records that were read, and applies no further one. */
  stop(): void {
    if (this.#standing !== 'left') this.#standing = 'over';
    this.#unapplied = [];
    this.#unappliedChars = 0;
  }

  /**
   * Applies the records that were read, until `isTimeOver` returns true after a record. Stops at a batch of this server that is held until
   * it is acknowledged. Returns why no further record is applied: `unfinished` if only the time is over. Never throws: after an exception the state is possibly incomplete, so nothing may use it.
   */
  applyRecords(isTimeOver: () => boolean): ApplyEnd | 'unfinished' | undefined {
    while (!this.isOver) {
      const [record] = this.#unapplied;
      if (record === undefined) return undefined;
      const body = decodeRecord(record.body, this.#settings.formats);
      if (body.kind === 'unreadable') return this.#block(record, body.entry, body.reason);
      if (this.#isHeld(body)) return undefined;
      this.#unapplied.shift();
      this.#unappliedChars -= record.body.length;
      this.#position = record.position;
      const end = this.#applyRecord(record, body);
      if (end !== undefined) return end;
      if (this.#unapplied.length > 0 && isTimeOver()) return 'unfinished';
    }
    return undefined;
  }

  /** Applies a record. Returns a blocking entry if that throws an exception, for example because of a fault in the core. */
  #applyRecord(record: StreamRecord, body: RecordBody): ApplyEnd | undefined {
    this.#applying = undefined;
    try {
      return this.#applyBody(body);
    } catch (error) {
      const entries: readonly unknown[] = body.kind === 'parcel' ? body.entries : [];
      const index = entries.indexOf(this.#applying);
      return this.#block(record, index === -1 ? undefined : index, describeException(error));
    }
  }

  #block({ position }: StreamRecord, entry: number | undefined, reason: string): BlockingEntry {
    return { kind: 'blocked', record: formatPosition(position), entry, reason };
  }

  #isHeld(body: RecordBody): boolean {
    return this.#settings.holdsUntilAcked && body.kind === 'parcel' && this.#ports.writer.isUnacked(body);
  }

  #applyBody(body: RecordBody): ApplyEnd | undefined {
    this.#ports.snapshots.countApplied(body.kind === 'parcel' ? body.entries.length : 1);
    if (body.kind === 'genesis') {
      this.#coordinator = new Coordinator(body.rules, body.epochLast, timekeeperOf(body.v));
      this.#registry = new ServerRegistry([], body.v);
    }
    return body.kind === 'parcel' ? this.#applyBatch(body) : undefined;
  }

  #applyBatch(batch: Batch): ApplyEnd | undefined {
    const { writer, onServersChanged } = this.#ports;
    const isOwn = writer.isOwn(batch);
    for (const step of this.#registry.applyBatch(batch)) {
      const end = this.#applyStep(step, isOwn ? 'here' : 'elsewhere');
      if (end !== undefined || this.isOver) return end;
    }
    if (batch.entries[0]?.kind === 'server-up') onServersChanged(undefined);
    if (isOwn && writer.recordReadBack(batch) === 'joined' && this.#standing === 'entering') {
      this.#standing = 'current';
      writer.recordJoin();
    }
    return undefined;
  }

  #applyStep(step: Step, origin: Origin): ApplyEnd | undefined {
    switch (step.kind) {
      case 'rules':
        this.#coordinator.adoptLimits(step.rules);
        return undefined;
      case 'start':
        this.#coordinator.recordStart(step.since);
        return undefined;
      case 'format': {
        const pending = timekeeperOf(step.format) === 'servers' ? this.#coordinator.adoptServerClocks(step.at) : [];
        if (this.#standing !== 'reading-up') this.#ports.onPendingTimers(pending);
        return undefined;
      }
      case 'order-lost':
        return this.#renewOrder(step, origin);
      case 'entry':
        this.#applying = step.entry;
        this.#perform(step.entry, this.#coordinator.apply(step.entry), origin);
        return undefined;
      case 'flow':
        if (this.#standing !== 'reading-up') this.#ports.onFlow(step.server, step.flow);
        return undefined;
      case 'gone':
        return this.#removeServer(step, origin);
    }
  }

  #removeServer({ server, reason, at }: Extract<Step, { kind: 'gone' }>, origin: Origin): ApplyEnd | undefined {
    // Before this server is current, the record may be from an earlier period in which this server followed the shard.
    const isOwn = server === this.#settings.server && this.#standing === 'current';
    if (isOwn && reason === 'SERVER_LOST') return 'declared-lost';
    for (const group of [...this.#coordinator.groups.keys()]) {
      const entry = { kind: 'server-gone', group, at, server, reason } as const;
      this.#perform(entry, this.#coordinator.apply(entry), origin);
    }
    if (isOwn) {
      // The other servers perform the effects of later records, because they serve these members now.
      this.#standing = 'left';
      return 'left';
    }
    this.#ports.onServersChanged(server);
    return undefined;
  }

  /**
   * Begins new epochs of groups, because Redis has lost records that another server had read. A current server ends its incarnation if one
   * of its groups begins a new epoch, because the members may have received the lost records.
   */
  #renewOrder({ at, epochLost }: Extract<Step, { kind: 'order-lost' }>, origin: Origin): ApplyEnd | undefined {
    const renewals = this.#coordinator.renewEpochs(at, epochLost);
    if (this.#standing === 'current' && renewals.length > 0) return 'rewritten';
    for (const { entry, effects } of renewals) this.#perform(entry, effects, origin);
    return undefined;
  }

  /**
   * Performs the effects of an entry. Other servers have performed the effects of entries from before this server joined.
   * `ShardReplica.pending` returns the timers of those effects that are still needed.
   */
  #perform(entry: Entry, effects: readonly Effect[], origin: Origin): void {
    if (this.#standing !== 'reading-up') this.#ports.onApplied(entry, effects, origin);
  }
}
