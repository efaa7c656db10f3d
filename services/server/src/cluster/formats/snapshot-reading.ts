/** Reads the snapshots of a shard until one can be used. */

import { type ShardState, decodeSnapshot } from '../record-format.js';
import type { StreamSnapshot } from '../stream-port.js';
import { formatPosition } from '../stream-position.js';
import { type BlockingEntry, describeException } from '../blocked/blocked-shard.js';
import type { LogFormats } from './log-format.js';

/** The state of the first snapshot that this server can read, and the last one that it cannot. */
export class SnapshotReading {
  readonly #formats: LogFormats;
  #state: ShardState | undefined;
  #unreadable: BlockingEntry | undefined;

  constructor(formats: LogFormats) {
    this.#formats = formats;
  }

  /** The snapshot that this server cannot read, if there was one. */
  get unreadable(): BlockingEntry | undefined {
    return this.#unreadable;
  }

  /** Decodes a snapshot. Returns why this server cannot read it, or undefined. */
  findFault({ position, text }: StreamSnapshot): string | undefined {
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
  readState({ text }: StreamSnapshot): ShardState {
    return this.#state ?? decodeSnapshot(text, this.#formats);
  }
}
