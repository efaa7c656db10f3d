import { itemKey, type History, type HistoryRecord, type Point } from './history.js';

/** How a server's life goes through the history, by what it applies and nothing else. */
export class HistoryCursor {
  readonly #history: History;
  /** Where it may be; several where the same stands in two histories. Undefined before it has applied anything. */
  #points: readonly Point[] | undefined;

  constructor(history: History) {
    this.#history = history;
  }

  /** Where it certainly is. */
  get point(): Point | undefined {
    return this.#points?.length === 1 ? this.#points[0] : undefined;
  }

  /** It applies this: an entry's text, that a server is gone, or that the order begins anew. False where nothing of the kind comes next. */
  take(key: string): boolean {
    const points =
      this.#points === undefined ? this.#history.pointsOf(key) : this.#points.flatMap(point => nextOf(point, key));
    this.#points = points;
    return points.length > 0;
  }

  /** What it has yet to apply of what stands; undefined where it has applied what does not stand. */
  get owed(): readonly string[] | undefined {
    const point = this.#points?.find(({ record }) => this.#history.stands(record));
    if (this.#points === undefined) return [];
    if (point === undefined) return undefined;
    const owed: string[] = [];
    for (let each = this.#history.tip; each !== undefined && each !== point.record; each = each.parent)
      owed.unshift(...entriesOf(each, 0));
    return [...entriesOf(point.record, point.items), ...owed];
  }
}

function entriesOf({ items }: HistoryRecord, from: number): readonly string[] {
  return items.slice(from).flatMap(item => (item.kind === 'entry' ? [item.text] : []));
}

/** The next item of this kind: only departures of servers that nobody was with, and renewals of nothing, are passed over. */
function nextOf(from: Point, key: string): readonly Point[] {
  const found: Point[] = [];
  const open: Point[] = [from];
  for (let point = open.pop(); point !== undefined; point = open.pop()) {
    const { record, items } = point;
    const item = record.items[items];
    if (item === undefined) {
      for (const child of record.children) open.push({ record: child, items: 0 });
      continue;
    }
    if (itemKey(item) === key) found.push({ record, items: items + 1 });
    else if (item.kind !== 'entry') open.push({ record, items: items + 1 });
  }
  return found;
}
