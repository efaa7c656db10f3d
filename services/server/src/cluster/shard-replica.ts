/** The replica of one shard: this server's copy of its groups and its list of servers. */

import type { Coordinator, Entry, PendingEffects, ServerEntry, ServerId, ServerRegistry } from '../core/index.js';
import { blockByException, blockByRecord, type BlockingEntry } from './blocked/blocked-shard.js';
import { ApplySlices } from './flow/apply-slices.js';
import { FormatRaise } from './formats/format-raise.js';
import { SnapshotReading } from './formats/snapshot-reading.js';
import { ResumeTracker, type ShardResumePoint } from './lost-history/resume-point.js';
import { RecordApplier } from './record-applier.js';
import { encodeRecord } from './record-format.js';
import type { IncarnationEndReason, ShardReplicaPorts, ShardSettings } from './cluster-ports.js';
import { ShardWriter } from './shard-writer.js';
import { SnapshotPolicy } from './snapshot-policy.js';
import { StreamError } from './stream-error.js';
import type { StreamListener } from './stream-port.js';
import { formatPosition, type Position } from './stream-position.js';
import { CatchUp } from './waits/catch-up.js';
import { ConditionWaits } from './waits/condition-waits.js';
import { awaitedServers, haveAnswered, SERVERS_HEARD_MS } from './waits/awaited-servers.js';

/** After this long, an attempt to join a shard fails if this server has not read back its join. */
export const JOIN_MS = 10_000;
/** After this long, a server stops following a shard without having read back that it leaves. The others then notice its silence. */
export const LEAVE_SHARD_MS = 5000;

/**
 * This server's copy of one shard, from joining the shard until leaving it. RecordApplier applies the records of the stream, and
 * ShardWriter appends the entries of this server. A fault of the stream ends the incarnation. The next incarnation starts from the
 * records that the stream then has.
 */
export class ShardReplica {
  readonly #settings: ShardSettings;
  readonly #resume: ResumeTracker;
  readonly #ports: ShardReplicaPorts;
  readonly #writer: ShardWriter;
  readonly #applier: RecordApplier;
  readonly #slices: ApplySlices;
  readonly #snapshots: SnapshotPolicy;
  readonly #formatRaise: FormatRaise;
  readonly #waits: ConditionWaits;
  readonly #catchUp: CatchUp;
  #blockedBy: BlockingEntry | undefined;
  /** The largest lost epoch that this replica has reported to the shard. */
  #epochReported = 0;

