import { describe, expect, it } from '@jest/globals';
import { ManualTime } from '@rankd/testkit';
import type { MemberFields } from '../../../src/programs/line/member-fields.js';
import { ChangeSettler } from '../../../src/programs/policy/change-settler.js';

const first: MemberFields = {
  ...{ rank: '2', size: '5', slot: '3', name: 'ann', member: 'm1', group: 'g', leader: 'bob', fence: '' },
};

/** Creates a settler of a program that was started with `first` at 0, with the times of its reports. */
function settle({ everyMs, random = 0 }: { readonly everyMs?: number; readonly random?: number } = {}) {
  const time = new ManualTime();
  const reports: number[] = [];
  const settings = { watched: new Set(['rank', 'size'] as const), settleMs: 200, everyMs, random: () => random };
  const settler = new ChangeSettler(time, settings, () => reports.push(time.nowMs()));
  settler.recordStart(first);
  settler.update(first);
  const pass = async (ms: number): Promise<void> => {
    await time.elapse(new Promise<void>(resolve => void time.after(ms, resolve)));
  };
  return { settler, reports, pass };
}

describe('--on-change (R-PROG-3)', () => {
  it('reports changes that come together once, 200 ms after the last', async () => {
    const { settler, reports, pass } = settle();
    settler.update({ ...first, rank: '1' });
    await pass(150);
    settler.update({ ...first, rank: '0' });
    await pass(1000);
    expect(reports).toEqual([350]);
  });

  it('waits at most ten times as long for quiet', async () => {
    const { settler, reports, pass } = settle();
    for (let size = 6; size < 40; size += 1) {
      settler.update({ ...first, size: String(size) });
      await pass(100);
    }
    // The reporter does not start the program here, so a second report follows after ten settle times more.
    expect(reports[0]).toBe(2000);
  });

  it('reports nothing if the fields are again what the program was started with', async () => {
    const { settler, reports, pass } = settle();
    settler.update({ ...first, rank: '1' });
    await pass(100);
    settler.update(first);
    await pass(5000);
    expect(reports).toEqual([]);
  });

  it('reports nothing for a field that is not watched', async () => {
    const { settler, reports, pass } = settle();
    settler.update({ ...first, leader: 'eve', slot: '9' });
    await pass(5000);
    expect(reports).toEqual([]);
  });

  it.each([
    [0, 5000],
    [1, 6000],
  ])('restarts at least --restart-every apart, with jitter %d', async (random, atMs) => {
    const { settler, reports, pass } = settle({ everyMs: 5000, random });
    settler.update({ ...first, rank: '1' });
    await pass(20_000);
    expect(reports).toEqual([atMs]);
  });

  it('drops a restart that waits for its time if the fields come back', async () => {
    const { settler, reports, pass } = settle({ everyMs: 5000 });
    settler.update({ ...first, rank: '1' });
    await pass(3000);
    settler.update(first);
    await pass(20_000);
    expect(reports).toEqual([]);
  });

  it('reports a change during the start, and each later one', async () => {
    const { settler, reports, pass } = settle();
    settler.update({ ...first, rank: '1' });
    await pass(1000);
    settler.recordStart({ ...first, rank: '1' });
    settler.update({ ...first, rank: '0' });
    settler.recordStart({ ...first, rank: '1' });
    await pass(1000);
    expect(reports).toEqual([200, 1200]);
  });

  it('judges a change again that was reported while nothing could be done', async () => {
    const { settler, reports, pass } = settle();
    settler.update({ ...first, rank: '1' });
    await pass(1000);
    settler.update({ ...first, rank: '1' });
    await pass(1000);
    expect(reports).toEqual([200, 1200]);
  });
});
