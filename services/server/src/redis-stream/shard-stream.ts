/**
 * The stream of one shard in Redis: the adapter behind `cluster/stream-port.ts`. A shard is one of the streams that hold the order of a
 * cluster.
 */

import { StreamError } from '../cluster/stream-error.js';
import type {
  AppendResult,
  RecordRef,
  RecordStream,
  SnapshotCheck,
  StreamListener,
  StreamSnapshot,
} from '../cluster/stream-port.js';
import { formatPosition, parsePosition, type Position } from '../cluster/stream-position.js';
import { markStreamCreated, wasStreamCreated } from './cluster-identity.js';
import type { PrimaryConnections } from './connections/primary-connections.js';
import type { StreamEnvironment } from './environment.js';
import { type ShardKeys, shardKeys, shardName } from './keys.js';
import { checkHistory } from './reading/history-check.js';
import { StreamCursor } from './reading/stream-cursor.js';
import type { StreamReader } from './reading/stream-reader.js';
import { parseStoredRecord, recordRefArguments, type StoredRecord } from './records.js';
import { type LoadedSnapshot, SnapshotStore } from './snapshots/snapshot-store.js';
import type { RecordMarks } from './writing/record-marks.js';
import type { StreamWriter } from './writing/stream-writer.js';

/** The limit of records in one append. */
export const APPEND_RECORDS_MAX = 256;
/** The limit of bytes in one append, over all its bodies. */
export const APPEND_BYTES_MAX = 1024 * 1024;

/** The position of the first record of a stream. */
const GENESIS: Position = { epoch: 1, seq: 0 };

/** The parts that all shards of a store share. */
export interface ShardParts {
  readonly prefix: string;
  readonly connections: PrimaryConnections;
  readonly marks: RecordMarks;
  readonly environment: StreamEnvironment;
  readonly onWarning: (sentence: string) => void;
  /**
   * Returns the id of the cluster.
   * @throws StreamError `unavailable` before prepare() of the store has resolved.
   */
  readonly clusterId: () => string;
}

/** The stream of one shard in Redis: an ordered sequence of records that all servers append to and read. */
export class ShardStream implements RecordStream {
  readonly #index: number;
  readonly #parts: ShardParts;
  readonly #keys: ShardKeys;
  readonly #writer: StreamWriter;
  readonly #reader: StreamReader;
  readonly #snapshots: SnapshotStore;
  #isAppending = false;
  /** Identifies the newest call of open(), so that an earlier call that is still in progress does not start to read. */
  #opening: object | undefined;
  #cursor: StreamCursor | undefined;

  constructor(index: number, parts: ShardParts) {
    this.#index = index;
    this.#parts = parts;
    this.#keys = shardKeys(parts.prefix, index);
    const { writer, reader } = parts.connections.shardConnection(index);
    this.#writer = writer;
    this.#reader = reader;
    this.#snapshots = new SnapshotStore(this.#keys, parts.environment, writer, parts.onWarning);
  }

