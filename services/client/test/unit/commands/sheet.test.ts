import { describe, expect, it } from '@jest/globals';
import { Sheet, type Ending } from '../../../src/commands/sheet.js';
import { outcomeOf, receiptOf } from '../messages.js';

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
    expect(sheet.missing).toEqual([{ ...dan, status: 'expired' }]);
  });
});
