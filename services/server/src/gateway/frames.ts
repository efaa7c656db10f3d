import {
  encodeFrame,
  explain,
  type ByeMessage,
  type Cause as CauseMessage,
  type ErrorCode,
  type ErrorMessage,
  type ForwardedResultMessage,
  type Leader,
  type NamedMember,
  type ObserverViewMessage,
  type OutcomeMessage,
  type ReceiptMessage,
  type ServerMessage,
  type WaitingMessage,
  errorCodes,
} from '@rankd/protocol';
import type { ServerConfig } from '../config.js';
import type {
  AdminReceiptEffect,
  Cause,
  CommandSender,
  DeliverEffect,
  Group,
  Member,
  News,
  OutcomeEffect,
  ReceiptEffect,
  RankedMember,
  RecipientEndedEffect,
  RosterDelta,
} from '../core/index.js';
import { rosterRow } from '../roster-rows.js';

/** From what the core says to what a client reads. Decides nothing but how lists are cut to fit a frame (R-FRAME-2). */

/** R-VIEW-2. Written out by hand: a change may be told to everybody, and who caused it and who leads is the same to all. */
export function viewFrame(epoch: number, news: News, lists?: RosterDelta | 'reset'): string {
  const { view, seq, rank, was, size, changes, leader } = news;
  const head = `{"type":"view","epoch":${epoch},"view":${view},"seq":${seq},"size":${size},"changes":${changes}`;
  const cause = `,"cause":${causeTexts.of(news.cause)}`;
  const more = lists === undefined ? '' : `,${JSON.stringify(listsOf(lists)).slice(1, -1)}`;
  const led = leader === undefined ? '' : `,"leader":${leaderTexts.of(leader)}`;
  const own = rank === undefined || leader === undefined ? '' : `,"rank":${rank},"was":${was ?? rank}`;
  return `${head}${cause}${more}${led}${own}}\n`;
}

/** The JSON of things that many frames hold, made once for each. */
class Texts<T extends object> {
  readonly #texts = new WeakMap<T, string>();
  readonly #message: (thing: T) => object;

  constructor(message: (thing: T) => object) {
    this.#message = message;
  }

