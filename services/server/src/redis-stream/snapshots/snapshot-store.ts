/** Stores, loads and replaces the snapshots of a shard. */

import type { Redis } from 'ioredis';
import { StreamError } from '../../cluster/stream-error.js';
import type { RecordRef, SnapshotCheck } from '../../cluster/stream-port.js';
import { formatPosition, isBefore, parsePosition, type Position } from '../../cluster/stream-position.js';
import type { StreamEnvironment } from '../environment.js';
import type { ShardKeys } from '../keys.js';
import { checkHistory } from '../reading/history-check.js';
import { recordRefArguments } from '../records.js';
import { saveScript, trimScript } from '../scripts.js';
import type { StreamWriter } from '../writing/stream-writer.js';
import { decodeSnapshot, encodeSnapshot } from './snapshot-codec.js';

/** The time limit of a command that transfers a snapshot, which may be large. */
const TRANSFER_MS = 10_000;

/** A snapshot that was read from Redis. */
export interface LoadedSnapshot {
  /** The last record that the snapshot includes. The stream has this record. */
  readonly lastRecord: RecordRef;
  readonly text: string;
}

/** Stores and loads the two latest snapshots of a shard, and trims the stream before them. */
export class SnapshotStore {
  readonly #keys: ShardKeys;
  readonly #environment: StreamEnvironment;
  readonly #writer: StreamWriter;
  readonly #warn: (sentence: string) => void;
  /** The snapshots that were skipped in the last load. Each is reported once. */
  #skipped: ReadonlySet<string> = new Set();

  constructor(keys: ShardKeys, environment: StreamEnvironment, writer: StreamWriter, warn: (sentence: string) => void) {
    this.#keys = keys;
    this.#environment = environment;
    this.#writer = writer;
    this.#warn = warn;
  }

  /**
   * Loads the newest snapshot that is undamaged, belongs to the history in the stream, and has no fault. Warns once about each one that it
   * skips. Returns undefined if there is none.
   * @throws StreamError `unavailable` if Redis fails.
   */
  async loadNewest(findFault: SnapshotCheck = () => undefined): Promise<LoadedSnapshot | undefined> {
    const reported = this.#skipped;
    const skipped = new Set<string>();
    this.#skipped = skipped;
    for (const id of await this.#readIds()) {
      if (id === '') continue;
      const loaded = await this.#loadOne(id);
      const fault =
        typeof loaded === 'string' ? loaded : findFault({ position: loaded.lastRecord.position, text: loaded.text });
      if (typeof loaded !== 'string' && fault === undefined) return loaded;
      skipped.add(id);
      if (!reported.has(id)) this.#warn(`snapshot ${this.#keys.snapshot(id)} is not used: ${fault ?? ''}`);
    }
    return undefined;
  }

  /**
   * Stores the state after the record at `position`. Does nothing if a newer snapshot is stored. `known` is the last record read.
   * @throws StreamError `unavailable` if Redis fails or the stream has lost `known`; RangeError if `position` is after `known` or the
   * text is larger than SNAPSHOT_BYTES_MAX.
   */
  async saveSnapshot(known: RecordRef, position: Position, text: string): Promise<void> {
    if (isBefore(known.position, position))
      throw new RangeError(`record ${formatPosition(position)} has not been read yet`);
    const { log, snapshots, snapshot } = this.#keys;
    const id = formatPosition(position);
    const { sha256, deflated } = await encodeSnapshot(this.#environment, id, text);
    const [a, b] = await this.#readIds();
    const keys = [log, snapshots, snapshot(id), snapshot(a), snapshot(b)];
    const args = [...recordRefArguments(known), id, a, b, deflated, sha256];
    const save = (redis: Redis): Promise<unknown> => redis.eval(saveScript, keys.length, ...keys, ...args);
    this.#requireSameHistory(await this.#writer.runIdempotent(save, TRANSFER_MS));
  }

  /**
   * Removes the records before `before`, except those after the older of the two snapshots. `known` is the last record read.
   * @throws StreamError `unavailable` if Redis fails or the stream has lost `known`.
   */
  async trimLog(known: RecordRef, before: Position): Promise<void> {
    const { log, snapshots } = this.#keys;
    const args = [...recordRefArguments(known), formatPosition(before)];
    this.#requireSameHistory(
      await this.#writer.runIdempotent(redis => redis.eval(trimScript, 2, log, snapshots, ...args)),
    );
  }

  async #readIds(): Promise<readonly [string, string]> {
    const [a, b] = await this.#writer.runIdempotent(redis => redis.hmget(this.#keys.snapshots, 'a', 'b'));
    return [a ?? '', b ?? ''];
  }

  /** Returns the snapshot, or the reason why it cannot be used. */
  async #loadOne(id: string): Promise<LoadedSnapshot | string> {
    const stored = await this.#writer.runIdempotent(redis => redis.hgetallBuffer(this.#keys.snapshot(id)), TRANSFER_MS);
    const { mark, sha256, deflated } = stored;
    const position = parsePosition(id);
    if (position === undefined || mark === undefined || sha256 === undefined || deflated === undefined) {
      return 'it is incomplete';
    }
    const text = await decodeSnapshot(this.#environment, id, { sha256: sha256.toString(), deflated });
    if (text === undefined) return 'its hash does not match';
    const record = { position, mark: mark.toString() };
    const comparison = await this.#writer.runIdempotent(redis => checkHistory(redis, this.#keys.log, record));
    if (comparison !== 'same') return `the stream does not have its last record (${comparison})`;
    const loaded: LoadedSnapshot = { lastRecord: record, text };
    return loaded;
  }

  #requireSameHistory(answer: unknown): void {
    if (answer !== 'rewritten') return;
    throw new StreamError('unavailable', 'the stream no longer contains the last record that was read');
  }
}
