import type { Batch } from '@rankd/server/dist/core/index.js';
import type { RedisProbe } from '../redis/redis-deployment.js';
import type { RedisState } from '../redis/redis-state.js';
import { fieldOf, partsOf, type StoredRecord } from '../redis/stored-record.js';
import { Violation } from '../violation.js';
import { ReferenceRegistry, type Item } from './reference-registry.js';

/** One record that stands in the order, or stood there, and what is to come of it. */
export class HistoryRecord {
  readonly id: string;
  readonly parent: HistoryRecord | undefined;
  readonly children: HistoryRecord[] = [];
  readonly items: readonly Item[];
  readonly fleet: ReferenceRegistry;
  /** By item: how the group stood after it, as the first server that applied it had it. */
  readonly prints: string[] = [];
  /** Has a server acted on what it had put there itself? */
  isActedOn = false;

  constructor(id: string, parent: HistoryRecord | undefined, body: string) {
    this.id = id;
    this.parent = parent;
    const before = parent?.fleet ?? ReferenceRegistry.none;
    const parcel = JSON.parse(body) as { readonly kind: string } & Batch;
    const { fleet, items } = parcel.kind === 'parcel' ? before.after(parcel) : { fleet: before, items: [] };
    this.fleet = fleet;
    this.items = items;
    parent?.children.push(this);
  }
}

/** Where in a history somebody is: behind `items` of a record's items. */
export interface Point {
  readonly record: HistoryRecord;
  readonly items: number;
}

/** What stands in Redis and what stood there, written down as it happens: a tree, where a failover has lost the end. */
export class History implements RedisProbe {
  readonly #log: string;
  readonly #isKept: boolean;
  readonly #lost: () => void;
  readonly #records = new Map<string, HistoryRecord>();
  /** By what it is: every place of an item. */
  readonly #points = new Map<string, Point[]>();
  #tip: HistoryRecord | undefined;

  /** `isKept`: what a server has acted on outlives the primary. `lost` is called where the end of the order is gone. */
  constructor(log: string, isKept: boolean, lost: () => void) {
    this.#log = log;
    this.#isKept = isKept;
    this.#lost = lost;
  }

  /** The last record that stands. */
  get tip(): HistoryRecord | undefined {
    return this.#tip;
  }

  /** Where such an item is, in all histories. */
  pointsOf(key: string): readonly Point[] {
    return this.#points.get(key) ?? [];
  }

  /** Does it stand, or was it lost? */
  stands(record: HistoryRecord): boolean {
    for (let each = this.#tip; each !== undefined; each = each.parent) if (each === record) return true;
    return false;
  }

  written(state: RedisState, epoch: number | undefined): void {
    const from = this.#tip?.id ?? '0-0';
    for (const record of state.after(this.#log, from, Infinity)) {
      if (epoch !== undefined && partsOf(record[0])[0] !== epoch)
        throw new Violation('FENCED', `what was meant for epoch ${epoch} stands at ${record[0]}`);
      this.#add(record);
    }
  }

  takenOver(state: RedisState, by: 'replica' | 'disk'): void {
    const newest = state.newest(this.#log);
    const tip = newest === undefined ? undefined : this.#records.get(keyOf(newest));
    const before = this.#tip;
    this.#tip = tip;
    if (before === undefined || tip === before) return;
    this.#lost();
    for (let each: HistoryRecord | undefined = before; each !== undefined && each !== tip; each = each.parent) {
      if (this.#isKept && by === 'replica' && each.isActedOn)
        throw new Violation('KEPT', `${each.id} was acted on, and is lost with the primary`);
    }
  }

  #add(stored: StoredRecord): void {
    const record = new HistoryRecord(stored[0], this.#tip, fieldOf(stored, 'b') ?? '');
    this.#records.set(keyOf(stored), record);
    this.#tip = record;
    for (const [index, item] of record.items.entries()) {
      const points = this.#points.get(itemKey(item)) ?? [];
      this.#points.set(itemKey(item), [...points, { record, items: index + 1 }]);
    }
  }
}

export function itemKey(item: Item): string {
  switch (item.kind) {
    case 'entry':
      return item.text;
    case 'gone':
      return `gone ${item.server}`;
    case 'renewed':
      return item.kind;
  }
}

function keyOf(stored: StoredRecord): string {
  return `${stored[0]} ${fieldOf(stored, 'm') ?? ''}`;
}
