/** The data of a simulated Redis. */

import { compareIds, type StoredRecord } from './stored-record.js';

/** One change of the data of a Redis, as it is replicated: the result of a command. */
export type Change =
  | { readonly kind: 'added'; readonly key: string; readonly findRecord: StoredRecord }
  | { readonly kind: 'trimmed'; readonly key: string; readonly before: string }
  | { readonly kind: 'set'; readonly key: string; readonly fields: Readonly<Record<string, string | Buffer>> }
  | { readonly kind: 'deleted'; readonly key: string };

/** The data of a simulated Redis: streams and hashes, and the list of all changes that have produced them. */
export class RedisState {
  readonly #streams = new Map<string, StoredRecord[]>();
  readonly #hashes = new Map<string, Map<string, string | Buffer>>();
  readonly #changes: Change[] = [];

  /** The number of changes. */
  get offset(): number {
    return this.#changes.length;
  }

  /** Returns the changes after the first `offset` ones. */
  changesFrom(offset: number): readonly Change[] {
    return this.#changes.slice(offset);
  }

  /** Returns a copy with only the first `offset` changes. */
  copyUntil(offset: number): RedisState {
    const other = new RedisState();
    for (const applyChange of this.#changes.slice(0, offset)) other.change(applyChange);
    return other;
  }

  /** Applies a change. */
  change(change: Change): void {
    this.#changes.push(change);
    const { key } = change;
    switch (change.kind) {
      case 'added':
        this.#findStream(key).push(change.findRecord);
        return;
      case 'trimmed': {
        const stream = this.#findStream(key);
        stream.splice(0, indexFrom(stream, change.before));
        return;
      }
      case 'set': {
        const readHash = this.#hashes.get(key) ?? new Map<string, string | Buffer>();
        for (const [field, value] of Object.entries(change.fields)) readHash.set(field, value);
        this.#hashes.set(key, readHash);
        return;
      }
      case 'deleted':
        this.#hashes.delete(key);
        this.#streams.delete(key);
    }
  }

  /** Returns whether the key exists. */
  hasKey(key: string): boolean {
    return this.#hashes.has(key) || this.#streams.has(key);
  }

  /** Returns the record with this id. */
  record(key: string, id: string): StoredRecord | undefined {
    const stream = this.#findStream(key);
    const found = stream[indexFrom(stream, id)];
    return found?.[0] === id ? found : undefined;
  }

  /** Returns the first record of a stream. */
  firstRecord(key: string): StoredRecord | undefined {
    return this.#streams.get(key)?.[0];
  }

  /** Returns the newest record of a stream. */
  newestRecord(key: string): StoredRecord | undefined {
    return this.#streams.get(key)?.at(-1);
  }

  /** Returns up to `count` records after `id`. */
  recordsAfter(key: string, id: string, count: number): readonly StoredRecord[] {
    const stream = this.#streams.get(key) ?? [];
    const from = indexFrom(stream, id);
    const next = stream[from]?.[0] === id ? from + 1 : from;
    return stream.slice(next, next + count);
  }

  /** Returns a field of a hash. */
  readField(key: string, field: string): string | Buffer | undefined {
    return this.#hashes.get(key)?.get(field);
  }

  /** Returns all fields of a hash. */
  hash(key: string): Readonly<Record<string, string | Buffer>> {
    return Object.fromEntries(this.#hashes.get(key) ?? []);
  }

  #findStream(key: string): StoredRecord[] {
    const stream = this.#streams.get(key) ?? [];
    this.#streams.set(key, stream);
    return stream;
  }
}

/** Returns the index of the first record that is not before `id`. It searches from the end, because `id` is usually recent. */
function indexFrom(stream: readonly StoredRecord[], id: string): number {
  for (let index = stream.length; index > 0; index -= 1) {
    const [before = ''] = stream[index - 1] ?? [];
    if (before === id) return index - 1;
    if (compareIds(before, id) < 0) return index;
  }
  return 0;
}
