/**
 * Ranks `from` up to, not including, `to`; never infinite. One that is has V8 give up the shape that all ranges have, and
 * convert that of every later command on its way: a twelfth of what a command costs.
 */
export interface RankRange {
  readonly from: number;
  readonly to: number;
}

/** The fewest ranges that hold exactly these ranks. `ranks` rises strictly. */
export function rangesOf(ranks: readonly number[]): RankRange[] {
  const ranges: { from: number; to: number }[] = [];
  for (const rank of ranks) {
    const last = ranges.at(-1);
    if (last?.to === rank) last.to = rank + 1;
    else ranges.push({ from: rank, to: rank + 1 });
  }
  return ranges;
}
