import { compareIds, type StoredRecord } from './stored-record.js';

/** One change of what a Redis holds, as it passes it on to its replicas: what came of a command, not the command. */
export type Change =
  | { readonly kind: 'added'; readonly key: string; readonly record: StoredRecord }
  | { readonly kind: 'trimmed'; readonly key: string; readonly before: string }
  | { readonly kind: 'set'; readonly key: string; readonly fields: Readonly<Record<string, string | Buffer>> }
  | { readonly kind: 'deleted'; readonly key: string };

/** What a Redis holds: streams and hashes, and every change that made them, one after the other. */
export class RedisState {
  readonly #streams = new Map<string, StoredRecord[]>();
  readonly #hashes = new Map<string, Map<string, string | Buffer>>();
  readonly #changes: Change[] = [];

  /** How many changes there were. */
  get offset(): number {
    return this.#changes.length;
  }

  changesFrom(offset: number): readonly Change[] {
    return this.#changes.slice(offset);
  }

  /** Another that has had the first `offset` of its changes, and none of those after them. */
  until(offset: number): RedisState {
    const other = new RedisState();
    for (const change of this.#changes.slice(0, offset)) other.change(change);
    return other;
  }

  change(change: Change): void {
    this.#changes.push(change);
    const { key } = change;
    switch (change.kind) {
      case 'added':
        this.#streamOf(key).push(change.record);
        return;
      case 'trimmed': {
        const stream = this.#streamOf(key);
        stream.splice(0, indexFrom(stream, change.before));
        return;
      }
      case 'set': {
        const hash = this.#hashes.get(key) ?? new Map<string, string | Buffer>();
        for (const [field, value] of Object.entries(change.fields)) hash.set(field, value);
        this.#hashes.set(key, hash);
        return;
      }
      case 'deleted':
        this.#hashes.delete(key);
        this.#streams.delete(key);
    }
  }

  has(key: string): boolean {
    return this.#hashes.has(key) || this.#streams.has(key);
  }

  record(key: string, id: string): StoredRecord | undefined {
    const stream = this.#streamOf(key);
    const found = stream[indexFrom(stream, id)];
    return found?.[0] === id ? found : undefined;
  }

  first(key: string): StoredRecord | undefined {
    return this.#streams.get(key)?.[0];
  }

  newest(key: string): StoredRecord | undefined {
    return this.#streams.get(key)?.at(-1);
  }

  /** Up to `count` of those behind `id`. */
  after(key: string, id: string, count: number): readonly StoredRecord[] {
    const stream = this.#streams.get(key) ?? [];
    const from = indexFrom(stream, id);
    const next = stream[from]?.[0] === id ? from + 1 : from;
    return stream.slice(next, next + count);
  }

  field(key: string, field: string): string | Buffer | undefined {
    return this.#hashes.get(key)?.get(field);
  }

  hash(key: string): Readonly<Record<string, string | Buffer>> {
    return Object.fromEntries(this.#hashes.get(key) ?? []);
  }

  #streamOf(key: string): StoredRecord[] {
    const stream = this.#streams.get(key) ?? [];
    this.#streams.set(key, stream);
    return stream;
  }
}

/** Where the first record stands that is not before `id`. Asked for is nearly always one of the last. */
function indexFrom(stream: readonly StoredRecord[], id: string): number {
  for (let index = stream.length; index > 0; index -= 1) {
    const [before = ''] = stream[index - 1] ?? [];
    if (before === id) return index - 1;
    if (compareIds(before, id) < 0) return index;
  }
  return 0;
}
