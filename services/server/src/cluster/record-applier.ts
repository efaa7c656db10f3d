import {
  type Batch,
  Coordinator,
  type Effect,
  type Entry,
  type GroupLimits,
  type ServerId,
  ServerRegistry,
  type Step,
} from '../core/index.js';
import type { AppliedListener, Origin } from '../log/ordered-log.js';
import { decodeRecord, type RecordBody, type ShardSnapshot } from './record-format.js';
import type { ShardWriter } from './shard-writer.js';
import type { SnapshotPolicy } from './snapshot-policy.js';
import type { StreamBreakReason, StreamRecord } from './stream-port.js';
import type { Position } from './stream-position.js';

/**
 * Where this server is in a shard: it applies the records from before it joined, it has announced itself, its announcement was
 * applied, its goodbye was applied, or it applies no further record.
 */
export type ShardStanding = 'reading-up' | 'entering' | 'current' | 'left' | 'over';

/** Why records are not applied further: this server has left the shard, or its incarnation ends. */
export type ApplyEnd = 'left' | 'declared-lost' | StreamBreakReason;

/** What a RecordApplier needs from its owner. */
export interface RecordApplierPorts {
  readonly writer: Pick<ShardWriter, 'isOwn' | 'isUnacked' | 'recordReadBack' | 'recordJoin'>;
  readonly snapshots: Pick<SnapshotPolicy, 'countApplied'>;
  /** Performs the effects of an entry. */
  readonly onApplied: AppliedListener;
  /** A server has joined the shard, or the server `gone` has left it or was declared lost. */
  readonly onServersChanged: (gone: ServerId | undefined) => void;
}

/** The settings of a RecordApplier. */
export interface RecordApplierSettings {
  /** The id of this incarnation of this server. */
  readonly server: ServerId;
  readonly rules: GroupLimits;
  /** The first server of the cluster issues epochs after this one. */
  readonly epochLast: number;
  /** Whether an own batch is applied only when a replica of Redis has it. */
  readonly holdsUntilAcked: boolean;
}

/** Applies the records of one shard, in order, to its groups and its servers. */
export class RecordApplier {
  readonly #settings: RecordApplierSettings;
  readonly #ports: RecordApplierPorts;
  #coordinator: Coordinator;
  #registry = new ServerRegistry();
  #position: Position = { epoch: 1, seq: 0 };
  #unapplied: StreamRecord[] = [];
  #standing: ShardStanding = 'reading-up';

  constructor(settings: RecordApplierSettings, ports: RecordApplierPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#coordinator = new Coordinator(settings.rules, settings.epochLast);
  }

  get coordinator(): Coordinator {
    return this.#coordinator;
  }

  get registry(): ServerRegistry {
    return this.#registry;
  }

  /** The position of the last record that was applied. */
  get position(): Position {
    return this.#position;
  }

  get standing(): ShardStanding {
    return this.#standing;
  }

  /** Whether no further record is applied. */
  get isOver(): boolean {
    return this.#standing === 'over' || this.#standing === 'left';
  }

  /** Records that were read and wait to be applied. */
  get lagRecords(): number {
    return this.#unapplied.length;
  }

  /** Of the last record read, applied or not: an own record that is held until it is acknowledged must not keep its own append out. */
  get epochRead(): number {
    return (this.#unapplied.at(-1)?.position ?? this.#position).epoch;
  }

  loadSnapshot(position: Position, text: string): void {
    const { rules, servers, coordinator } = JSON.parse(text) as ShardSnapshot;
    this.#coordinator = Coordinator.fromSnapshot(rules, coordinator);
    this.#registry = new ServerRegistry(servers);
    this.#position = position;
  }

  addRecords(records: readonly StreamRecord[]): void {
    this.#unapplied.push(...records);
  }

  /** From here on effects are performed: this server has read what stood in the shard when it came. */
  enter(): void {
    this.#standing = 'entering';
  }

  /** Applies no further record. */
  stop(): void {
    if (this.#standing !== 'left') this.#standing = 'over';
    this.#unapplied = [];
  }

  /** Applies the records that were read, up to an own one that may still be lost. Returns why no further record is applied, if so. */
  applyRecords(): ApplyEnd | undefined {
    while (!this.isOver) {
      const [record] = this.#unapplied;
      if (record === undefined) return undefined;
      const body = decodeRecord(record.body);
      if (body === undefined) return 'malformed';
      if (this.#isHeld(body)) return undefined;
      this.#unapplied.shift();
      this.#position = record.position;
      const end = this.#applyRecord(body);
      if (end !== undefined) return end;
    }
    return undefined;
  }

  #isHeld(body: RecordBody): boolean {
    return this.#settings.holdsUntilAcked && body.kind === 'parcel' && this.#ports.writer.isUnacked(body);
  }

  #applyRecord(body: RecordBody): ApplyEnd | undefined {
    this.#ports.snapshots.countApplied(body.kind === 'parcel' ? body.entries.length : 1);
    if (body.kind === 'genesis') this.#coordinator = new Coordinator(body.rules, body.epochLast);
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
      case 'order-lost':
        return this.#renewOrder(step, origin);
      case 'entry':
        this.#perform(step.entry, this.#coordinator.apply(step.entry), origin);
        return undefined;
      case 'gone':
        return this.#removeServer(step, origin);
    }
  }

  #removeServer({ server, reason, at }: Extract<Step, { kind: 'gone' }>, origin: Origin): ApplyEnd | undefined {
    // Before this server is current, it reads of how it left the shard the last time.
    const isOwn = server === this.#settings.server && this.#standing === 'current';
    if (isOwn && reason === 'SERVER_LOST') return 'declared-lost';
    for (const group of [...this.#coordinator.groups.keys()]) {
      const entry = { kind: 'server-gone', group, at, server, reason } as const;
      this.#perform(entry, this.#coordinator.apply(entry), origin);
    }
    if (isOwn) {
      // The other servers perform what stands behind the goodbye: the members are theirs.
      this.#standing = 'left';
      return 'left';
    }
    this.#ports.onServersChanged(server);
    return undefined;
  }

  /** Another server has read records that Redis has lost. A server that is current ends, because its members may know of those too. */
  #renewOrder({ at, epochLost }: Extract<Step, { kind: 'order-lost' }>, origin: Origin): ApplyEnd | undefined {
    const renewals = this.#coordinator.renewEpochs(at, epochLost);
    if (this.#standing === 'current' && renewals.length > 0) return 'rewritten';
    for (const { entry, effects } of renewals) this.#perform(entry, effects, origin);
    return undefined;
  }

  /** Records from before this server came were performed by others. `ShardReplica.pending` returns the timers that are left of them. */
  #perform(entry: Entry, effects: readonly Effect[], origin: Origin): void {
    if (this.#standing !== 'reading-up') this.#ports.onApplied(entry, effects, origin);
  }
}
