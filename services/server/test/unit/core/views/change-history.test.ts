import { expect, it } from '@jest/globals';
import { limits } from '@rankd/protocol';
import { ChangeHistory } from '../../../../src/core/views/change-history.js';
import type { RosterChangedEffect } from '../../../../src/core/index.js';

function viewsKept(changes: number): number[] {
  const history = new ChangeHistory(limits.historyMax);
  for (let view = 1; view <= changes; view += 1) history.add({ view } as RosterChangedEffect);
  return history.last(2 * limits.historyMax).map(({ view }) => view);
}

const newestFirst = (last: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => last - index);

it.each([
  [limits.historyMax - 1, limits.historyMax - 1],
  [limits.historyMax, limits.historyMax],
  [limits.historyMax + 1, limits.historyMax],
  [3 * limits.historyMax + 7, limits.historyMax],
])('R-ASK-1 of %d changes keeps the newest %d', (changes, kept) => {
  expect(viewsKept(changes)).toEqual(newestFirst(changes, kept));
});
