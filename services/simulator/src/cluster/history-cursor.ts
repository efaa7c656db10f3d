import { formatItemKey, type History, type HistoryRecord, type Point } from './history.js';

/** Follows the position of an incarnation (one run of a server) in the history, by the items that it applies. */
export class HistoryCursor {
  readonly #history: History;
  /** The possible positions; several if two histories contain the same item. Undefined before the first item. */
  #points: readonly Point[] | undefined;

  constructor(history: History) {
    this.#history = history;
  }

  /** The position, if only one is possible. */
  get point(): Point | undefined {
    return this.#points?.length === 1 ? this.#points[0] : undefined;
  }

  /** Advances by an applied item: an entry, a lost server, or a renewed order. Returns false if the history has no such next item. */
  advance(key: string): boolean {
    const points =
      this.#points === undefined ? this.#history.findPoints(key) : this.#points.flatMap(point => findNext(point, key));
    this.#points = points;
    return points.length > 0;
  }

  /** The entries of the current history that are not applied yet. Undefined if an applied entry is not part of it. */
  get unappliedEntries(): readonly string[] | undefined {
    // A server may leave a shard twice. If no later item shows which of the two a new server has applied first, it is the last one.
    const point = this.#points?.findLast(({ record }) => this.#history.containsRecord(record));
    if (this.#points === undefined) return [];
    if (point === undefined) return undefined;
    const owed: string[] = [];
    for (let each = this.#history.tip; each !== undefined && each !== point.record; each = each.parent)
      owed.unshift(...readEntries(each, 0));
    return [...readEntries(point.record, point.items), ...owed];
  }
}

function readEntries({ items }: HistoryRecord, from: number): readonly string[] {
  return items.slice(from).flatMap(item => (item.kind === 'entry' ? [item.text] : []));
}

/**
 * Finds the next item with this key. Skips only items that may have no effect: lost servers without members, and empty renewals.
 */
function findNext(from: Point, key: string): readonly Point[] {
  const found: Point[] = [];
  const open: Point[] = [from];
  for (let point = open.pop(); point !== undefined; point = open.pop()) {
    const { record, items } = point;
    const item = record.items[items];
    if (item === undefined) {
      for (const child of record.children) open.push({ record: child, items: 0 });
      continue;
    }
    if (formatItemKey(item) === key) found.push({ record, items: items + 1 });
    else if (item.kind !== 'entry') open.push({ record, items: items + 1 });
  }
  return found;
}
