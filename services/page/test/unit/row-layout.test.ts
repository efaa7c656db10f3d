import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { placeOf, visibleRanks, rowHeight, rowHeights, rowTop } from '../../src/model/row-layout.js';

const wide = rowHeights('wide', false);
const narrow = rowHeights('narrow', false);
const filtered = rowHeights('narrow', true);
const heights = fc.constantFrom(wide, narrow, filtered);

describe('the layout of rows', () => {
  it('places each row at the end of the row before', () => {
    fc.assert(
      fc.property(fc.nat(100_000), heights, (rank, each) => {
        expect(rowTop(rank + 1, each)).toBe(rowTop(rank, each) + rowHeight(rank, each));
      }),
    );
    expect(placeOf(1, wide)).toEqual({ transform: `translateY(${wide.leader}px)`, height: `${wide.next}px` });
  });

  it('draws every row in the window, and few others', () => {
    const windowPx = fc.integer({ min: 200, max: 2000 });
    fc.assert(
      fc.property(
        fc.nat(5000),
        fc.integer({ min: -2000, max: 400_000 }),
        windowPx,
        heights,
        (size, topPx, px, each) => {
          const { from, to } = visibleRanks(size, topPx, px, each);
          expect(0 <= from && from <= to && to <= size).toBe(true);
          for (let rank = 0; rank < size; rank += 1) {
            const isSeen = rowTop(rank + 1, each) > topPx && rowTop(rank, each) < topPx + px;
            if (isSeen && (rank < from || rank >= to)) throw new Error(`rank ${rank} is seen and not drawn`);
          }
          expect(to - from).toBeLessThanOrEqual(px / each.other + 40);
        },
      ),
      { numRuns: 50 },
    );
  });
});
