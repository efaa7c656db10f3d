/** Sends commands to their recipients: one frame for many sessions. */

import {
  type DeliverEffect,
  type Group,
  type Member,
  type RankRange,
  type SessionId,
  sessionOf,
} from '../../core/index.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { Session } from '../session/session.js';
import type { UnflushedSessions } from '../session/unflushed-sessions.js';
import type { UnreadBytes } from '../session/unread-bytes.js';
import type { FlowControl } from '../flow/flow-control.js';
import { type Delivery, SharedBatch, sharedFrame } from './shared-batch.js';

/** The bytes of a command are shared if its ranges have at least this many recipients on average. */
const SHARED_RECIPIENTS_MIN = 4;
/**
 * If the copies for all recipients of a frame would exceed this many characters, the frame is encoded once and shared, even if each range
 * has few recipients.
 */
const COPIED_CHARS_MAX = 131_072;
/** The most characters that wait as pending commands before they are written. */
const PENDING_CHARS_MAX = 1_048_576;
/**
 * The limit of different starts and ends of the rank ranges of pending commands. Above this limit, the pending commands are moved into the
 * outboxes before another one is added.
 */
const BORDERS_MAX = 64;

/** The parts of the gateway that FanOut uses. */
export interface FanOutPorts {
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly unflushedSessions: Pick<UnflushedSessions, 'addSession' | 'flush'>;
  readonly flowControl: Pick<
    FlowControl,
    'slowBytes' | 'slowRecipients' | 'isSlow' | 'pauseSenders' | 'pauseUntilRead' | 'recordWrite' | 'endOverfull'
  >;
  readonly unreadBytes: Pick<UnreadBytes, 'isSenderOver'>;
}

/**
 * The pending commands of one flush cycle for the sessions of a group. Each frame is kept once, with the range of ranks that must receive
 * it. When the commands are queued, neighbouring ranks with the same frames share one buffer. Each session gets that buffer in one write.
 * A frame for one session alone keeps its place among the commands. GroupChannel decides this order.
 */
export class FanOut {
  readonly #group: Group;
  readonly #ports: FanOutPorts;
  readonly #pendingCharsMax: number;
  /** The sessions by rank. Undefined until needed. */
  #recipients: (Session | undefined)[] | undefined;
  #pending: Delivery[] = [];
  #borders = new Set<number>();
  /** The number of characters in the pending frames, an estimate of their bytes. */
  #chars = 0;

  constructor(group: Group, ports: FanOutPorts) {
    this.#group = group;
    this.#ports = ports;
    this.#pendingCharsMax = Math.min(PENDING_CHARS_MAX, ports.flowControl.slowBytes);
  }

  /** The number of pending commands. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Returns the sessions of the group by rank. An element is undefined if the member has no session on this server. */
  recipientsByRank(): readonly (Session | undefined)[] {
    this.#recipients ??= this.#group.roster.slice().map(member => this.sessionOf(member));
    return this.#recipients;
  }

  /** Returns the member's session on this server, or undefined if there is none. */
  sessionOf(member: Member | undefined): Session | undefined {
    const id = member === undefined ? undefined : sessionOf(member);
    return id === undefined ? undefined : this.#ports.sessions.get(id);
  }

  /**
   * Sends a command to its recipients (R-CMD-4). For many recipients, the frame becomes a pending command whose bytes are made once. For
   * a few, it is queued for each session.
   */
  sendCommand(frame: string, { ranges, by }: DeliverEffect): void {
    let recipients = 0;
    for (const { from, to } of ranges) recipients += to - from;
    if (recipients < SHARED_RECIPIENTS_MIN * ranges.length) this.#sendToEach(frame, recipients, ranges, by);
    else {
      for (const { from, to } of ranges) this.#addDelivery({ from, to, frame, by });
      // R-FLOW-1: too many unwritten commands would make every recipient count as slow, so they are written now.
      if (this.#chars >= this.#pendingCharsMax) {
        this.writeBatches();
        this.#ports.unflushedSessions.flush();
      }
    }
    if (by !== undefined) this.#pauseForSlowRecipients(by, ranges);
  }

