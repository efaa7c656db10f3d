import type { Position } from './stream-position.js';

/** The port to the stream of one shard: follow its records, append records, store snapshots. */
export interface RecordStream {
  /**
   * Loads the newest snapshot and follows the stream behind it. A stream that was never created is created with `genesis` as its
   * first record. @throws StreamError
   */
  open(listener: StreamListener, genesis: string): Promise<{ readonly snapshot: StreamSnapshot | undefined }>;
  /** Stops following the stream until the next open(). */
  close(): Promise<void>;
  /** The last record that was delivered, also after the stream has broken. Undefined before the first open(). */
  readonly lastRead: RecordRef | undefined;
  /** Returns the position of the newest record; undefined if the stream is empty. @throws StreamError `unavailable` */
  readEndPosition(): Promise<Position | undefined>;
  /** Returns whether the stream holds the history in which this record was read. @throws StreamError `unavailable` */
  containsRecord(record: RecordRef): Promise<boolean>;
  /** Appends a record for each body to the current epoch `epoch`, all or none. One append or beginEpoch at a time. */
  append(bodies: readonly string[], epoch: number): Promise<AppendResult>;
  /** Begins an epoch with `body` as its record 0. `fenced` if this epoch or a later one has begun. */
  beginEpoch(epoch: number, body: string): Promise<AppendResult>;
  /** Stores the state after the record at `position`. @throws StreamError `unavailable` */
  saveSnapshot(position: Position, text: string): Promise<void>;
  /** Removes records before `before` that no stored snapshot needs. @throws StreamError `unavailable` */
  trim(before: Position): Promise<void>;
}

/** The state after the record at `position`, as text. */
export interface StreamSnapshot {
  readonly position: Position;
  readonly text: string;
}

/**
 * The outcome of an append, which is all or nothing.
 * - `ok`: the records are in the stream. With ack `replicated`, a replica has confirmed them and everything before them.
 * - `fenced`: a newer epoch exists; nothing was written.
 * - `unknown`: the records may be in the stream now, or later until a newer epoch begins. Only reading the stream shows it. Append
 *   them again only if readers recognize the repetition. With ack `replicated` they may be at the primary alone; the next `ok`
 *   confirms them too.
 * - `refused`: nothing was written (READONLY, OOM, NOREPLICAS, not connected, ...). The append may be retried later.
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
  /** The stream does not continue the records that were read. No more records follow; the owner has to call open() again. */
  onBroken(why: StreamBreakReason): void;
}

/**
 * Why a stream does not continue the records that were read.
 * - `rewritten`: Redis has another record, or none, at the position of the last record read: it has lost data.
 * - `trimmed`: the stream begins after the last record read.
 * - `missing`: the stream does not exist or is empty.
 * - `malformed`: a record has a format that the scripts do not write, or a record in the middle is missing.
 */
export type StreamBreakReason = 'rewritten' | 'trimmed' | 'missing' | 'malformed';

/** A record of the stream and its position. */
export interface StreamRecord {
  readonly position: Position;
  readonly body: string;
}

/**
 * Identifies a record and the whole history before it. Marks are globally unique, so a history that contains this record has the
 * same records before it as when the mark was written. Replicas and restored files hold a prefix of a history, never a mixture of
 * two.
 */
export interface RecordRef {
  readonly position: Position;
  readonly mark: string;
}
