/** How tall rows are, in CSS pixels. The leader and the next in line stand out. */
export interface RowHeights {
  readonly leader: number;
  readonly next: number;
  readonly other: number;
}

export const wide: RowHeights = { leader: 92, next: 68, other: 52 };
export const narrow: RowHeights = { leader: 112, next: 88, other: 72 };

export function rowHeight(rank: number, { leader, next, other }: RowHeights): number {
  if (rank === 0) return leader;
  return rank === 1 ? next : other;
}

/** The distance from the top of the list to the row of a rank, in CSS pixels. For the size of the roster: the height of the list. */
export function rowTop(rank: number, { leader, next, other }: RowHeights): number {
  if (rank === 0) return 0;
  return leader + (rank === 1 ? 0 : next + (rank - 2) * other);
}

/** Where a row is put. */
export interface Place {
  readonly transform: string;
  readonly height: string;
}

export function placeOf(rank: number, heights: RowHeights): Place {
  return { transform: `translateY(${rowTop(rank, heights)}px)`, height: `${rowHeight(rank, heights)}px` };
}

export interface RankRange {
  readonly from: number;
  /** The first rank that is not drawn. */
  readonly to: number;
}

/** How many rows are drawn beyond each edge of the window, so that scrolling and sliding rows are visible at once. */
const SPARE = 8;

/**
 * Returns the ranks to draw, of `size`. The window shows `heightPx` from `topPx` below the top of the list; `topPx` may be
 * negative. The range changes in steps, so that scrolling by one row redraws nothing.
 */
export function visibleRanks(size: number, topPx: number, heightPx: number, heights: RowHeights): RankRange {
  const first = Math.floor((topPx - heights.leader - heights.next) / heights.other);
  const last = Math.ceil((topPx + heightPx) / heights.other) + 1;
  const from = Math.floor((first - SPARE) / SPARE) * SPARE;
  const to = Math.ceil((last + SPARE) / SPARE) * SPARE;
  return { from: clamp(from, size), to: clamp(to, size) };
}

function clamp(rank: number, size: number): number {
  return Math.min(Math.max(rank, 0), size);
}
