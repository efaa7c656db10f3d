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
import type { FlowControl } from './flow-control.js';
import { type Delivery, SharedBatch } from './shared-batch.js';

/** With this many recipients a range, it pays to share the bytes among them. */
const SHARED_RECIPIENTS_MIN = 4;
/** How much may be under way to a recipient before it is written. */
const UNDER_WAY_CHARS_MAX = 1_048_576;
/** The most different ends of rank ranges under way. At the next one, everything under way is handed over first. */
const BORDERS_MAX = 64;

export interface FanOutPorts {
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly unflushedSessions: Pick<UnflushedSessions, 'addSession' | 'flush'>;
  readonly flowControl: Pick<
    FlowControl,
    'slowBytes' | 'slowRecipients' | 'isSlow' | 'pauseSenders' | 'recordWrite' | 'endOverfull'
  >;
}

/**
 * The commands of one cycle on their way to the sessions of a group. A frame is kept once, with the range of ranks that it is
 * for. When it is handed over, ranks with the same frames share one piece of memory, and each session gets it in one write. A
 * frame for one session alone keeps its place among them: see GroupChannel, which decides the order.
 */
export class FanOut {
  readonly #group: Group;
  readonly #ports: FanOutPorts;
  readonly #underWayCharsMax: number;
  /** By rank. */
  #recipients: (Session | undefined)[] | undefined;
  #pending: Delivery[] = [];
  #borders = new Set<number>();
  /** About how many bytes are under way to each recipient; a character is one byte, or a few. */
  #chars = 0;

  constructor(group: Group, ports: FanOutPorts) {
    this.#group = group;
    this.#ports = ports;
    this.#underWayCharsMax = Math.min(UNDER_WAY_CHARS_MAX, ports.flowControl.slowBytes);
  }

  /** How many commands are under way. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** The sessions of the group by rank; undefined for a member without a session on this server. */
  recipientsByRank(): readonly (Session | undefined)[] {
    this.#recipients ??= this.#group.roster.slice().map(member => this.sessionOf(member));
    return this.#recipients;
  }

  /** The member's session on this server. */
  sessionOf(member: Member | undefined): Session | undefined {
    const id = member === undefined ? undefined : sessionOf(member);
    return id === undefined ? undefined : this.#ports.sessions.get(id);
  }

  /**
   * R-CMD-4: sends a command to its recipients. To many, the bytes are made once and shared: they are under way until they are
   * handed over. To a few, each gets them by itself.
   */
  sendCommand(frame: string, { ranges, by }: DeliverEffect): void {
    let recipients = 0;
    for (const { from, to } of ranges) recipients += to - from;
    if (recipients < SHARED_RECIPIENTS_MIN * ranges.length) this.#sendToEach(frame, ranges, by);
    else {
      for (const { from, to } of ranges) this.#addDelivery({ from, to, frame, by });
      // R-FLOW-1: no more is collected than a recipient may be behind before it had a chance to read some of it.
      if (this.#chars >= this.#underWayCharsMax) {
        this.writeBatches();
        this.#ports.unflushedSessions.flush();
      }
    }
    if (by !== undefined) this.#pauseForSlowRecipients(by, ranges);
  }

  #sendToEach(frame: string, ranges: readonly RankRange[], by: SessionId | undefined): void {
    const { flowControl } = this.#ports;
    const recipients = this.recipientsByRank();
    for (const { from, to } of ranges) {
      for (let rank = from; rank < to; rank += 1) {
        const session = recipients[rank];
        if (session === undefined) continue;
        session.sendFrame(frame);
        if (by !== undefined && flowControl.isSlow(session)) flowControl.pauseSenders(session, [by]);
      }
    }
  }

  #addDelivery(delivery: Delivery): void {
    if (this.#borders.size > BORDERS_MAX) this.queueBatches();
    // The recipients are fixed now: a session that gets the rank later is not one of them.
    this.recipientsByRank();
    const last = this.#pending.at(-1);
    if (last?.from !== delivery.from || last.to !== delivery.to) this.#borders.add(delivery.from).add(delivery.to);
    this.#pending.push(delivery);
    this.#chars += delivery.frame.length;
  }

  /** R-FLOW-1: the sender of a command is paused if one of its recipients is slow already. */
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

  /** Called before a change of ranks or sessions takes effect: the commands under way go to the sessions of the ranks before it. */
  prepareRankChange(): void {
    this.queueBatches();
    this.#recipients = undefined;
  }

  /** Hands over everything that is under way. Each session writes it with its other frames of the cycle. */
  queueBatches(): void {
    this.#handOverAll('queue');
  }

  /** Hands over everything that is under way, and writes it. */
  writeBatches(): void {
    this.#handOverAll('write');
  }

  #handOverAll(how: 'queue' | 'write'): void {
    const underWay = this.#pending;
    if (underWay.length === 0) return;
    const borders = [0, ...[...this.#borders].sort((a, b) => a - b), this.recipientsByRank().length];
    const overfull: Session[] = [];
    this.#pending = [];
    this.#borders = new Set();
    this.#chars = 0;
    for (const [index, to] of borders.entries()) {
      const from = borders[index - 1] ?? 0;
      if (from < to) this.#handOver(new SharedBatch(underWay, from, to), how, overfull, underWay);
    }
    // Only when every session has its share: the others receive the end of one behind the commands that are under way.
    for (const session of overfull) this.#ports.flowControl.endOverfull(session);
  }

  #handOver(batch: SharedBatch, how: 'queue' | 'write', overfull: Session[], underWay: readonly Delivery[]): void {
    const recipients = this.recipientsByRank();
    const { unflushedSessions, flowControl } = this.#ports;
    const isEmpty = batch.bytes.length === 0;
    let senders: ReadonlySet<SessionId> | undefined;
    for (let rank = batch.from; rank < batch.to; rank += 1) {
      const session = recipients[rank];
      if (session === undefined) continue;
      const { outbox } = session;
      if (isEmpty) {
        // The session has no share, but the frames for it alone are written.
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
      if (flowControl.isSlow(session)) flowControl.pauseSenders(session, (senders ??= sendersOf(underWay, batch)));
    }
  }
}

function sendersOf(deliveries: readonly Delivery[], batch: SharedBatch): ReadonlySet<SessionId> {
  const senders = new Set<SessionId>();
  for (const delivery of deliveries) if (delivery.by !== undefined && batch.covers(delivery)) senders.add(delivery.by);
  return senders;
}
