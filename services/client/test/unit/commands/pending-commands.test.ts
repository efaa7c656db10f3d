import { describe, expect, it } from '@jest/globals';
import { PendingCommands } from '../../../src/commands/pending-commands.js';
import type { CommandResult, Sheet } from '../../../src/commands/sheet.js';
import { outcomeOf, receiptOf } from '../messages.js';

function entered(pending: PendingCommands): {
  readonly id: string;
  readonly sheet: Promise<Sheet>;
  results: CommandResult[];
} {
  const results: CommandResult[] = [];
  const id = pending.nextId();
  return { id, sheet: pending.add(id, result => results.push(result)), results };
}

describe('the pending commands', () => {
  it('R-CMD-1 get different ids', () => {
    const pending = new PendingCommands();
    expect(new Set([pending.nextId(), pending.nextId(), pending.nextId()]).size).toBe(3);
  });

  it('R-CMD-7 resolve with the sheet when the outcome arrives', async () => {
    const pending = new PendingCommands();
    const { id, sheet } = entered(pending);
    pending.handleReceipt(receiptOf(id, { refusedCount: 2 }));
    pending.handleOutcome(outcomeOf(id, { done: 3 }));
    await expect(sheet).resolves.toMatchObject({ seq: 7, recipients: 3, done: 3, outrankedCount: 2 });
  });

  it('R-CMD-3 reject with the code and the message of a receipt that does not accept them', async () => {
    const pending = new PendingCommands();
    const { id, sheet } = entered(pending);
    pending.handleReceipt(receiptOf(id, { accepted: false, code: 'OUTRANKED', message: 'not upward' }));
    await expect(sheet).rejects.toMatchObject({ name: 'RankdError', code: 'OUTRANKED', message: 'not upward' });
  });

  it('R-CMD-6 pass each result to the command that it belongs to', () => {
    const pending = new PendingCommands();
    const [first, second] = [entered(pending), entered(pending)];
    const from = { member: 'm2', rank: 2, name: 'cid' };
    pending.handleResult({ type: 'result', id: second.id, seq: 8, from, status: 'done', value: 1, ms: 4 });
    expect([first.results, second.results]).toEqual([
      [],
      [{ from, status: 'done', value: 1, error: undefined, ms: 4 }],
    ]);
  });

  it('ignore a message that belongs to no open command', async () => {
    const pending = new PendingCommands();
    const { id, sheet, results } = entered(pending);
    pending.handleReceipt(receiptOf('nobody', { accepted: false }));
    pending.handleOutcome(outcomeOf('nobody'));
    pending.handleReceipt(receiptOf(id));
    pending.handleOutcome(outcomeOf(id));
    await sheet;
    const from = { member: 'm2', rank: 2, name: 'cid' };
    pending.handleResult({ type: 'result', id, seq: 7, from, status: 'done', ms: 4 });
    expect(results).toEqual([]);
  });

  it('reject when the session ends, if they are still open', async () => {
    const pending = new PendingCommands();
    const closed = entered(pending);
    pending.handleReceipt(receiptOf(closed.id));
    pending.handleOutcome(outcomeOf(closed.id));
    const open = [entered(pending), entered(pending)];
    pending.rejectAll('CLOSED');
    for (const { sheet } of open) await expect(sheet).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await expect(closed.sheet).resolves.toBeDefined();
  });

  it('keep the results that had arrived when they are rejected', async () => {
    const pending = new PendingCommands();
    const results: CommandResult[] = [];
    const id = pending.nextId();
    const sheet = pending.add(id, result => results.push(result), { results });
    const from = { member: 'm2', rank: 2, name: 'cid' };
    pending.handleResult({ type: 'result', id, seq: 7, from, status: 'done', value: 1, ms: 4 });
    pending.rejectAll('CLOSED');
    pending.handleResult({ type: 'result', id, seq: 7, from, status: 'failed', ms: 5 });
    await expect(sheet).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      retry: false,
      results: [{ from, status: 'done', value: 1 }],
    });
  });
});
