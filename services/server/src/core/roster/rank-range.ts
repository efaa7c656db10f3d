/** Ranges of ranks: the core uses them in place of lists of members. */

/**
 * The ranks from `from` to `to` (excluded). Both must be finite integers. With Infinity, V8 changes the hidden class of all ranges, which
 * makes every later command 8 % slower.
 */
export interface RankRange {
  readonly from: number;
  readonly to: number;
}

/** Returns the fewest ranges that contain exactly these ranks. `ranks` must be strictly increasing. */
export function rangesOf(ranks: readonly number[]): RankRange[] {
  const ranges: { from: number; to: number }[] = [];
  for (const rank of ranks) {
    const last = ranges.at(-1);
    if (last?.to === rank) last.to = rank + 1;
    else ranges.push({ from: rank, to: rank + 1 });
  }
  return ranges;
}
