/** Reads the snapshots of a shard until one can be used. */

import { type ShardState, decodeSnapshot } from '../record-format.js';
import { StreamError } from '../stream-error.js';
import type { RecordStream, StreamListener, StreamSnapshot } from '../stream-port.js';
import { formatPosition, type Position } from '../stream-position.js';
import { type BlockingEntry, describeException } from '../blocked/blocked-shard.js';
import type { LogFormats } from './log-format.js';

/** A stream that was opened. `state` is that of the snapshot at `position`. It is undefined if there is no snapshot. */
export type OpenedStream =
  | { readonly kind: 'opened'; readonly state: undefined }
  | { readonly kind: 'opened'; readonly position: Position; readonly state: ShardState };

/** The state of the first snapshot that this server can read, and the last one that it cannot. */
export class SnapshotReading {
  readonly #formats: LogFormats;
  #state: ShardState | undefined;
  #unreadable: BlockingEntry | undefined;

  constructor(formats: LogFormats) {
    this.#formats = formats;
  }

  /**
   * Opens the stream after the newest snapshot that this server can read. If this server cannot read a snapshot and the records before it
   * were trimmed, returns that snapshot.
   * @throws StreamError if the stream cannot be read or its beginning is lost.
   */
  async openStream(
    stream: Pick<RecordStream, 'open'>,
    listener: StreamListener,
    genesis: string,
  ): Promise<OpenedStream | BlockingEntry> {
    try {
      const { snapshot } = await stream.open(listener, genesis, each => this.#findFault(each));
      if (snapshot === undefined) return { kind: 'opened', state: undefined };
      return { kind: 'opened', position: snapshot.position, state: this.#readState(snapshot) };
    } catch (error) {
      // The order is not lost, because another version of rankd reads the snapshot.
      if (this.#unreadable !== undefined && error instanceof StreamError && error.fault === 'lost') {
        return this.#unreadable;
      }
      throw error;
    }
  }

  /** Decodes a snapshot. Returns why this server cannot read it, or undefined. */
  #findFault({ position, text }: StreamSnapshot): string | undefined {
    try {
      this.#state = decodeSnapshot(text, this.#formats);
      return undefined;
    } catch (error) {
      const reason = `its snapshot: ${describeException(error)}`;
      this.#unreadable = { kind: 'blocked', record: formatPosition(position), entry: undefined, reason };
      return reason;
    }
  }

  /** Returns the state of a snapshot in which no fault was found. */
  #readState({ text }: StreamSnapshot): ShardState {
    return this.#state ?? decodeSnapshot(text, this.#formats);
  }
}
