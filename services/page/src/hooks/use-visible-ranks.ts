import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';
import { visibleRanks, type RankRange, type RowHeights } from '../model/row-layout.js';

const none: RankRange = { from: 0, to: 0 };

/** Which ranks of `size` the window shows, wherever it is scrolled to; drawing a roster of any length costs only what the window shows. */
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
  // The order may have become shorter in this very moment.
  return { from: Math.min(range.from, size), to: Math.min(range.to, size) };
}
