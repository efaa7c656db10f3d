import type { Redis } from 'ioredis';
import type { RecordRef } from '../../cluster/stream-port.js';
import { checkHistory } from '../reading/history-check.js';
import { encodeSnapshot, decodeSnapshot } from './snapshot-codec.js';
import { StreamError } from '../../cluster/stream-error.js';
import type { ShardKeys } from '../keys.js';
import type { StreamEnvironment } from '../environment.js';
import { positionId, isBefore, parsePosition, type Position } from '../../cluster/stream-position.js';
import { recordRefArguments } from '../records.js';
import { saveScript, trimScript } from '../scripts.js';
import type { StreamWriter } from '../writing/stream-writer.js';

/** A snapshot is large: it may take longer than other answers. */
const TRANSFER_MS = 10_000;

export interface LoadedSnapshot {
  /** The last record that is in it; it stands in the stream. */
  readonly anchor: RecordRef;
  readonly text: string;
}

/** The two latest snapshots of a shard. */
export class SnapshotStore {
  readonly #keys: ShardKeys;
  readonly #environment: StreamEnvironment;
  readonly #writer: StreamWriter;
  readonly #warn: (sentence: string) => void;

  constructor(keys: ShardKeys, environment: StreamEnvironment, writer: StreamWriter, warn: (sentence: string) => void) {
    this.#keys = keys;
    this.#environment = environment;
    this.#writer = writer;
    this.#warn = warn;
  }

  /** The newest that is whole and belongs to the history that stands in the stream. */
  async load(): Promise<LoadedSnapshot | undefined> {
    for (const id of await this.#ids()) {
      if (id === '') continue;
      const loaded = await this.#loadOne(id);
      if (typeof loaded !== 'string') return loaded;
      this.#warn(`snapshot ${this.#keys.snapshot(id)} is not used: ${loaded}`);
    }
    return undefined;
  }

  /** Does nothing where a newer one has been saved. @throws StreamError where Redis does not take it */
  async save(known: RecordRef, place: Position, text: string): Promise<void> {
    if (isBefore(known.place, place)) throw new RangeError(`record ${positionId(place)} has not been read yet`);
    const { log, snapshots, snapshot } = this.#keys;
    const id = positionId(place);
    const { sha256, deflated } = await encodeSnapshot(this.#environment, id, text);
    const [a, b] = await this.#ids();
    const keys = [log, snapshots, snapshot(id), snapshot(a), snapshot(b)];
    const args = [...recordRefArguments(known), id, a, b, deflated, sha256];
    const save = (redis: Redis): Promise<unknown> => redis.eval(saveScript, keys.length, ...keys, ...args);
    this.#judge(await this.#writer.ask(save, TRANSFER_MS));
  }

  async trim(known: RecordRef, before: Position): Promise<void> {
    const { log, snapshots } = this.#keys;
    const args = [...recordRefArguments(known), positionId(before)];
    this.#judge(await this.#writer.ask(redis => redis.eval(trimScript, 2, log, snapshots, ...args)));
  }

  async #ids(): Promise<readonly [string, string]> {
    const [a, b] = await this.#writer.ask(redis => redis.hmget(this.#keys.snapshots, 'a', 'b'));
    return [a ?? '', b ?? ''];
  }

  /** In words why it cannot be used. */
  async #loadOne(id: string): Promise<LoadedSnapshot | string> {
    const stored = await this.#writer.ask(redis => redis.hgetallBuffer(this.#keys.snapshot(id)), TRANSFER_MS);
    const { mark, sha256, deflated } = stored;
    const place = parsePosition(id);
    if (place === undefined || mark === undefined || sha256 === undefined || deflated === undefined) {
      return 'it is not whole';
    }
    const text = await decodeSnapshot(this.#environment, id, { sha256: sha256.toString(), deflated });
    if (text === undefined) return 'its hash does not fit';
    const anchor = { place, mark: mark.toString() };
    const overlap = await this.#writer.ask(redis => checkHistory(redis, this.#keys.log, anchor));
    return overlap === 'same' ? { anchor, text } : `the stream is ${overlap} there`;
  }

  #judge(answer: unknown): void {
    if (answer !== 'rewritten') return;
    throw new StreamError('unavailable', 'the stream does not hold what was read of it');
  }
}
