import { describe, expect, it } from '@jest/globals';
import { rowIds } from '../../src/rows/row.js';
import { rowsAt } from '../../src/rows/rows.js';
import { fullScale, quickScale } from '../../src/rows/scale.js';
import type { Sample } from '../../src/node-load/probe.js';

/** A sample with a value for any name. */
const anything = new Proxy<Record<string, number>>({}, { get: () => 1 }) satisfies Sample;

describe.each([
  ['full', fullScale],
  ['quick', quickScale],
])('the %s table', (_, scale) => {
  const rows = rowsAt(scale);

  it('has the rows that `--rows` accepts, in their order', () => {
    expect(rows.map(({ id }) => id)).toEqual(rowIds);
  });

  it.each(rows)('computes its numbers only from its own measurements: $id', ({ probes, figures }) => {
    const keys = probes.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(figures).not.toEqual([]);
    for (const { what, of } of figures) {
      const value = of(key => {
        expect([what, keys]).toEqual([what, expect.arrayContaining([key])]);
        return anything;
      });
      expect(value).toBe(1);
    }
  });

  it.each(rows)('has no goal below must: $id', ({ figures }) => {
    for (const { must, goal, better } of figures) {
      expect(better === 'more' ? goal : must).toBeGreaterThanOrEqual(better === 'more' ? must : goal);
    }
  });
});
