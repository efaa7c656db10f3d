/** Which rows are visible. */

import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';
import { visibleRanks, type RankRange, type RowHeights } from '../model/row-layout.js';

const none: RankRange = { from: 0, to: 0 };

/** Returns the range of ranks that the window shows, in a roster of `size` members. Only these rows are drawn. */
export function useVisibleRanks(list: RefObject<HTMLElement | null>, size: number, heights: RowHeights): RankRange {
  const [range, setRange] = useState(none);
  useLayoutEffect(() => {
    const look = (): void => {
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const next = visibleRanks(size, -top, innerHeight, heights);
      setRange(earlier => (earlier.from === next.from && earlier.to === next.to ? earlier : next));
    };
    look();
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, [list, size, heights]);
  // The roster may have become shorter since the range was computed.
  return { from: Math.min(range.from, size), to: Math.min(range.to, size) };
}
