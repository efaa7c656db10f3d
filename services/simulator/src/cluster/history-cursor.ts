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

  /**
   * The entries of the current history that are not applied yet. Undefined if an applied entry is not part of it. Several positions are
   * possible if the only applied item is in the history twice, for example a server that was lost twice. The latest position then counts.
   */
  get unappliedEntries(): readonly string[] | undefined {
    if (this.#points === undefined) return [];
    const owed = this.#points
      .filter(({ record }) => this.#history.containsRecord(record))
      .map(point => this.#entriesAfter(point));
    return owed.sort((one, other) => one.length - other.length)[0];
  }

  #entriesAfter({ record, items }: Point): readonly string[] {
    const after: string[] = [];
    for (let each = this.#history.tip; each !== undefined && each !== record; each = each.parent)
      after.unshift(...readEntries(each, 0));
    return [...readEntries(record, items), ...after];
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
