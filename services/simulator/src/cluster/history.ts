/** The history of the simulated stream, including records that a failover has lost. */

import { decodeRecord } from 'rankd/dist/cluster/record-format.js';
import type { RedisProbe } from '../redis/redis-deployment.js';
import type { RedisState } from '../redis/redis-state.js';
import { readRecordField, parseId, type StoredRecord } from '../redis/stored-record.js';
import { Violation } from '../violation.js';
import { ReferenceRegistry, type Item } from './reference-registry.js';
import { simulatedFormats } from './simulated-formats.js';

/** A record that is or was in the stream, and the items that every server must apply for it. */
export class HistoryRecord {
  readonly id: string;
  readonly parent: HistoryRecord | undefined;
  readonly children: HistoryRecord[] = [];
  readonly items: readonly Item[];
  readonly registry: ReferenceRegistry;
  /** The state of the group after each item, as the first server that has applied it computed it. */
  readonly fingerprints: string[] = [];
  /** The incarnations that have applied it. */
  readonly readers = new Set<string>();
  /** Whether the server that has appended the record has acted on it. */
  isActedOn = false;

  constructor(id: string, parent: HistoryRecord | undefined, body: string) {
    this.id = id;
    this.parent = parent;
    const before = parent?.registry ?? ReferenceRegistry.none;
    const parcel = decodeRecord(body, simulatedFormats.new);
    const { registry, items } = parcel.kind === 'parcel' ? before.applyBatch(parcel) : { registry: before, items: [] };
    this.registry = registry;
    this.items = items;
    parent?.children.push(this);
  }
}

/** A position in a history: after the first `items` items of a record. */
export interface Point {
  readonly record: HistoryRecord;
  readonly items: number;
}

/** All records that are or were in the stream of the group. It is a tree, because a failover may replace the end of the stream. */
export class History implements RedisProbe {
  readonly #log: string;
  readonly #isKept: boolean;
  readonly #onLost: (readers: ReadonlySet<string>) => void;
  readonly #records = new Map<string, HistoryRecord>();
  /** The positions after each item, by the key of the item. */
  readonly #points = new Map<string, Point[]>();
  #tip: HistoryRecord | undefined;

  /**
   * @param isKept whether records that a server has acted on must survive a failover
   * @param lost called when the end of the stream is lost, with the incarnations that have applied lost records
   */
  constructor(log: string, isKept: boolean, lost: (readers: ReadonlySet<string>) => void) {
    this.#log = log;
    this.#isKept = isKept;
    this.#onLost = lost;
  }

  /** The last record of the stream. */
  get tip(): HistoryRecord | undefined {
    return this.#tip;
  }

  /** Returns the positions after the items with this key in every history. */
  findPoints(key: string): readonly Point[] {
    return this.#points.get(key) ?? [];
  }

  /** Whether the record is in the stream now. */
  containsRecord(record: HistoryRecord): boolean {
    for (let each = this.#tip; each !== undefined; each = each.parent) if (each === record) return true;
    return false;
  }

  recordWritten(state: RedisState, epoch: number | undefined): void {
    const from = this.#tip?.id ?? '0-0';
    for (const record of state.recordsAfter(this.#log, from, Infinity)) {
      if (epoch !== undefined && parseId(record[0])[0] !== epoch)
        throw new Violation('FENCED', `a record for epoch ${epoch} is at ${record[0]}`);
      this.#addRecord(record);
    }
  }

  recordTakeover(state: RedisState, by: 'replica' | 'disk'): void {
    const newest = state.newestRecord(this.#log);
    const tip = newest === undefined ? undefined : this.#records.get(recordKey(newest));
    const before = this.#tip;
    this.#tip = tip;
    if (before === undefined || tip === before) return;
    const readers = new Set<string>();
    for (let each: HistoryRecord | undefined = before; each !== undefined && each !== tip; each = each.parent) {
      if (this.#isKept && by === 'replica' && each.isActedOn)
        throw new Violation('KEPT', `${each.id} had effects and is lost with the primary`);
      for (const reader of each.readers) readers.add(reader);
    }
    this.#onLost(readers);
  }

  #addRecord(stored: StoredRecord): void {
    const record = new HistoryRecord(stored[0], this.#tip, readRecordField(stored, 'b') ?? '');
    this.#records.set(recordKey(stored), record);
    this.#tip = record;
    for (const [index, item] of record.items.entries()) {
      const points = this.#points.get(formatItemKey(item)) ?? [];
      this.#points.set(formatItemKey(item), [...points, { record, items: index + 1 }]);
    }
  }
}

/** Returns a text that identifies an item. */
export function formatItemKey(item: Item): string {
  switch (item.kind) {
    case 'entry':
      return item.text;
    case 'gone':
      return `gone ${item.server}`;
    case 'renewed':
      return item.kind;
  }
}

function recordKey(stored: StoredRecord): string {
  return `${stored[0]} ${readRecordField(stored, 'm') ?? ''}`;
}
