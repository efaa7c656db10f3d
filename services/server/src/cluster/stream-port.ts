import type { Position } from './stream-position.js';

/** A stream of records in Redis, as far as an order needs it. */
export interface RecordStream {
  /** Begins to follow it, by way of its newest snapshot. @throws StreamError */
  open(
    listener: StreamListener,
    genesis: string,
  ): Promise<{ readonly snapshot: { readonly place: Position; readonly text: string } | undefined }>;
  /** Follows it no more, until the next open(). */
  close(): Promise<void>;
  /** The last record that was told; stays what it is when the stream breaks. Undefined before the first open(). */
  readonly last: RecordRef | undefined;
  /** Where it ends now; undefined where there is nothing in it. @throws StreamError `unavailable` */
  end(): Promise<Position | undefined>;
  /** False where the stream holds another history than that in which this was read. @throws StreamError `unavailable` */
  holds(anchor: RecordRef): Promise<boolean>;
  append(bodies: readonly string[], epoch: number): Promise<AppendResult>;
  beginEpoch(epoch: number, body: string): Promise<AppendResult>;
  saveSnapshot(place: Position, text: string): Promise<void>;
  trim(before: Position): Promise<void>;
}

/**
 * What became of an append, which is all or nothing.
 * - `ok`: it stands in the stream and, with ack `replicated`, at a replica, as does everything before it.
 * - `fenced`: a newer epoch exists; nothing was written.
 * - `unknown`: it may stand there, now or later, as long as no newer epoch begins: read on to find out, and append again only
 *   what readers know for the same. With ack `replicated` it may also stand at the primary alone; the next `ok` covers it.
 * - `refused`: nothing was written (READONLY, OOM, NOREPLICAS, not connected ...): may be tried again after a while.
 */
export type AppendResult =
  | { readonly kind: 'ok' }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** Who is told what the stream holds; called in the reader's turn. */
export interface StreamListener {
  /** The next records, in order, with nothing missing between, none twice. */
  records(records: readonly StreamRecord[]): void;
  /** What was read is not (any more) how the stream goes on: nothing further comes; the owner starts over with open(). */
  broken(why: StreamBreakReason): void;
}

/**
 * - `rewritten`: another record stands there, or none where one should: Redis has lost what it had.
 * - `trimmed`: the stream begins later.
 * - `missing`: there is no stream, or nothing in it.
 * - `malformed`: it holds what our scripts do not write, or lacks a record in its middle.
 */
export type StreamBreakReason = 'rewritten' | 'trimmed' | 'missing' | 'malformed';

/** A record of the stream and where it stands. */
export interface StreamRecord {
  readonly place: Position;
  readonly body: string;
}

/**
 * A record by itself: a mark is given out once, so where it stands in a history, everything before it is what it was when
 * the mark was written. Replicas and restored files are beginnings of a history, never a mixture.
 */
export interface RecordRef {
  readonly place: Position;
  readonly mark: string;
}