  /**
   * `resumePoint` is where this server stopped following the shard. It is undefined if it never followed it. `lastBatch` is the number of
   * the last batch that this incarnation has sent in a join that failed, or 0.
   */
  constructor(
    settings: ShardSettings,
    resumePoint: ShardResumePoint | undefined,
    ports: ShardReplicaPorts,
    lastBatch = 0,
  ) {
    const { server, formats } = settings;
    const { clock, stream, recordWriteSeconds, listener } = ports;
    this.#settings = settings;
    this.#resume = new ResumeTracker(server, resumePoint, ports);
    this.#ports = ports;
    this.#snapshots = new SnapshotPolicy(clock, stream, server, formats);
    this.#formatRaise = new FormatRaise(server, formats);
    this.#writer = new ShardWriter(server, formats, Math.max(this.#resume.lastBatch, lastBatch), {
      clock,
      stream,
      recordWriteSeconds,
      state: () => this.#applier,
      listener: { onAcked: () => this.#slices.run() },
    });
    this.#slices = new ApplySlices(clock, isTimeOver => this.#applySlice(isTimeOver));
    this.#applier = new RecordApplier(settings, { ...listener, writer: this.#writer, snapshots: this.#snapshots });
    this.#waits = new ConditionWaits(clock);
    this.#catchUp = new CatchUp({
      clock,
      stream,
      waits: this.#waits,
      position: () => this.position,
      isOver: () => this.#applier.isOver,
    });
  }

  /** The groups of the shard. */
  get coordinator(): Coordinator {
    return this.#applier.coordinator;
  }

  /** The servers that follow the shard. */
  get registry(): ServerRegistry {
    return this.#applier.registry;
  }

  /** The position of the last applied record. */
  get position(): Position {
    return this.#applier.position;
  }

  /** The number of records that were read and not applied yet. */
  get lagRecords(): number {
    return this.#applier.lagRecords;
  }

  /** Where to start when this server follows the shard again. Until this replica has announced itself, that is where it started itself. */
  get resumePoint(): ShardResumePoint | undefined {
    return this.#resume.pointAfter(this.#writer.lastBatch, this.coordinator.epochLast, this.#writer.hasJoined);
  }

  /** When the last heartbeat was sent that the other servers can have read, in milliseconds of the monotonic clock. */
  get heardAtMs(): number {
    return this.#writer.heardAtMs;
  }

  /** How long this server takes to apply what is in the stream, in milliseconds. */
  get readBackMs(): number {
    return this.#writer.readBackMs;
  }

  /** Whether this server has joined the shard, and has neither left it nor ended. */
  get isCurrent(): boolean {
    return this.#applier.standing === 'current';
  }

  /**
   * Joins the shard. First applies all records of the stream without performing their effects. Then appends `server-up`, so that the other
   * servers do not wait for a server that is still reading. Resolves when the join was applied, or when this replica is over.
   * @throws StreamError if the stream cannot be opened or read, or if the join was not applied within JOIN_MS.
   */
  async join(): Promise<void> {
    await this.#resume.checkHistory();
    // After close() nothing else would end the reading of a stream that is opened now.
    if (this.#applier.isOver) return;
    await this.#readUp();
    if (this.#applier.standing !== 'reading-up') return;
    this.#applier.enter();
    this.endIfThrows(() => {
      for (const group of this.coordinator.groups.values()) this.#ports.listener.onGroupLoaded(group);
    });
    this.#writer.start(this.#createJoin(this.#resume.replaces));
    if ((await this.#waits.until(() => this.isCurrent || this.#applier.isOver, JOIN_MS)) === 'met') return;
    const reason = this.#writer.failure ?? 'Redis has confirmed it';
    throw new StreamError('unavailable', `this server has not read back its join within ${JOIN_MS} ms: ${reason}`);
  }

  /** What this server waits for until it is current, for people. */
  get waitsFor(): string {
    return this.#applier.standing === 'reading-up' ? this.#catchUp.progress : 'it has not read back its join';
  }

  /** The number of the last batch that was sent, or 0. */
  get lastBatch(): number {
    return this.#writer.lastBatch ?? 0;
  }

  /** Returns the entry `server-up`. It reports the largest lost epoch, unless the shard contains it already. */
  #createJoin(replaces: ServerId | undefined): ServerEntry {
    const { rules, name, since, formats } = this.#settings;
    const lost = this.#ports.lostHistory.findEpochLost();
    const epochLost = lost > this.registry.epochLost ? lost : undefined;
    this.#epochReported = lost;
    const at = this.#ports.clock.wallMs();
    return { kind: 'server-up', at, name, since, rules, replaces, epochLost, format: formats.newest.version };
  }

  /** Reports the largest lost epoch that this server knows, if the shard does not contain it. */
  reportLoss(): void {
    const epochLost = this.#ports.lostHistory.findEpochLost();
    if (!this.isCurrent || epochLost <= Math.max(this.registry.epochLost, this.#epochReported)) return;
    this.append(this.#createJoin(undefined));
  }

  /**
   * Reads the shard and applies its records, without joining it and without effects. Returns the entry that this server cannot read or
   * apply. Returns undefined if there is none.
   * @throws StreamError if the stream cannot be opened or read.
   */
  async findBlockingEntry(): Promise<BlockingEntry | undefined> {
    await this.#readUp();
    return this.#blockedBy;
  }

  /** Loads the newest snapshot that this server can read, and applies the records after it. */
  async #readUp(): Promise<void> {
    const { formats, epochLast, rules } = this.#settings;
    const { stream, clusterFormat } = this.#ports;
    const reader: StreamListener = {
      onRecords: records => {
        this.#applier.addRecords(records);
        this.#slices.run();
      },
      isCongested: () => this.#slices.isCongested(this.#applier.unappliedChars),
      onBroken: (why, record) => this.#endIncarnation(why === 'malformed' ? blockByRecord(record) : why),
    };
    const genesis = encodeRecord({ kind: 'genesis', epochLast, rules }, clusterFormat() ?? formats.newest.version);
    const opened = await new SnapshotReading(formats).openStream(stream, reader, genesis);
    if (opened.kind === 'blocked') {
      this.#endIncarnation(opened);
      return;
    }
    if (opened.state !== undefined) this.#applier.loadState(opened.position, opened.state);
    await this.#catchUp.readToEnd();
  }

  /**
   * Announces that this server leaves the shard. Resolves when the announcement was applied, when this replica is over, or after
   * LEAVE_SHARD_MS.
   */
  async leave(): Promise<void> {
    this.append({ kind: 'server-left', at: this.#ports.clock.wallMs() });
    await this.#waits.until(() => this.#applier.isOver, LEAVE_SHARD_MS);
  }

  /** Appends an entry. It is sent after the join of this server. */
  append(entry: Entry | ServerEntry): void {
    this.#writer.append(entry);
  }

  /** Appends a heartbeat. Declares the servers lost that were silent for too long, and saves a snapshot if one is due. */
  sendHeartbeat(): void {
    const at = this.#ports.clock.wallMs();
    this.#writer.appendHeartbeat({ at, applied: formatPosition(this.position), address: this.#settings.address?.() });
    for (const lost of this.registry.overdueServers(this.#settings.server)) {
      this.append({ kind: 'server-lost', at, server: lost, evidence: 'silence' });
    }
    if (!this.isCurrent) return;
    this.reportLoss();
    const format = this.#formatRaise.nextFormat(this.registry, this.#ports.clusterFormat());
    if (format !== undefined) this.append({ kind: 'format-raised', at, format });
    void this.#snapshots.saveIfDue(this.#applier);
  }

  /** Calls `takeOver`, which takes over the state after the last applied record. If it throws an exception, this incarnation ends. */
  endIfThrows(takeOver: () => void): void {
    try {
      takeOver();
    } catch (error) {
      this.#endIncarnation(blockByException(this.position, error));
    }
  }

  /** Begins a new epoch of the stream. Called when the connection to Redis is up again, because it may lead to another primary. */
  async beginEpoch(): Promise<void> {
    if (this.isCurrent) await this.#writer.beginEpoch();
  }

  /** Returns the effects whose timers this server has to set. An earlier incarnation or another server had set them. */
  pending(): PendingEffects[] {
    return this.coordinator.pendingTimers(this.#ports.clock.wallMs());
  }

  /**
   * Waits for the servers with sessions in a group. Resolves with `late` after SERVERS_HEARD_MS. In format 1 it does not wait, because
   * nothing depends on the answer.
   */
  async awaitServersOf(group: string): Promise<'met' | 'late'> {
    const { registry } = this;
    if (registry.format === 1) return 'met';
    const servers = awaitedServers(registry, this.coordinator.groups.get(group), this.#settings.server);
    return await this.#waits.until(() => haveAnswered(registry, servers), SERVERS_HEARD_MS);
  }

  /** Stops following the shard. Resolves when no operation is in progress. */
  async close(): Promise<void> {
    this.#applier.stop();
    this.#waits.check();
    await this.#writer.close();
    await this.#ports.stream.close();
  }

  #applySlice(isTimeOver: () => boolean): 'unfinished' | 'done' {
    const end = this.#applier.applyRecords(isTimeOver);
    if (end === 'left') void this.close();
    else if (end !== undefined && end !== 'unfinished') this.#endIncarnation(end);
    this.#waits.check();
    return end === 'unfinished' ? end : 'done';
  }

  #endIncarnation(why: IncarnationEndReason): void {
    if (this.#applier.isOver) return;
    if (typeof why === 'object') this.#blockedBy = why;
    void this.close();
    this.#ports.listener.onIncarnationEnd(why);
  }
}
