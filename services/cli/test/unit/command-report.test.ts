import { describe, expect, it } from '@jest/globals';
import { Sheet, type CommandResult, type Ending } from '@rankd/client/observer';
import type { OutcomeMessage, ReceiptMessage } from '@rankd/protocol';
import {
  formatUnsent,
  isAllDone,
  reducedDeadline,
  reportLines,
  type CommandReport,
} from '../../src/output/command-report.js';

const named = (rank: number): CommandResult['from'] => ({ rank, member: `m${rank}`, name: `n${rank}` });

function answersOf(
  endings: readonly Ending[],
  fields: Partial<CommandReport> & { readonly refused?: number[]; readonly unmatched?: (number | string)[] } = {},
): CommandReport {
  const { refused = [], unmatched, ...rest } = fields;
  const receipt: ReceiptMessage = {
    type: 'receipt',
    id: '1',
    accepted: true,
    seq: 7,
    refused: refused.map(rank => ({ ...named(rank), code: 'AWAY' })),
    refusedCount: refused.length,
    ...(unmatched === undefined ? {} : { unmatched }),
  };
  const count = (status: Ending): number => endings.filter(each => each === status).length;
  const outcome: OutcomeMessage = {
    type: 'outcome',
    id: '1',
    seq: 7,
    recipients: endings.length,
    done: count('done'),
    failed: count('failed'),
    refused: count('refused'),
    expired: count('expired'),
    left: count('left'),
    missing: [],
    ms: 3,
  };
  const results = endings.map((status, rank) => ({
    from: named(rank),
    status,
    value: null,
    error: undefined,
    ms: rank,
  }));
  return { receipt, results: results.reverse(), sheet: new Sheet(receipt, outcome), ranks: undefined, ...rest };
}

const verdict = (answers: CommandReport): boolean => isAllDone(answers, reportLines(answers));

describe('the report of a command', () => {
  it('is done only if every target is', () => {
    expect(verdict(answersOf(['done', 'done']))).toBe(true);
    for (const ending of ['failed', 'refused', 'expired', 'left'] as const) {
      expect([ending, verdict(answersOf(['done', ending]))]).toEqual([ending, false]);
    }
  });

  it('is not done without a target', () => {
    expect(verdict(answersOf([]))).toBe(false);
    expect(verdict({ ...answersOf([]), sheet: undefined })).toBe(false);
  });

  it('is not done if a target was away', () => {
    const answers = answersOf(['done'], { refused: [1] });
    expect(verdict(answers)).toBe(false);
    expect(reportLines(answers)[1]).toMatchObject({ rank: 1, status: 'unsent', code: 'AWAY', why: expect.any(String) });
  });

  it('is not done if no member has one of the ranks', () => {
    const answers = answersOf(['done'], { ranks: [0, 9] });
    expect(verdict(answers)).toBe(false);
    expect(reportLines(answers)[1]).toMatchObject({ rank: 9, status: 'unsent', why: 'no member has this rank' });
  });

  it('is not done if the server reports a target that matches no member, and lists each once', () => {
    const ranks = answersOf(['done'], { ranks: [0, 9], unmatched: [9] });
    expect(verdict(ranks)).toBe(false);
    expect(reportLines(ranks).map(({ rank, code }) => [rank, code])).toEqual([
      [0, undefined],
      [9, 'NO_SUCH_TARGET'],
    ]);
    const names = answersOf(['done'], { unmatched: ['zoe'] });
    expect(verdict(names)).toBe(false);
    expect(reportLines(names)[1]).toMatchObject({ rank: undefined, name: 'zoe', status: 'unsent' });
  });

  it.each([
    [{ rank: 0, member: 'm1', name: 'ann', code: 'OUTRANKED' }, 'ann (rank 0): OUTRANKED'],
    [{ rank: 9, code: 'NO_SUCH_TARGET' }, 'rank 9: NO_SUCH_TARGET'],
    [{ name: 'zoe', code: 'NO_SUCH_TARGET' }, 'zoe: NO_SUCH_TARGET'],
    [{ member: 'm7', code: 'NO_SUCH_TARGET' }, 'm7: NO_SUCH_TARGET'],
  ])('names a target that did not get the command: %j', (target, text) => {
    expect(formatUnsent(target)).toBe(text);
  });

  it('R-CMD-1 reports a deadline that the server has reduced, also the default one', () => {
    const sentence = (askedMs: number, appliedMs: number): string =>
      `the server reduced the deadline from ${askedMs} ms to ${appliedMs} ms, its limit (RANKD_DEADLINE_MAX_MS)`;
    expect(reducedDeadline(120_000, 60_000)).toBe(sentence(120_000, 60_000));
    expect(reducedDeadline(undefined, 2000)).toBe(sentence(5000, 2000));
    expect([reducedDeadline(2000, 2000), reducedDeadline(undefined, 5000), reducedDeadline(9, undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('says that it is unknown whether a recipient without an answer has executed the command', () => {
    const [expired, left] = reportLines(answersOf(['expired', 'left']));
    expect([expired?.why, left?.why]).toEqual([
      'no result before the deadline: the member may have executed it',
      'the member left without a result: it may have executed it',
    ]);
  });

  it('is sorted by rank', () => {
    expect(reportLines(answersOf(['done', 'failed', 'done'])).map(({ rank }) => rank)).toEqual([0, 1, 2]);
  });
});
