import { describe, expect, it } from '@jest/globals';
import type { ReceiptMessage, RefusedTarget, Target } from '@rankd/protocol';
import { Sheet, type Ending } from '../../../src/commands/sheet.js';
import type { UnsentTarget } from '../../../src/commands/unsent-targets.js';
import { outcomeOf, receiptOf, resultOf } from '../messages.js';

const ENDINGS: readonly Ending[] = ['done', 'failed', 'refused', 'expired', 'left'];

describe('a sheet', () => {
  it.each(ENDINGS)('R-CMD-7 knows whether every recipient ended %s', status => {
    const unanimous = new Sheet(receiptOf('1'), outcomeOf('1', { [status]: 3 }));
    expect(ENDINGS.filter(ending => unanimous.all(ending))).toEqual([status]);
  });

  it('R-CMD-7 has no common status if recipients ended differently', () => {
    const mixed = new Sheet(receiptOf('1'), outcomeOf('1', { done: 2, left: 1 }));
    expect(ENDINGS.filter(ending => mixed.all(ending))).toEqual([]);
  });

  it('R-CMD-7 has the fields of the receipt and the outcome', () => {
    const ann = { member: 'm1', rank: 0, name: 'ann' };
    const dan = { member: 'm4', rank: 3, name: 'dan' };
    const sheet = new Sheet(
      receiptOf('1', { refused: [{ ...ann, code: 'OUTRANKED' }], refusedCount: 150 }),
      outcomeOf('1', { done: 2, expired: 1, missing: [{ ...dan, status: 'expired' }] }),
    );
    expect(sheet).toMatchObject({ seq: 7, recipients: 3, done: 2, expired: 1, outrankedCount: 150, ms: 12 });
    expect(sheet.outranked).toEqual([{ ...ann, code: 'OUTRANKED' }]);
    expect([sheet.unsentCount, sheet.deadlineMs, sheet.results]).toEqual([150, undefined, []]);
    expect(sheet.missing).toEqual([{ ...dan, status: 'expired' }]);
  });

  const outranked = (rank: number): RefusedTarget => ({
    member: `m${rank}`,
    rank,
    name: `n${rank}`,
    code: 'OUTRANKED',
  });
  const away = (rank: number): RefusedTarget => ({ ...outranked(rank), code: 'AWAY' });

  it.each<[string, Target | undefined, Partial<ReceiptMessage>, readonly UnsentTarget[]]>([
    ['nobody', 'below', {}, []],
    ['away subordinates', 'below', { refused: [away(4)], refusedCount: 1 }, [away(4)]],
    ['superiors in a list', { ranks: [0, 4] }, { refused: [outranked(0)], refusedCount: 1 }, [outranked(0)]],
    ['no superiors of `all`', 'all', { refused: [outranked(0), outranked(1)], refusedCount: 2 }, []],
    ['away subordinates of `all`', 'all', { refused: [outranked(0), away(4)], refusedCount: 2 }, [away(4)]],
    ['unmatched ranks', { ranks: [9] }, { unmatched: [9] }, [{ rank: 9, code: 'NO_SUCH_TARGET' }]],
    ['unmatched names', { names: ['zoe'] }, { unmatched: ['zoe'] }, [{ name: 'zoe', code: 'NO_SUCH_TARGET' }]],
    ['unmatched ids', { members: ['m7'] }, { unmatched: ['m7'] }, [{ member: 'm7', code: 'NO_SUCH_TARGET' }]],
    [
      'refused members before unmatched ranks',
      { ranks: [0, 9] },
      { refused: [outranked(0)], refusedCount: 1, unmatched: [9] },
      [outranked(0), { rank: 9, code: 'NO_SUCH_TARGET' }],
    ],
  ])('R-CMD-3 has in `unsent` %s, and is all done only without', (_what, to, receipt, unsent) => {
    const sheet = new Sheet(receiptOf('1', receipt), outcomeOf('1', { done: 3 }), { to, ownRank: 2 });
    expect(sheet.unsent).toEqual(unsent);
    expect([sheet.unsentCount, sheet.all('done')]).toEqual([unsent.length, unsent.length === 0]);
  });

  it.each([
    [150, 150, 0],
    [150, 152, 2],
  ])(
    'R-CMD-3 leaves %i superiors of `all` out, although the receipt lists 100 of %i',
    (ownRank, refusedCount, unsent) => {
      const refused = Array.from({ length: 100 }, (_, rank) => outranked(rank));
      const receipt = receiptOf('1', { refused, refusedCount });
      const sheet = new Sheet(receipt, outcomeOf('1', { done: 3 }), { to: 'all', ownRank });
      expect([sheet.unsent, sheet.unsentCount, sheet.all('done')]).toEqual([[], unsent, unsent === 0]);
    },
  );

  it('R-CMD-6 has the results by rank', () => {
    const results = [resultOf(3), resultOf(1)];
    const sheet = new Sheet(receiptOf('1', { deadlineMs: 60_000 }), outcomeOf('1'), { results });
    expect(sheet.results).toEqual([resultOf(1), resultOf(3)]);
    expect(sheet.deadlineMs).toBe(60_000);
  });
});
