import { describe, expect, it } from '@jest/globals';
import { Sheet, type CommandResult, type Ending } from '@rankd/client/observer';
import type { OutcomeMessage, ReceiptMessage } from '@rankd/protocol';
import { isAllDone, reportLines, type CommandReport } from '../../src/output/command-report.js';

const named = (rank: number): CommandResult['from'] => ({ rank, member: `m${rank}`, name: `n${rank}` });

function answersOf(
  endings: readonly Ending[],
  fields: Partial<CommandReport> & { readonly refused?: number[] } = {},
): CommandReport {
  const { refused = [], ...rest } = fields;
  const receipt: ReceiptMessage = {
    type: 'receipt',
    id: '1',
    accepted: true,
    seq: 7,
    refused: refused.map(rank => ({ ...named(rank), code: 'AWAY' })),
    refusedCount: refused.length,
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
