/** The layout of the roster: where each row is, and which rows are visible. */

/** The heights of rows, CSS pixels. The rows of the leader and of the next in line are taller. */
export interface RowHeights {
  readonly leader: number;
  readonly next: number;
  readonly other: number;
}

const heightsOf = {
  wide: { leader: 92, next: 68, other: 52 },
  narrow: { leader: 112, next: 88, other: 72 },
} as const satisfies Record<string, RowHeights>;

/**
 * Returns the heights in a wide or a narrow window. In a filtered list all rows have the same height, because rank 0 or 1 may be missing.
 */
export function rowHeights(window: 'wide' | 'narrow', isFiltered: boolean): RowHeights {
  return isFiltered ? filteredHeights[window] : heightsOf[window];
}

const filteredHeights = { wide: equal(heightsOf.wide), narrow: equal(heightsOf.narrow) };

function equal({ other }: RowHeights): RowHeights {
  return { leader: other, next: other, other };
}

/** Returns the height of a rank's row, CSS pixels. */
export function rowHeight(rank: number, { leader, next, other }: RowHeights): number {
  if (rank === 0) return leader;
  return rank === 1 ? next : other;
}

/**
 * Returns the distance from the top of the list to the row of a rank, CSS pixels. If `rank` is the number of members, this is the height of
 * the list.
 */
export function rowTop(rank: number, { leader, next, other }: RowHeights): number {
  if (rank === 0) return 0;
  return leader + (rank === 1 ? 0 : next + (rank - 2) * other);
}

/** The position of a row. */
export interface Place {
  readonly transform: string;
  readonly height: string;
}

/** Returns the position of a rank's row. */
export function placeOf(rank: number, heights: RowHeights): Place {
  return { transform: `translateY(${rowTop(rank, heights)}px)`, height: `${rowHeight(rank, heights)}px` };
}

/** A range of ranks that are drawn. */
export interface RankRange {
  readonly from: number;
  /** The first rank after the range. */
  readonly to: number;
}

/** How many rows are drawn beyond each edge of the window, so that scrolling shows no gaps. */
const SPARE = 8;

/**
 * Returns the ranks to draw. The range changes in steps, so that scrolling by one row redraws nothing.
 * @param size the number of members
 * @param topPx how far the top of the window is below the top of the list, CSS pixels; it may be negative
 * @param heightPx the height of the window, CSS pixels
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
