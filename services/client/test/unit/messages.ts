/** Messages of a server. A test passes the fields that matter to it, and the others are filled in. */

import type {
  DeliveredCommandMessage,
  OutcomeMessage,
  ReceiptMessage,
  ViewMessage,
  WelcomeMessage,
} from '@rankd/protocol';
import type { CommandResult } from '../../src/commands/sheet.js';
import type { SeatConnection } from '../../src/session/seat.js';

/** A connection that drops every message. */
export const silentConnection: SeatConnection = { send: () => undefined, write: () => undefined, end: () => undefined };

/** Returns the receipt of an accepted command. */
export function receiptOf(id: string, fields: Partial<ReceiptMessage> = {}): ReceiptMessage {
  return { type: 'receipt', id, accepted: true, seq: 7, recipients: 3, refused: [], refusedCount: 0, ...fields };
}

/** Returns an outcome on which every recipient is done. */
export function outcomeOf(id: string, fields: Partial<OutcomeMessage> = {}): OutcomeMessage {
  const none = { done: 0, failed: 0, refused: 0, expired: 0, left: 0, missing: [] };
  return { type: 'outcome', id, seq: 7, recipients: 3, ...none, ms: 12, ...fields };
}

/** Returns a command as it is delivered to a recipient. */
export function deliveryOf(fields: Partial<DeliveredCommandMessage> = {}): DeliveredCommandMessage {
  const from = { member: 'm1', rank: 0, name: 'ann' };
  return { type: 'command', seq: 7, view: 3, from, name: 'print', deadlineMs: 5000, reply: true, ...fields };
}

/** Returns the result of a recipient. */
export function resultOf(rank: number, value: unknown = null): CommandResult {
  return { from: { member: `m${rank}`, rank, name: `n${rank}` }, status: 'done', value, error: undefined, ms: 1 };
}

/** Returns a welcome with rank 0. */
export function welcomeOf(fields: Partial<WelcomeMessage> = {}): WelcomeMessage {
  const ann = { member: 'm1', name: 'ann' };
  return {
    type: 'welcome',
    protocol: 1,
    features: [],
    server: 's1',
    group: 'default',
    ...ann,
    rank: 0,
    size: 1,
    slot: 0,
    leader: ann,
    membersMax: 100,
    epoch: 70,
    view: 4,
    seq: 9,
    resume: 'secret-1',
    resumed: false,
    heartbeatMs: 1500,
    suspendMs: 4500,
    deadMs: 6000,
    frameBytesMax: 65_536,
    ...fields,
  };
}

/** Returns a view. */
export function viewOf(fields: Partial<ViewMessage> = {}): ViewMessage {
  const ann = { member: 'm1', name: 'ann' };
  const cause = { kind: 'left', ...ann } as const;
  const place = { epoch: 70, view: 5, seq: 10, rank: 0, was: 1, size: 1, leader: ann };
  return { type: 'view', ...place, changes: 1, cause, ...fields };
}
