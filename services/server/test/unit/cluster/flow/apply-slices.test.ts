import { describe, expect, it } from '@jest/globals';
import { ApplySlices, CONGESTED_CHARS_MAX, SLICE_MS } from '../../../../src/cluster/flow/apply-slices.js';
import { FakeClock } from '../../gateway/fake-clock.js';

/** Records that take a millisecond each. */
function recordsOf(count: number): { clock: FakeClock; slices: ApplySlices; applied: () => number } {
  const clock = new FakeClock();
  let applied = 0;
  const slices = new ApplySlices(clock, isTimeOver => {
    while (applied < count) {
      clock.work(1);
      applied += 1;
      if (applied < count && isTimeOver()) return 'unfinished';
    }
    return 'done';
  });
  return { clock, slices, applied: () => applied };
}

describe('records that take long to apply', () => {
  it('are applied for SLICE_MS, then the others in the next rounds of the event loop', () => {
    const { clock, slices, applied } = recordsOf(2 * SLICE_MS + 1);
    slices.run();
    expect(applied()).toBe(SLICE_MS);
    clock.settleOnce();
    expect(applied()).toBe(2 * SLICE_MS);
    clock.settleOnce();
    expect(applied()).toBe(2 * SLICE_MS + 1);
  });

  it('are not applied twice in a round if more are read in it', () => {
    const { slices, applied } = recordsOf(100);
    slices.run();
    slices.run();
    expect(applied()).toBe(SLICE_MS);
  });

  it('have no further ones read above CONGESTED_CHARS_MAX, until they are applied', () => {
    const { clock, slices } = recordsOf(SLICE_MS + 1);
    slices.run();
    expect([slices.isCongested(CONGESTED_CHARS_MAX), slices.isCongested(CONGESTED_CHARS_MAX + 1)]).toEqual([
      false,
      true,
    ]);
    clock.settleOnce();
    // The other records wait for an acknowledgement, which may need a record that is not read yet.
    expect(slices.isCongested(CONGESTED_CHARS_MAX + 1)).toBe(false);
  });
});
