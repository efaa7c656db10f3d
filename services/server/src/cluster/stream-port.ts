/** The port to the stream of one shard. Redis Streams implement it in `redis-stream/`. */

import type { Position } from './stream-position.js';

/** The stream of one shard: an ordered sequence of records that all servers append to and read. */
export interface RecordStream {
  /**
   * Loads the newest snapshot and follows the stream after it. Creates a stream that never existed, with `genesis` as its first record.
   * `findFault` returns why the caller cannot read a snapshot, or undefined. If a snapshot has a fault, the earlier one is loaded.
   * @throws StreamError if the stream cannot be read or its beginning is lost.
   */
  open(
    listener: StreamListener,
    genesis: string,
    findFault?: SnapshotCheck,
  ): Promise<{ readonly snapshot: StreamSnapshot | undefined }>;
  /** Stops following the stream until the next open(). */
  close(): Promise<void>;
  /** The last delivered record, also after the stream has broken. Undefined before the first open(). */
  readonly lastRead: RecordRef | undefined;
  /**
   * Returns the position of the newest record, or undefined if the stream is empty.
   * @throws StreamError `unavailable` if Redis fails.
   */
  readEndPosition(): Promise<Position | undefined>;
  /**
   * Returns whether the stream has the history in which this record was read.
   * @throws StreamError `unavailable` if Redis fails.
   */
  containsRecord(record: RecordRef): Promise<boolean>;
  /** Appends a record for each body to the epoch `epoch`, all or none. Only one append or beginEpoch may be in progress. */
  append(bodies: readonly string[], epoch: number): Promise<AppendResult>;
  /** Begins an epoch with `body` as its record 0. The result is `fenced` if this epoch or a later one has begun. */
  beginEpoch(epoch: number, body: string): Promise<AppendResult>;
  /**
   * Stores the state after the record at `position`.
   * @throws StreamError `unavailable` if Redis fails.
   */
  saveSnapshot(position: Position, text: string): Promise<void>;
  /**
   * Removes the records before the position `before`, except those that a stored snapshot needs.
   * @throws StreamError `unavailable` if Redis fails.
   */
  trim(before: Position): Promise<void>;
}

/** Returns why a server cannot read a snapshot. Returns undefined if it can. */
export type SnapshotCheck = (snapshot: StreamSnapshot) => string | undefined;

/** The state after the record at `position`, as text. */
export interface StreamSnapshot {
  readonly position: Position;
  readonly text: string;
}

/**
 * The result of an append. An append writes all of its records or none.
 * - `ok`: the records are in the stream. With ack `replicated`, a replica has confirmed them and everything before them.
 * - `fenced`: a newer epoch exists. Nothing was written.
 * - `unknown`: the records may be in the stream, or may get there before a newer epoch begins. Only reading the stream shows whether they
 *   are. The caller may append them again only if readers recognize the repetition. With ack `replicated`, the records may be on the
 *   primary alone. The next `ok` then confirms them too.
 * - `refused`: nothing was written (READONLY, OOM, NOREPLICAS, not connected, …). The append may be repeated later.
 */
export type AppendResult =
  | { readonly kind: 'ok' }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** Receives the records of a stream. The reader calls it synchronously. */
export interface StreamListener {
  /** Receives the next records in order, without gaps and without repetitions. */
  onRecords(records: readonly StreamRecord[]): void;
  /** Whether the listener has so many records that it wants no further ones for the moment. */
  isCongested?(): boolean;
  /**
   * The stream does not continue the records that were read. The listener gets records again only after the next open(). `record` is the id
   * of the record that breaks the stream, if there is one.
   */
  onBroken(why: StreamBreakReason, record?: string): void;
}

/**
 * Why a stream does not continue the records that were read.
 * - `rewritten`: at the position of the last record read, Redis has another record or none. It has lost data.
 * - `trimmed`: the stream begins after the last record read.
 * - `missing`: the stream does not exist or is empty.
 * - `malformed`: a record has an unknown format, or a record within the stream is missing.
 */
export type StreamBreakReason = 'rewritten' | 'trimmed' | 'missing' | 'malformed';

/** A record of the stream and its position. */
export interface StreamRecord {
  readonly position: Position;
  readonly body: string;
}

/**
 * A record reference: a record's position and its mark. It identifies the whole history before the record. Marks are globally unique, and
 * replicas and restored files contain a prefix of one history, never parts of two. So every stream that contains this record has the same
 * records before it.
 */
export interface RecordRef {
  readonly position: Position;
  readonly mark: string;
}
