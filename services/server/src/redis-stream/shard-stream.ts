import type { RecordRef, AppendResult, StreamListener } from '../cluster/stream-port.js';
import type { RecordMarks } from './writing/record-marks.js';
import { hasBegun, noteBegun } from './cluster-record.js';
import { StreamCursor } from './reading/stream-cursor.js';
import type { PrimaryConnections } from './connections/primary-connections.js';
import { checkHistory } from './reading/history-check.js';
import { type LoadedSnapshot, SnapshotStore } from './snapshots/snapshot-store.js';
import { StreamError } from '../cluster/stream-error.js';
import { type ShardKeys, shardKeys, shardName } from './keys.js';
import type { StreamEnvironment } from './environment.js';
import { positionId, parsePosition, type Position } from '../cluster/stream-position.js';
import type { StreamReader } from './reading/stream-reader.js';
import { recordRefArguments, type StoredRecord, storedRecordOf } from './records.js';
import type { StreamWriter } from './writing/stream-writer.js';

/** Records of one append. */
export const APPEND_RECORDS_MAX = 256;
/** Bytes of one append in all; the bodies count. */
export const APPEND_BYTES_MAX = 1024 * 1024;
/** What is told of a server vanishes this long after it was told last. */
const DESCRIBED_MS = 15_000;

const GENESIS: Position = { epoch: 1, seq: 0 };

/** What a shard has of the store that it is in. */
export interface ShardParts {
  readonly prefix: string;
  readonly connections: PrimaryConnections;
  readonly marks: RecordMarks;
  readonly environment: StreamEnvironment;
  readonly warning: (sentence: string) => void;
  /** @throws StreamError where the store has not been prepared */
  readonly clusterId: () => string;
}

/** One ordered stream of records, shared by all servers. */
export class ShardStream {
  readonly #index: number;
  readonly #parts: ShardParts;
  readonly #keys: ShardKeys;
  readonly #writer: StreamWriter;
  readonly #reader: StreamReader;
  readonly #snapshots: SnapshotStore;
  #isAppending = false;
  /** The opening that counts; what an earlier one still waits for does not. */
  #opening: object | undefined;
  #cursor: StreamCursor | undefined;

  constructor(index: number, parts: ShardParts) {
    this.#index = index;
    this.#parts = parts;
    this.#keys = shardKeys(parts.prefix, index);
    const { writer, reader } = parts.connections.ofShard(index);
    this.#writer = writer;
    this.#reader = reader;
    this.#snapshots = new SnapshotStore(this.#keys, parts.environment, writer, parts.warning);
  }

