import type { AppendOutcome } from './stream/append-outcome.js';
import type { StreamListener } from './stream/following.js';
import type { StreamPlace } from './stream/stream-place.js';
import type { Anchor } from './stream/stream-record.js';

/** A stream of records in Redis, as far as an order needs it. */
export interface RecordStream {
  /** Begins to follow it, by way of its newest snapshot. @throws StreamError */
  open(
    listener: StreamListener,
    genesis: string,
  ): Promise<{ readonly snapshot: { readonly place: StreamPlace; readonly text: string } | undefined }>;
  /** Follows it no more, until the next open(). */
  close(): Promise<void>;
  /** The last record that was told; stays what it is when the stream breaks. Undefined before the first open(). */
  readonly last: Anchor | undefined;
  /** Where it ends now; undefined where there is nothing in it. @throws StreamError `unavailable` */
  end(): Promise<StreamPlace | undefined>;
  /** False where the stream holds another history than that in which this was read. @throws StreamError `unavailable` */
  holds(anchor: Anchor): Promise<boolean>;
  append(bodies: readonly string[], epoch: number): Promise<AppendOutcome>;
  beginEpoch(epoch: number, body: string): Promise<AppendOutcome>;
  saveSnapshot(place: StreamPlace, text: string): Promise<void>;
  trim(before: StreamPlace): Promise<void>;
}
