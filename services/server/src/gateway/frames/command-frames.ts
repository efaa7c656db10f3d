/** The frames of commands: command, receipt, result and outcome. */

import {
  encodeFrame,
  type ErrorCode,
  explain,
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
import { escaped } from './json-text.js';
import { memberEntry } from './message-parts.js';

/** The last command of a sender, and the text of its frame that a similar command repeats. */
interface LastCommand {
  readonly effect: DeliverEffect;
  readonly text: string;
}

/** The numbers of the last receipt, and the text of its frame that a similar receipt repeats. */
interface LastReceipt {
  readonly view: number;
  readonly recipients: number;
  readonly deadlineMs: number;
  readonly text: string;
}

/**
 * Encodes commands (R-CMD-4), receipts (R-CMD-3) and outcomes (R-CMD-7). Nearly every command needs a command frame and a receipt. To save
 * time, this class concatenates their text from parts, and reuses the parts that equal those of the last frame.
 */
export class CommandFrames {
  readonly #frameBytesMax: number;
  readonly #lastCommands = new WeakMap<CommandSender, LastCommand>();
  #lastReceipt: LastReceipt = { view: 0, recipients: 0, deadlineMs: 0, text: '' };

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Returns the frame of a command, the same for all recipients (R-CMD-4). */
  encodeCommand(effect: DeliverEffect): string {
    return `{"type":"command","seq":${effect.seq}${this.#middleOf(effect)}${effect.payload ?? ''}}\n`;
  }

  /** Returns the text between `seq` and the value of `args`. The text is kept for each sender, because most commands repeat it. */
  #middleOf(effect: DeliverEffect): string {
    const { view, sender, name, deadlineMs, resultWanted, payload } = effect;
    const last = this.#lastCommands.get(sender);
    if (
      last?.effect.view === view &&
      last.effect.name === name &&
      last.effect.deadlineMs === deadlineMs &&
      last.effect.resultWanted === resultWanted &&
      (last.effect.payload === undefined) === (payload === undefined)
    ) {
      return last.text;
    }
    const from = { member: sender.id, rank: sender.rank, name: sender.name };
    const facts = JSON.stringify({ view, from, name, deadlineMs, reply: resultWanted }).slice(1, -1);
    const text = payload === undefined ? `,${facts}` : `,${facts},"args":`;
    this.#lastCommands.set(sender, { effect, text });
    return text;
  }

  /** Returns the frame of a receipt (R-CMD-3). */
  encodeReceipt(effect: ReceiptEffect): string {
    const { id, verdict, refusedCount, unmatched } = effect;
    if (verdict.kind === 'rejected' || refusedCount > 0 || unmatched.length > 0)
      return receiptWithLists(effect, this.#frameBytesMax);
    return `{"type":"receipt","id":"${escaped(id)}","accepted":true,"seq":${verdict.seq}${this.#tailOf(verdict)}`;
  }

  /** Returns the frame of an outcome (R-CMD-7). `ms` is the time since the command was accepted. */
  encodeOutcome(effect: OutcomeEffect, ms: number): string {
    return outcomeFrame(effect, ms, this.#frameBytesMax);
  }

  /** Returns the text after `seq`. */
  #tailOf({ view, recipients, deadlineMs }: Acceptance): string {
    const last = this.#lastReceipt;
    if (last.view === view && last.recipients === recipients && last.deadlineMs === deadlineMs) return last.text;
    const text = `,${JSON.stringify({ view, recipients, deadlineMs, refused: [], refusedCount: 0 }).slice(1)}\n`;
    this.#lastReceipt = { view, recipients, deadlineMs, text };
    return text;
  }
}

type Acceptance = Extract<ReceiptEffect['verdict'], { kind: 'accepted' }>;

function receiptWithLists(effect: ReceiptEffect, frameBytesMax: number): string {
  const { id, verdict, refusedCount, unmatched } = effect;
  const refused = effect.refused.map(({ member, rank, code }) => ({ ...memberEntry(member, rank), code }));
  const head: ReceiptMessage =
    verdict.kind === 'accepted'
      ? { type: 'receipt', id, accepted: true, ...verdictFacts(verdict), refused, refusedCount }
      : { ...rejection(id, verdict.code), refused, refusedCount };
  const withOnly = (entries: number): ReceiptMessage => ({
    ...head,
    refused: refused.slice(0, entries),
    ...(unmatched.length === 0 ? {} : { unmatched: unmatched.slice(0, entries) }),
  });
  const entries = Math.max(refused.length, unmatched.length);
  return cutToFit(withOnly(entries), frameBytesMax, withOnly, entries);
}

function verdictFacts(verdict: Acceptance): Partial<ReceiptMessage> {
  const { seq, view, recipients, deadlineMs } = verdict;
  return { seq, view, recipients, deadlineMs };
}

/** Returns the receipt of a move or a removal (R-ADMIN-1). */
export function adminReceipt({ id, verdict }: AdminReceiptEffect): ReceiptMessage {
  if (verdict.kind === 'rejected') return rejection(id, verdict.code);
  const { seq, view } = verdict;
  return { type: 'receipt', id, accepted: true, seq, view, refused: [], refusedCount: 0 };
}

/** Returns the receipt of an adoption. It is in no order of a group. */
export function adoptionReceipt(id: string): ReceiptMessage {
  return { type: 'receipt', id, accepted: true, refused: [], refusedCount: 0 };
}

/** Returns the receipt of a rejected command. */
export function rejection(id: string, code: ErrorCode, detail?: string): ReceiptMessage {
  return { type: 'receipt', id, accepted: false, code, message: explain(code, detail), refused: [], refusedCount: 0 };
}

/** Returns the frame of one recipient's result for the sender (R-CMD-6). `ms` is the time since the command was accepted. */
export function resultFrame(effect: RecipientEndedEffect, ms: number): string {
  const { id, seq, recipient, rank, status, error, payload } = effect;
  const message: ForwardedResultMessage = { type: 'result', id, seq, from: memberEntry(recipient, rank), status, ms };
  return encodeFrame(
    error === undefined ? message : { ...message, error },
    payload === undefined ? undefined : { key: 'value', json: payload },
  );
}

function outcomeFrame(effect: OutcomeEffect, ms: number, frameBytesMax: number): string {
  const { id, seq, recipients, counts } = effect;
  const missing = effect.missing.map(({ member, rank, status, code }) => ({
    ...memberEntry(member, rank),
    status,
    ...(code === undefined ? {} : { code }),
  }));
  const message: OutcomeMessage = { type: 'outcome', id, seq, recipients, ...counts, missing, ms };
  return cutToFit(
    message,
    frameBytesMax,
    missing => ({ ...message, missing: message.missing.slice(0, missing) }),
    message.missing.length,
  );
}

/** Halves the lists until the frame fits (R-FRAME-2). The count in the message remains that of the whole list. */
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