  /**
   * Loads the newest usable snapshot and follows the stream from there. After the promise has resolved, the listener receives every
   * record after the snapshot. Without a snapshot it receives all records. If the stream was never created, one of the servers creates it
   * with `genesis` as record 1-0. An earlier listener is no longer called. A snapshot with a fault is skipped.
   * @throws StreamError `lost` if the stream or its beginning has disappeared; `unavailable` if Redis fails; in a Redis Cluster
   * `unsuited` if the primary of this shard does not meet the requirements.
   */
  async open(
    listener: StreamListener,
    genesis: string,
    findFault: SnapshotCheck = () => undefined,
  ): Promise<{ readonly snapshot: StreamSnapshot | undefined }> {
    const { connections, prefix } = this.#parts;
    const clusterId = this.#parts.clusterId();
    const opening = {};
    this.#opening = opening;
    this.#reader.unfollowShard(this.#index);
    await connections.openShard(this.#index);
    const { writer: record } = connections.identity;
    const begun = await record.runIdempotent(redis => wasStreamCreated(redis, prefix, clusterId, this.#index));
    const loaded = await this.#snapshots.loadNewest(findFault);
    if (loaded !== undefined) return this.#followSnapshot(opening, listener, loaded);
    if (!begun) await this.#createStream(genesis);
    const first = await this.#readFirstRecord();
    if (!begun) await record.runIdempotent(redis => markStreamCreated(redis, prefix, this.#index));
    this.#startReading(opening, new StreamCursor(this.#keys.log, listener, first, first));
    return { snapshot: undefined };
  }

  /**
   * Returns the position of the newest record, or undefined if the stream is empty.
   * @throws StreamError `unavailable` if Redis fails.
   */
  async readEndPosition(): Promise<Position | undefined> {
    const [newest] = await this.#writer.runIdempotent(redis => redis.xrevrange(this.#keys.log, '+', '-', 'COUNT', 1));
    return newest === undefined ? undefined : parsePosition(newest[0]);
  }

  /**
   * Appends a record for each body, all or none. It runs one script, because a pipeline of XADD commands could stop in the middle.
   * Nothing is written if the stream has lost the last record read. Only one append or beginEpoch may be in progress.
   * @throws RangeError past APPEND_RECORDS_MAX or APPEND_BYTES_MAX; Error if another append is in progress.
   */
  async append(bodies: readonly string[], epoch: number): Promise<AppendResult> {
    return await this.#appendRecords('append', bodies, epoch);
  }

  /** Begins an epoch with `body` as its record 0. The result is `fenced` if this epoch or a later one has begun. */
  async beginEpoch(epoch: number, body: string): Promise<AppendResult> {
    return await this.#appendRecords('begin', [body], epoch);
  }

  /**
   * Stores the state after the record at `position`. Redis keeps the two latest snapshots. Does nothing if a newer one is stored.
   * @throws StreamError `unavailable` if it was not stored; RangeError past SNAPSHOT_BYTES_MAX.
   */
  async saveSnapshot(position: Position, text: string): Promise<void> {
    await this.#snapshots.saveSnapshot(this.#requireCursor().lastRead, position, text);
  }

  /**
   * Removes the records before `before`, except those after the older of the two snapshots. A few more may remain, because Redis frees
   * whole blocks.
   * @throws StreamError `unavailable` if Redis fails.
   */
  async trim(before: Position): Promise<void> {
    await this.#snapshots.trimLog(this.#requireCursor().lastRead, before);
  }

  /** Stops following the stream, and closes the shard's own connection. Appends are refused until the next open(). */
  async close(): Promise<void> {
    this.#opening = undefined;
    this.#reader.unfollowShard(this.#index);
    await this.#parts.connections.closeShard(this.#index);
  }

  /** The last delivered record, also after the stream has broken. Undefined before the first open(). */
  get lastRead(): RecordRef | undefined {
    return this.#cursor?.lastRead;
  }

  /**
   * Returns whether the stream is still the one in which `record` was read. If the record was trimmed, returns true, because a newly
   * created stream is not trimmed.
   * @throws StreamError `unavailable` if Redis fails.
   */
  async containsRecord(record: RecordRef): Promise<boolean> {
    await this.#parts.connections.openShard(this.#index);
    const comparison = await this.#writer.runIdempotent(redis => checkHistory(redis, this.#keys.log, record));
    return comparison === 'same' || comparison === 'trimmed';
  }

  /**
   * Starts to read at the cursor.
   * @throws StreamError `unavailable` if close() or another open() was called after `opening`.
   */
  #startReading(opening: object, cursor: StreamCursor): void {
    if (this.#opening !== opening) throw new StreamError('unavailable', `shard ${shardName(this.#index)} was closed`);
    this.#cursor = cursor;
    this.#reader.followShard(this.#index, cursor);
  }

  #requireCursor(): StreamCursor {
    const cursor = this.#reader.shardCursor(this.#index);
    if (cursor === undefined) throw new StreamError('unavailable', `shard ${shardName(this.#index)} is not open`);
    return cursor;
  }

  #followSnapshot(
    opening: object,
    listener: StreamListener,
    { lastRecord, text }: LoadedSnapshot,
  ): { readonly snapshot: StreamSnapshot } {
    this.#startReading(opening, new StreamCursor(this.#keys.log, listener, lastRecord));
    return { snapshot: { position: lastRecord.position, text } };
  }

  async #createStream(genesis: string): Promise<void> {
    const { log } = this.#keys;
    const mark = this.#parts.marks.nextMark();
    await this.#writer.runIdempotent(async redis => {
      // Redis refuses the id if another server has created the stream first, or has created it before and could not mark it.
      if ((await redis.exists(log)) === 0) {
        await redis
          .xadd(log, formatPosition(GENESIS), 'm', mark, 'p', '', 'b', genesis)
          .catch(ignoreExistingFirstRecord);
      }
    });
  }

  /**
   * Returns record 1-0.
   * @throws StreamError `lost` if the stream does not begin with it.
   */
  async #readFirstRecord(): Promise<StoredRecord> {
    const { log } = this.#keys;
    const [raw] = await this.#writer.runIdempotent(redis => redis.xrange(log, '-', '+', 'COUNT', 1));
    if (raw === undefined)
      throw new StreamError(
        'lost',
        `Redis has lost the order of ranks: stream ${log} does not exist: see docs/operations/several-servers.md`,
      );
    const first = parseStoredRecord(raw);
    if (first !== undefined && formatPosition(first.position) === formatPosition(GENESIS)) return first;
    throw new StreamError(
      'lost',
      `Redis has lost the order of ranks: stream ${log} begins at ${raw[0]} and no snapshot covers the records before that: see docs/operations/several-servers.md`,
    );
  }

  async #appendRecords(kind: 'append' | 'begin', bodies: readonly string[], epoch: number): Promise<AppendResult> {
    assertSizes(bodies);
    if (this.#isAppending) throw new Error(`shard ${shardName(this.#index)} has an append in progress`);
    const cursor = this.#reader.shardCursor(this.#index);
    if (cursor === undefined) return { kind: 'refused', reason: 'the stream is not open' };
    const records = bodies.flatMap(body => [this.#parts.marks.nextMark(), body]);
    const parts = [kind, String(epoch), ...recordRefArguments(cursor.lastRead), ...records];
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
    throw new RangeError(`an append is 1 to ${APPEND_RECORDS_MAX} records of ${APPEND_BYTES_MAX} bytes in total`);
  }
}

function ignoreExistingFirstRecord(error: unknown): void {
  if (!(error instanceof Error && error.message.includes('equal or smaller'))) throw error;
}
