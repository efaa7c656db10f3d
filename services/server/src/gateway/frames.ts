import {
  encodeFrame,
  explain,
  type ByeMessage,
  type Cause as CauseMessage,
  type ErrorCode,
  type ErrorMessage,
  type ForwardedResultMessage,
  type OutcomeMessage,
  type ReceiptMessage,
  type RosterMember,
  type ServerMessage,
  errorCodes,
} from '@rankd/protocol';
import type {
  Cause,
  DeliverEffect,
  Group,
  Member,
  News,
  OutcomeEffect,
  ReceiptEffect,
  RecipientEndedEffect,
} from '../core/index.js';
import { rosterRow } from '../roster-rows.js';

/** From what the core says to what a client reads. Decides nothing but how lists are cut to fit a frame (R-FRAME-2). */

export function viewFrame(epoch: number, news: News): Buffer {
  const { view, seq, rank, was, size, changes } = news;
  const leader = { member: news.leader.id, name: news.leader.name };
  return encodeFrame({
    type: 'view',
    epoch,
    view,
    seq,
    rank,
    was,
    size,
    leader,
    changes,
    cause: causeMessage(news.cause),
  });
}

function causeMessage(cause: Cause): CauseMessage {
  const { kind, member, reason } = cause;
  return { kind, member: member.id, name: member.name, ...(reason === undefined ? {} : { reason }) };
}

export function commandFrame(effect: DeliverEffect): Buffer {
  const { seq, view, sender, senderRank, name, deadlineMs, resultWanted, payload } = effect;
  const from = { member: sender.id, rank: senderRank, name: sender.name };
  return encodeFrame(
    { type: 'command', seq, view, from, name, deadlineMs, reply: resultWanted },
    payload === undefined ? undefined : { key: 'args', json: payload },
  );
}

export function receiptFrame(effect: ReceiptEffect, frameBytesMax: number): Buffer {
  const { id, verdict, refusedCount } = effect;
  const refused = effect.refused.map(({ member, rank, code }) => ({ ...named(member, rank), code }));
  const message: ReceiptMessage =
    verdict.kind === 'accepted'
      ? { type: 'receipt', id, accepted: true, ...verdictFacts(verdict), refused, refusedCount }
      : { ...rejection(id, verdict.code), refused, refusedCount };
  return cutToFit(
    message,
    frameBytesMax,
    refused => ({ ...message, refused: message.refused.slice(0, refused) }),
    message.refused.length,
  );
}

function verdictFacts(verdict: Extract<ReceiptEffect['verdict'], { kind: 'accepted' }>): Partial<ReceiptMessage> {
  const { seq, view, recipients, deadlineMs } = verdict;
  return { seq, view, recipients, deadlineMs };
}

/** A receipt for a command that went no further. */
export function rejection(id: string, code: ErrorCode, detail?: string): ReceiptMessage {
  return { type: 'receipt', id, accepted: false, code, message: explain(code, detail), refused: [], refusedCount: 0 };
}

export function resultFrame(effect: RecipientEndedEffect): Buffer {
  const { id, seq, recipient, rank, status, ms, error, payload } = effect;
  const message: ForwardedResultMessage = { type: 'result', id, seq, from: named(recipient, rank), status, ms };
  return encodeFrame(
    error === undefined ? message : { ...message, error },
    payload === undefined ? undefined : { key: 'value', json: payload },
  );
}

export function outcomeFrame(effect: OutcomeEffect, frameBytesMax: number): Buffer {
  const { id, seq, recipients, counts, ms } = effect;
  const missing = effect.missing.map(({ member, rank, status }) => ({ ...named(member, rank), status }));
  const message: OutcomeMessage = { type: 'outcome', id, seq, recipients, ...counts, missing, ms };
  return cutToFit(
    message,
    frameBytesMax,
    missing => ({ ...message, missing: message.missing.slice(0, missing) }),
    message.missing.length,
  );
}

export function errorMessage(code: ErrorCode, seq?: number): ErrorMessage {
  const message: ErrorMessage = { type: 'error', code, message: explain(code) };
  return seq === undefined ? message : { ...message, seq };
}

export function byeMessage(code: ErrorCode, detail?: string, retryAfterMs?: number): ByeMessage {
  const { retry } = errorCodes[code];
  const message: ByeMessage = { type: 'bye', code, message: explain(code, detail), retry };
  return retryAfterMs === undefined ? message : { ...message, retryAfterMs };
}

/** R-ASK-1: the roster by rank, in as many frames as it takes, all of one view. */
export function* rosterFrames(group: Group, frameBytesMax: number): Generator<Buffer, void, undefined> {
  const head = {
    type: 'roster',
    group: group.name,
    epoch: group.epoch,
    view: group.view,
    size: group.roster.size,
  } as const;
  const headBytes = encodeFrame({ ...head, members: [], more: false }).length;
  let members: RosterMember[] = [];
  let bytes = headBytes;
  for (const [rank, member] of group.roster.slice().entries()) {
    const row = rosterRow(member, rank);
    const rowBytes = Buffer.byteLength(JSON.stringify(row)) + 1;
    if (members.length > 0 && bytes + rowBytes > frameBytesMax) {
      yield encodeFrame({ ...head, members, more: true });
      members = [];
      bytes = headBytes;
    }
    members.push(row);
    bytes += rowBytes;
  }
  yield encodeFrame({ ...head, members, more: false });
}

function named(member: Member, rank: number): { member: string; rank: number; name: string } {
  return { member: member.id, rank, name: member.name };
}

/** Shortens a list by halves until the frame fits; its count elsewhere in the message still tells the whole number. */
function cutToFit(
  message: ServerMessage,
  frameBytesMax: number,
  withOnly: (entries: number) => ServerMessage,
  entries: number,
): Buffer {
  const frame = encodeFrame(message);
  if (frame.length <= frameBytesMax || entries === 0) return frame;
  const half = Math.floor(entries / 2);
  return cutToFit(withOnly(half), frameBytesMax, withOnly, half);
}