  #sendToEach(frame: string, count: number, ranges: readonly RankRange[], by: SessionId | undefined): void {
    const recipients = this.recipientsByRank();
    const queued = count * frame.length > COPIED_CHARS_MAX ? sharedFrame(frame, by) : frame;
    for (const { from, to } of ranges) {
      for (let rank = from; rank < to; rank += 1) {
        const session = recipients[rank];
        if (session === undefined) continue;
        session.sendFrame(queued);
        if (by !== undefined) this.#pauseIfBehind(session, [by]);
      }
    }
  }

  /**
   * Pauses the senders of a slow recipient (R-FLOW-1). If a recipient is not slow but has a backlog, pauses only the senders that have too
   * many unread bytes.
   */
  #pauseIfBehind(session: Session, senders: Iterable<SessionId>): void {
    const { flowControl, unreadBytes } = this.#ports;
    if (flowControl.isSlow(session)) flowControl.pauseSenders(session, senders);
    else if (session.outbox.backlogBytes > 0) {
      for (const sender of senders) {
        if (unreadBytes.isSenderOver(sender)) flowControl.pauseUntilRead(session, sender);
      }
    }
  }

  #addDelivery(delivery: Delivery): void {
    if (this.#borders.size > BORDERS_MAX) this.queueBatches();
    // The recipients are computed now: a session that gets one of the ranks later must not receive the command.
    this.recipientsByRank();
    const last = this.#pending.at(-1);
    if (last?.from !== delivery.from || last.to !== delivery.to) this.#borders.add(delivery.from).add(delivery.to);
    this.#pending.push(delivery);
    this.#chars += delivery.frame.length;
  }

  /** Pauses the sender of a command if one of its recipients is slow already (R-FLOW-1). */
  #pauseForSlowRecipients(by: SessionId, ranges: readonly RankRange[]): void {
    const { flowControl } = this.#ports;
    for (const session of flowControl.slowRecipients) {
      if (this.#isRecipient(session, ranges)) flowControl.pauseSenders(session, [by]);
    }
  }

  #isRecipient({ state }: Session, ranges: readonly RankRange[]): boolean {
    if (state.phase !== 'active' || state.group !== this.#group) return false;
    const rank = this.#group.roster.rankOf(state.member);
    return ranges.some(({ from, to }) => from <= rank && rank < to);
  }

  /** Queues the pending commands for the sessions that have the ranks now. Must be called before ranks or sessions change. */
  prepareRankChange(): void {
    this.queueBatches();
    this.#recipients = undefined;
  }

  /** Moves all pending commands into the outboxes. Each session writes them with its other frames of the cycle. */
  queueBatches(): void {
    this.#handOverAll('queue');
  }

  /** Moves all pending commands into the outboxes and writes them. */
  writeBatches(): void {
    this.#handOverAll('write');
  }

  #handOverAll(how: 'queue' | 'write'): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    const borders = [0, ...[...this.#borders].sort((a, b) => a - b), this.recipientsByRank().length];
    const overfull: Session[] = [];
    this.#pending = [];
    this.#borders = new Set();
    this.#chars = 0;
    for (const [index, to] of borders.entries()) {
      const from = borders[index - 1] ?? 0;
      if (from < to) this.#handOver(new SharedBatch(pending, from, to), how, overfull, pending);
    }
    // These sessions end only after the loop: the other sessions must receive the commands before the view about the departures.
    for (const session of overfull) this.#ports.flowControl.endOverfull(session);
  }

  #handOver(batch: SharedBatch, how: 'queue' | 'write', overfull: Session[], pending: readonly Delivery[]): void {
    const recipients = this.recipientsByRank();
    const { unflushedSessions, flowControl } = this.#ports;
    const isEmpty = batch.bytes.length === 0;
    let senders: ReadonlySet<SessionId> | undefined;
    for (let rank = batch.from; rank < batch.to; rank += 1) {
      const session = recipients[rank];
      if (session === undefined) continue;
      const { outbox } = session;
      if (isEmpty) {
        // No pending command is for this session, but frames for it alone may wait.
        outbox.addBatch();
        if (outbox.hasPending) unflushedSessions.addSession(session);
        continue;
      }
      if (session.state.phase !== 'closing') {
        if (!outbox.hasRoomForBatch(batch)) {
          overfull.push(session);
          continue;
        }
        if (how === 'write') {
          outbox.writeBatch(batch);
          flowControl.recordWrite(session);
        } else {
          outbox.addBatch(batch);
          unflushedSessions.addSession(session);
        }
      }
      // The senders are computed only if a recipient is behind.
      if (outbox.backlogBytes > 0) this.#pauseIfBehind(session, (senders ??= sendersOf(pending, batch)));
    }
  }
}

function sendersOf(deliveries: readonly Delivery[], batch: SharedBatch): ReadonlySet<SessionId> {
  const senders = new Set<SessionId>();
  for (const delivery of deliveries) if (delivery.by !== undefined && batch.covers(delivery)) senders.add(delivery.by);
  return senders;
}