  of(thing: T): string {
    const known = this.#texts.get(thing);
    if (known !== undefined) return known;
    const text = JSON.stringify(this.#message(thing));
    this.#texts.set(thing, text);
    return text;
  }
}

const causeTexts = new Texts(causeMessage);
const leaderTexts = new Texts(leaderOf);

function listsOf(lists: RosterDelta | 'reset'): Partial<ObserverViewMessage> {
  if (lists === 'reset') return { reset: true };
  const rows = (members: readonly RankedMember[]): NamedMember[] =>
    members.map(({ member, rank }) => named(member, rank));
  return {
    joined: lists.joined.map(({ member, rank }) => rosterRow(member, rank)),
    left: lists.left.map(({ member, reason }) => ({ member: member.id, name: member.name, reason })),
    moved: rows(lists.moved),
    away: rows(lists.away),
    resumed: rows(lists.resumed),
  };
}

export function leaderOf(member: Member): Leader {
  return { member: member.id, name: member.name };
}

/** R-JOIN-4 */
export function waitingMessage(position: number, of: number, config: ServerConfig): WaitingMessage {
  const { RANKD_HEARTBEAT_MS: heartbeatMs, RANKD_SUSPEND_MS: suspendMs, RANKD_DEAD_MS: deadMs } = config;
  return { type: 'waiting', position, of, heartbeatMs, suspendMs, deadMs };
}

function causeMessage(cause: Cause): CauseMessage {
  const { kind, member, reason } = cause;
  return { kind, member: member.id, name: member.name, ...(reason === undefined ? {} : { reason }) };
}

/** R-CMD-4. Written out by hand: there is one for every command, and but for `seq` and `args` it is mostly like the last. */
export function commandFrame(effect: DeliverEffect): string {
  const args = effect.payload === undefined ? '}\n' : `,"args":${effect.payload}}\n`;
  return `{"type":"command","seq":${effect.seq}${commandMiddle(effect)}${args}`;
}

const lastMiddles = new WeakMap<CommandSender, { readonly of: DeliverEffect; readonly text: string }>();

/** What a command has in common with the last of its sender, as long as it does. */
function commandMiddle(effect: DeliverEffect): string {
  const { view, sender, name, deadlineMs, resultWanted } = effect;
  const last = lastMiddles.get(sender);
  if (
    last?.of.view === view &&
    last.of.name === name &&
    last.of.deadlineMs === deadlineMs &&
    last.of.resultWanted === resultWanted
  ) {
    return last.text;
  }
  const from = { member: sender.id, rank: sender.rank, name: sender.name };
  const text = `,${JSON.stringify({ view, from, name, deadlineMs, reply: resultWanted }).slice(1, -1)}`;
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
  return `{"type":"receipt","id":${JSON.stringify(id)},"accepted":true,"seq":${acceptance.seq}${receiptTail(acceptance)}`;
}

let lastTail: { readonly of: Acceptance; readonly text: string } | undefined;

/** What a receipt has in common with the last, as long as it does. */
function receiptTail(acceptance: Acceptance): string {
  const { view, recipients, deadlineMs } = acceptance;
  const { of: last, text } = lastTail ?? {};
  if (text !== undefined && last?.view === view && last.recipients === recipients && last.deadlineMs === deadlineMs) {
    return text;
  }
  const tail = `,${JSON.stringify({ view, recipients, deadlineMs, refused: [], refusedCount: 0 }).slice(1)}\n`;
  lastTail = { of: acceptance, text: tail };
  return tail;
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
export function* rosterFrames(group: Group, frameBytesMax: number): Generator<string, void, undefined> {
  const { name, epoch, view, roster } = group;
  const head = { type: 'roster', group: name, epoch, view, size: roster.size } as const;
  const rows = roster.slice().map(rosterRow);
  yield* inChunks(rows, frameBytesMax, (members, more) => encodeFrame({ ...head, members, more }));
}

/** R-ASK-1: the roster of a group that nobody is in. */
export function emptyRosterFrame(group: string): string {
  return encodeFrame({ type: 'roster', group, epoch: 0, view: 0, size: 0, members: [], more: false });
}

/** R-ASK-1: the last changes, newest first, in as many frames as it takes. */
export function* historyFrames(
  name: string,
  group: Group | undefined,
  limit: number,
  frameBytesMax: number,
): Generator<string, void, undefined> {
  const head = { type: 'history', group: name, epoch: group?.epoch ?? 0 } as const;
  const rows = (group?.history.last(limit) ?? []).map(({ seq, view, at, cause, size }) => ({
    seq,
    view,
    at: new Date(at).toISOString(),
    cause: causeMessage(cause),
    size,
  }));
  yield* inChunks(rows, frameBytesMax, (changes, more) => encodeFrame({ ...head, changes, more }));
}

/** Rows in frames of at most `frameBytesMax`; there is always one frame, and every row fits into one by itself. */
function* inChunks<Row>(
  rows: readonly Row[],
  frameBytesMax: number,
  encode: (rows: Row[], more: boolean) => string,
): Generator<string, void, undefined> {
  const headBytes = Buffer.byteLength(encode([], false));
  let chunk: Row[] = [];
  let bytes = headBytes;
  for (const row of rows) {
    const rowBytes = Buffer.byteLength(JSON.stringify(row)) + 1;
    if (chunk.length > 0 && bytes + rowBytes > frameBytesMax) {
      yield encode(chunk, true);
      chunk = [];
      bytes = headBytes;
    }
    chunk.push(row);
    bytes += rowBytes;
  }
  yield encode(chunk, false);
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
): string {
  const frame = encodeFrame(message);
  if (Buffer.byteLength(frame) <= frameBytesMax || entries === 0) return frame;
  const half = Math.floor(entries / 2);
  return cutToFit(withOnly(half), frameBytesMax, withOnly, half);
}
