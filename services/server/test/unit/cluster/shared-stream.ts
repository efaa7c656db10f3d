import { setImmediate } from 'node:timers/promises';
import { StreamError } from '../../../src/cluster/stream-error.js';
import type {
  AppendResult,
  RecordRef,
  RecordStream,
  StreamListener,
  StreamRecord,
} from '../../../src/cluster/stream-port.js';
import type { Position } from '../../../src/cluster/stream-position.js';

/** A stream in memory that several servers share. It loses nothing. */
export class SharedStream {
  readonly records: StreamRecord[] = [];
  /** The ends that follow the stream. */
  readonly followers = new Set<SharedStreamEnd>();
  /** Why no server can reach the stream at the moment. */
  fault: string | undefined;

  add(bodies: readonly string[]): void {
    const records = bodies.map((body, index) => ({ position: { epoch: 1, seq: this.records.length + index }, body }));
    this.records.push(...records);
    for (const follower of this.followers) follower.deliverRecords(records);
  }
}

/** One server's end of the stream. */
export class SharedStreamEnd implements RecordStream {
  readonly #stream: SharedStream;
  protected listener: StreamListener | undefined;
  #lastRead: RecordRef | undefined;

  constructor(stream: SharedStream) {
    this.#stream = stream;
  }

  get lastRead(): RecordRef | undefined {
    return this.#lastRead;
  }

  deliverRecords(records: readonly StreamRecord[]): void {
    const last = records.at(-1);
    if (last !== undefined) this.#lastRead = { position: last.position, mark: 'm' };
    this.listener?.onRecords(records);
  }

  async open(listener: StreamListener, genesis: string): Promise<{ snapshot: undefined }> {
    await setImmediate();
    if (this.#stream.fault !== undefined) throw new StreamError('unavailable', this.#stream.fault);
    if (this.#stream.records.length === 0) this.#stream.add([genesis]);
    this.listener = listener;
    this.#stream.followers.add(this);
    this.deliverRecords(this.#stream.records);
    return { snapshot: undefined };
  }

  async close(): Promise<void> {
    this.#stream.followers.delete(this);
    await Promise.resolve();
  }

  async append(bodies: readonly string[]): Promise<AppendResult> {
    await setImmediate();
    this.#stream.add(bodies);
    return { kind: 'ok' };
  }

  readEndPosition = async (): Promise<Position | undefined> =>
    await Promise.resolve(this.#stream.records.at(-1)?.position);
  containsRecord = async (): Promise<boolean> => await Promise.resolve(true);
  beginEpoch = async (): Promise<AppendResult> => await Promise.resolve({ kind: 'fenced' });
  saveSnapshot = async (): Promise<void> => await Promise.resolve();
  trim = async (): Promise<void> => await Promise.resolve();
}
