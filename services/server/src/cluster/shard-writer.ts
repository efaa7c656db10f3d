import type { Clock } from '../clock.js';
import type { Batch, Entry, ServerEntry, ServerId } from '../core/index.js';
import { type BatchListener, BatchSender } from './batch-sender.js';
import { HeartbeatAcks } from './heartbeat-acks.js';
import { encodeRecord } from './record-format.js';
import type { AppendResult, RecordStream } from './stream-port.js';

/** What a ShardWriter needs from its owner. */
export interface ShardWriterPorts {
  readonly clock: Clock;
  readonly stream: Pick<RecordStream, 'append' | 'beginEpoch'>;
  /** Records how long a write to the stream took. */
  readonly recordWriteSeconds: (seconds: number) => void;
  /** Returns the epoch of the last record that this server has read. */
  readonly epochRead: () => number;
  readonly listener: BatchListener;
}

/** Writes what this server proposes to the stream of a shard, one write at a time, and keeps when the other servers last heard it. */
export class ShardWriter {
  readonly #server: ServerId;
  readonly #ports: ShardWriterPorts;
  readonly #sender: BatchSender;
  readonly #heartbeatAcks: HeartbeatAcks;
  /** The number of the batch that announces this server. */
  readonly #firstBatch: number;
  #writing: Promise<unknown> = Promise.resolve();

  /** `lastBatch`: the number of the last batch that this incarnation has sent into this shard before, 0 for none. */
  constructor(server: ServerId, lastBatch: number, ports: ShardWriterPorts) {
    const { clock, stream, epochRead, listener } = ports;
    this.#server = server;
    this.#ports = ports;
    this.#heartbeatAcks = new HeartbeatAcks(clock);
    this.#firstBatch = lastBatch + 1;
    this.#sender = new BatchSender(server, lastBatch, {
      clock,
      append: async body => await this.#write(() => stream.append([body], epochRead())),
      listener,
    });
  }

  /** The number of the last batch that was sent; undefined if this server has not announced itself. */
  get lastBatch(): number | undefined {
    return this.#sender.lastBatch < this.#firstBatch ? undefined : this.#sender.lastBatch;
  }

  /** By the monotonic clock: when a heartbeat was sent that the other servers are known to have heard. */
  get heardAtMs(): number {
    return this.#heartbeatAcks.lastAckAtMs;
  }

  /** Sends the entry that announces this server, ahead of all others. */
  start(entry: ServerEntry): void {
    this.#sender.start(entry);
  }

  append(entry: Entry | ServerEntry): void {
    this.#sender.append(entry);
  }

  appendHeartbeat(at: number, applied: string): void {
    this.#heartbeatAcks.recordSent();
    this.append({ kind: 'server-beat', at, applied });
  }

  /** Begins a new epoch of the stream: no append of an earlier epoch can come after this. */
  async beginEpoch(): Promise<void> {
    const { stream, epochRead } = this.#ports;
    await this.#write(() => stream.beginEpoch(epochRead() + 1, encodeRecord({ kind: 'epoch' })));
  }

  isOwn({ from }: Batch): boolean {
    return from === this.#server;
  }

  /** Whether the batch is an own one that a primary has taken, and that is not known to stay. */
  isUnacked(batch: Batch): boolean {
    return this.isOwn(batch) && this.#sender.isUnacked(batch.n);
  }

  /** An own batch was read from the stream and applied. Returns what it says: that this server has joined, or anything else. */
  recordReadBack(batch: Batch): 'joined' | 'other' {
    for (const { kind } of batch.entries) if (kind === 'server-beat') this.#heartbeatAcks.recordAck();
    this.#sender.recordReadBack(batch.n);
    return batch.n === this.#firstBatch ? 'joined' : 'other';
  }

  /** This server has joined the shard, so the others have heard it now. */
  recordJoin(): void {
    this.#heartbeatAcks.recordJoin();
  }

  /** Resolves when no write is under way any more. */
  async close(): Promise<void> {
    this.#sender.close();
    await this.#writing;
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
}