  /**
   * Finds the newest usable snapshot, and from a turn after this resolves on tells the listener every record behind it; from
   * the very first one where there is none. A stream that never was is begun with `genesis` as record 1-0, by one of
   * the servers. What was followed before is not any more.
   * @throws StreamError `lost` where the stream, or its beginning, was there and is not any more; `unavailable`; in a Redis
   * Cluster `unsuited` where the primary of this shard is
   */
  async open(
    listener: StreamListener,
    genesis: string,
  ): Promise<{ snapshot: { place: Position; text: string } | undefined }> {
    const { connections, prefix } = this.#parts;
    const clusterId = this.#parts.clusterId();
    const opening = {};
    this.#opening = opening;
    this.#reader.unfollow(this.#index);
    await connections.openShard(this.#index);
    const { writer: record } = connections.record;
    const begun = await record.ask(redis => hasBegun(redis, prefix, clusterId, this.#index));
    const loaded = await this.#snapshots.load();
    if (loaded !== undefined) return this.#followSnapshot(opening, listener, loaded);
    if (!begun) await this.#createStream(genesis);
    const first = await this.#readFirstRecord();
    if (!begun) await record.ask(redis => noteBegun(redis, prefix, this.#index));
    this.#startReading(opening, new StreamCursor(this.#keys.log, listener, first, first));
    return { snapshot: undefined };
  }

  /** Where it ends now; undefined where there is nothing in it. @throws StreamError `unavailable` */
  async end(): Promise<Position | undefined> {
    const [newest] = await this.#writer.ask(redis => redis.xrevrange(this.#keys.log, '+', '-', 'COUNT', 1));
    return newest === undefined ? undefined : parsePosition(newest[0]);
  }

  /**
   * Puts bodies at the end of the stream, all or none, in one script: a pipeline of XADDs could end in its middle. Nothing is
   * written where the stream does not hold what was read of it. One append (or beginEpoch) at a time.
   * @throws RangeError past APPEND_RECORDS_MAX or APPEND_BYTES_MAX
   */
  async append(bodies: readonly string[], epoch: number): Promise<AppendResult> {
    return await this.#write('append', bodies, epoch);
  }

  /** Begins an epoch with this body as its record 0; `fenced` where this epoch, or a later one, has begun. */
  async beginEpoch(epoch: number, body: string): Promise<AppendResult> {
    return await this.#write('begin', [body], epoch);
  }

  /**
   * Keeps the state after the record at `place`; the two latest are kept, and nothing is done where a newer one is there.
   * @throws StreamError `unavailable` where it was not taken; RangeError past SNAPSHOT_BYTES_MAX
   */
  async saveSnapshot(place: Position, text: string): Promise<void> {
    await this.#snapshots.save(this.#openCursor().last, place, text);
  }

  /**
   * Lets go of records before this place, or a little less (Redis frees whole blocks), but of none that the older of two
   * snapshots goes on from.
   * @throws StreamError `unavailable`
   */
  async trim(before: Position): Promise<void> {
    await this.#snapshots.trim(this.#openCursor().last, before);
  }

  /** Tells people who look into Redis about this server; for 15 s. Nothing is decided by it. */
  async describe(name: string, fields: Readonly<Record<string, string>>): Promise<void> {
    const key = this.#keys.server(name);
    await this.#writer.ask(redis => redis.multi().del(key).hset(key, fields).pexpire(key, DESCRIBED_MS).exec());
  }

  /** Follows it no more: nothing further is told, appends are refused, and connections of its own are closed. open() begins anew. */
  async close(): Promise<void> {
    this.#opening = undefined;
    this.#reader.unfollow(this.#index);
    await this.#parts.connections.closeShard(this.#index);
  }

  /** The last record that was told; stays what it is when the stream breaks. Undefined before the first open(). */
  get last(): RecordRef | undefined {
    return this.#cursor?.last;
  }

  /**
   * False where the stream holds another history than that in which this was read. Of what has been let go since nobody can
   * tell; it counts as held, for that takes snapshots and time.
   * @throws StreamError `unavailable`
   */
  async holds(anchor: RecordRef): Promise<boolean> {
    await this.#parts.connections.openShard(this.#index);
    const overlap = await this.#writer.ask(redis => checkHistory(redis, this.#keys.log, anchor));
    return overlap === 'same' || overlap === 'trimmed';
  }

  /** @throws StreamError where it was closed, or opened anew, meanwhile */
  #startReading(opening: object, cursor: StreamCursor): void {
    if (this.#opening !== opening) throw new StreamError('unavailable', `shard ${shardName(this.#index)} was closed`);
    this.#cursor = cursor;
    this.#reader.follow(this.#index, cursor);
  }

  #openCursor(): StreamCursor {
    const cursor = this.#reader.following(this.#index);
    if (cursor === undefined) throw new StreamError('unavailable', `shard ${shardName(this.#index)} is not open`);
    return cursor;
  }

  #followSnapshot(
    opening: object,
    listener: StreamListener,
    { anchor, text }: LoadedSnapshot,
  ): { snapshot: { place: Position; text: string } } {
    this.#startReading(opening, new StreamCursor(this.#keys.log, listener, anchor));
    return { snapshot: { place: anchor.place, text } };
  }

  async #createStream(genesis: string): Promise<void> {
    const { log } = this.#keys;
    const mark = this.#parts.marks.next();
    await this.#writer.ask(async redis => {
      // Where another server was faster, or the stream was begun and not noted, Redis refuses the id.
      if ((await redis.exists(log)) === 0) {
        await redis.xadd(log, positionId(GENESIS), 'm', mark, 'p', '', 'b', genesis).catch(unlessBegun);
      }
    });
  }

  /** @throws StreamError `lost` where the stream does not begin with its first record */
  async #readFirstRecord(): Promise<StoredRecord> {
    const { log } = this.#keys;
    const [raw] = await this.#writer.ask(redis => redis.xrange(log, '-', '+', 'COUNT', 1));
    if (raw === undefined) throw new StreamError('lost', `Redis has lost the order of ranks: stream ${log} is gone`);
    const first = storedRecordOf(raw);
    if (first !== undefined && positionId(first.place) === positionId(GENESIS)) return first;
    throw new StreamError(
      'lost',
      `Redis has lost the order of ranks: stream ${log} begins at ${raw[0]} and no snapshot leads there`,
    );
  }

  async #write(kind: 'append' | 'begin', bodies: readonly string[], epoch: number): Promise<AppendResult> {
    assertSizes(bodies);
    if (this.#isAppending) throw new Error(`shard ${shardName(this.#index)} has an append under way`);
    const cursor = this.#reader.following(this.#index);
    if (cursor === undefined) return { kind: 'refused', reason: 'the stream is not open' };
    const records = bodies.flatMap(body => [this.#parts.marks.next(), body]);
    const parts = [kind, String(epoch), ...recordRefArguments(cursor.last), ...records];
    this.#isAppending = true;
    try {
      return await this.#writer.append({ key: this.#keys.log, parts });
    } finally {
      this.#isAppending = false;
    }
  }
}

function assertSizes(bodies: readonly string[]): void {
  const bytes = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
  if (bodies.length === 0 || bodies.length > APPEND_RECORDS_MAX || bytes > APPEND_BYTES_MAX) {
    throw new RangeError(`an append is 1 to ${APPEND_RECORDS_MAX} records of ${APPEND_BYTES_MAX} bytes in all`);
  }
}

function unlessBegun(error: unknown): void {
  if (!(error instanceof Error && error.message.includes('equal or smaller'))) throw error;
}
