/** Writes the entries of this server to the stream of one shard. */

import type { Clock } from '../clock.js';
import type { Batch, Entry, ServerEntry, ServerHeartbeatEntry, ServerId } from '../core/index.js';
import { type BatchListener, BatchSender } from './batch-sender.js';
import type { LogFormats } from './formats/log-format.js';
import { HeartbeatAcks } from './waits/heartbeat-acks.js';
import type { RecordApplier } from './record-applier.js';
import { encodeRecord } from './record-format.js';
import type { AppendResult, RecordStream } from './stream-port.js';

/** The functions and values that a ShardWriter gets from its owner. */
export interface ShardWriterPorts {
  readonly clock: Clock;
  readonly stream: Pick<RecordStream, 'append' | 'beginEpoch'>;
  /** Receives how long each write to the stream took. */
  readonly recordWriteSeconds: (seconds: number) => void;
  /** Returns the state of the shard: the stream epoch of the last record that this server has read, and the format of the shard. */
  readonly state: () => Pick<RecordApplier, 'epochRead' | 'format'>;
  readonly listener: BatchListener;
}

/** Writes batches and epochs to the stream of a shard, one write at a time. Tracks which heartbeats are acknowledged. */
export class ShardWriter {
  readonly #server: ServerId;
  readonly #formats: LogFormats;
  readonly #ports: ShardWriterPorts;
  readonly #sender: BatchSender;
  readonly #heartbeatAcks: HeartbeatAcks;
  /** The number of the batch that contains the join of this server. */
  readonly #firstBatch: number;
  #writing: Promise<unknown> = Promise.resolve();
  #hasJoined = false;
  #failure: string | undefined;

  /** `formats` are those that this server writes. `lastBatch` is the number of the last batch that this incarnation has sent to this shard before, or 0. */
  constructor(server: ServerId, formats: LogFormats, lastBatch: number, ports: ShardWriterPorts) {
    const { clock, stream, state, listener } = ports;
    this.#server = server;
    this.#formats = formats;
    this.#ports = ports;
    this.#heartbeatAcks = new HeartbeatAcks(clock);
    this.#firstBatch = lastBatch + 1;
    this.#sender = new BatchSender(server, lastBatch, {
      clock,
      append: async body => await this.#write(() => stream.append([body], state().epochRead)),
      formatFor: entry => this.#formats.of(entry.kind === 'format-raised' ? entry.format : state().format),
      listener,
    });
  }

  /** The number of the last batch that was sent. Undefined if the join was not sent yet. */
  get lastBatch(): number | undefined {
    return this.#sender.lastBatch < this.#firstBatch ? undefined : this.#sender.lastBatch;
  }

  /** Whether this incarnation has read back its join of the shard. */
  get hasJoined(): boolean {
    return this.#hasJoined;
  }

  /** Why the last write has failed. Undefined if it has not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** When the last acknowledged heartbeat was sent: time of the monotonic clock in milliseconds. */
  get heardAtMs(): number {
    return this.#heartbeatAcks.lastAckAtMs;
  }

  /** How long this server takes to apply what is in the stream, in milliseconds. */
  get readBackMs(): number {
    return this.#sender.readBackMs;
  }

  /** Sends the join of this server before all other entries. */
  start(entry: ServerEntry): void {
    this.#sender.start(entry);
  }

  /** Adds an entry to the next batch. */
  append(entry: Entry | ServerEntry): void {
    this.#sender.append(entry);
  }

  /** Appends a heartbeat. */
  appendHeartbeat(heartbeat: Omit<ServerHeartbeatEntry, 'kind'>): void {
    this.#heartbeatAcks.recordSent();
    this.append({ kind: 'server-beat', ...heartbeat });
  }

  /** Begins a new epoch of the stream. Redis refuses appends to earlier epochs after this. */
  async beginEpoch(): Promise<void> {
    const { stream, state } = this.#ports;
    await this.#write(() => stream.beginEpoch(state().epochRead + 1, encodeRecord({ kind: 'epoch' })));
  }

  /** Whether the batch was sent by this incarnation. */
  isOwn({ from }: Batch): boolean {
    return from === this.#server;
  }

  /** Whether the batch was sent by this incarnation and its append is not acknowledged. Redis may still lose it. */
  isUnacked(batch: Batch): boolean {
    return this.isOwn(batch) && this.#sender.isUnacked(batch.n);
  }

  /** Records that a batch of this incarnation was read back and applied. Returns `joined` if it contains the join of this server. */
  recordReadBack(batch: Batch): 'joined' | 'other' {
    for (const { kind } of batch.entries) if (kind === 'server-beat') this.#heartbeatAcks.recordAck();
    this.#sender.recordReadBack(batch.n);
    return batch.n === this.#firstBatch ? 'joined' : 'other';
  }

  /** Records that this server has joined the shard, which counts as an acknowledged heartbeat. */
  recordJoin(): void {
    this.#hasJoined = true;
    this.#heartbeatAcks.recordJoin();
  }

  /** Drops unsent entries. Resolves when no write is in progress. */
  async close(): Promise<void> {
    this.#sender.close();
    await this.#writing;
  }

  /** Waits until the earlier write has ended, then writes. Measures how long it takes. */
  async #write(write: () => Promise<AppendResult>): Promise<AppendResult> {
    const writing = this.#writing.then(async () => {
      const { clock, recordWriteSeconds } = this.#ports;
      const beganMs = clock.monotonicMs();
      const outcome = await write();
      recordWriteSeconds((clock.monotonicMs() - beganMs) / 1000);
      this.#failure = describeFailure(outcome);
      return outcome;
    });
    this.#writing = writing.catch(() => undefined);
    return await writing;
  }
}

function describeFailure(outcome: AppendResult): string | undefined {
  if (outcome.kind === 'ok') return undefined;
  return outcome.kind === 'fenced' ? 'a newer epoch of the stream has begun' : outcome.reason;
}
