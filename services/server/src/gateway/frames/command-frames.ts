import {
  encodeFrame,
  explain,
  type ErrorCode,
  type ForwardedResultMessage,
  type OutcomeMessage,
  type ReceiptMessage,
  type ServerMessage,
} from '@rankd/protocol';
import type {
  AdminReceiptEffect,
  CommandSender,
  DeliverEffect,
  OutcomeEffect,
  ReceiptEffect,
  RecipientEndedEffect,
} from '../../core/index.js';
import { escaped } from './escaped.js';
import { named } from './named.js';

/** R-CMD-4. Written out by hand: there is one for every command, and but for `seq` and `args` it is mostly like the last. */
export function commandFrame(effect: DeliverEffect): string {
  return `{"type":"command","seq":${effect.seq}${commandMiddle(effect)}${effect.payload ?? ''}}\n`;
}

const lastMiddles = new WeakMap<CommandSender, { readonly of: DeliverEffect; readonly text: string }>();

/** What a command has in common with the last of its sender, as long as it does: as far as the value of `args`, if it has any. */
function commandMiddle(effect: DeliverEffect): string {
  const { view, sender, name, deadlineMs, resultWanted, payload } = effect;
  const last = lastMiddles.get(sender);
  if (
    last?.of.view === view &&
    last.of.name === name &&
    last.of.deadlineMs === deadlineMs &&
    last.of.resultWanted === resultWanted &&
    (last.of.payload === undefined) === (payload === undefined)
  ) {
    return last.text;
  }
  const from = { member: sender.id, rank: sender.rank, name: sender.name };
  const facts = JSON.stringify({ view, from, name, deadlineMs, reply: resultWanted }).slice(1, -1);
  const text = payload === undefined ? `,${facts}` : `,${facts},"args":`;
  lastMiddles.set(sender, { of: effect, text });
  return text;
}

export function receiptFrame(effect: ReceiptEffect, frameBytesMax: number): string {
  const { id, verdict, refusedCount } = effect;
  if (verdict.kind === 'accepted' && refusedCount === 0) return plainReceipt(id, verdict);
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

type Acceptance = Extract<ReceiptEffect['verdict'], { kind: 'accepted' }>;

/** The same of a command of which nobody was refused, written out by hand: there is one for nearly every command. */
function plainReceipt(id: string, acceptance: Acceptance): string {
  return `{"type":"receipt","id":"${escaped(id)}","accepted":true,"seq":${acceptance.seq}${receiptTail(acceptance)}`;
}

let lastTail = { view: 0, recipients: 0, deadlineMs: 0, text: '' };

/** What a receipt has in common with the last, as long as it does. */
function receiptTail({ view, recipients, deadlineMs }: Acceptance): string {
  const last = lastTail;
  if (last.view === view && last.recipients === recipients && last.deadlineMs === deadlineMs) return last.text;
  const text = `,${JSON.stringify({ view, recipients, deadlineMs, refused: [], refusedCount: 0 }).slice(1)}\n`;
  lastTail = { view, recipients, deadlineMs, text };
  return text;
}

function verdictFacts(verdict: Acceptance): Partial<ReceiptMessage> {
  const { seq, view, recipients, deadlineMs } = verdict;
  return { seq, view, recipients, deadlineMs };
}

/** R-ADMIN-1: of a move or a removal. */
export function adminReceipt({ id, verdict }: AdminReceiptEffect): ReceiptMessage {
  if (verdict.kind === 'rejected') return rejection(id, verdict.code);
  const { seq, view } = verdict;
  return { type: 'receipt', id, accepted: true, seq, view, refused: [], refusedCount: 0 };
}

/** A receipt for a command that went no further. */
export function rejection(id: string, code: ErrorCode, detail?: string): ReceiptMessage {
  return { type: 'receipt', id, accepted: false, code, message: explain(code, detail), refused: [], refusedCount: 0 };
}

export function resultFrame(effect: RecipientEndedEffect): string {
  const { id, seq, recipient, rank, status, ms, error, payload } = effect;
  const message: ForwardedResultMessage = { type: 'result', id, seq, from: named(recipient, rank), status, ms };
  return encodeFrame(
    error === undefined ? message : { ...message, error },
    payload === undefined ? undefined : { key: 'value', json: payload },
  );
}

export function outcomeFrame(effect: OutcomeEffect, frameBytesMax: number): string {
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

/** Shortens a list by halves until the frame fits; its count elsewhere in the message still tells the whole number. */
function cutToFit(
  message: ServerMessage,
  frameBytesMax: number,
  withOnly: (entries: number) => ServerMessage,
  entries: number,
): string {
  const frame = encodeFrame(message);
  if (Buffer.byteLength(frame) <= frameBytesMax || entries === 0) return frame;
  const half = Math.floor(entries / 2);
  return cutToFit(withOnly(half), frameBytesMax, withOnly, half);
}
