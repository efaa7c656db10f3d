import type { DeliveredCommandMessage, OutcomeMessage, ReceiptMessage } from '@rankd/protocol';
import type { CommandResult } from '../../src/sheet.js';

/** What a server says, with what does not matter to a test filled in. */
export function receiptOf(id: string, fields: Partial<ReceiptMessage> = {}): ReceiptMessage {
  return { type: 'receipt', id, accepted: true, seq: 7, recipients: 3, refused: [], refusedCount: 0, ...fields };
}

export function outcomeOf(id: string, fields: Partial<OutcomeMessage> = {}): OutcomeMessage {
  const none = { done: 0, failed: 0, refused: 0, expired: 0, left: 0, missing: [] };
  return { type: 'outcome', id, seq: 7, recipients: 3, ...none, ms: 12, ...fields };
}

export function deliveryOf(fields: Partial<DeliveredCommandMessage> = {}): DeliveredCommandMessage {
  const from = { member: 'm1', rank: 0, name: 'ann' };
  return { type: 'command', seq: 7, view: 3, from, name: 'print', deadlineMs: 5000, reply: true, ...fields };
}

export function resultOf(rank: number, value: unknown = null): CommandResult {
  return { from: { member: `m${rank}`, rank, name: `n${rank}` }, status: 'done', value, error: undefined, ms: 1 };
}
