import { type Group, type Member, type SessionId, sessionOf } from '../../core/index.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { Session } from '../session/session.js';
import { type Delivery, SharedBatch } from './shared-batch.js';

/** Past this many borders between ranges, what is under way is handed over before more is added. */
const BORDERS_MAX = 64;

export interface FanOutPorts {
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly flushCycle: {
    addSession(session: Session): void;
    queueBatch(session: Session, batch: SharedBatch): void;
    writeBatch(session: Session, batch: SharedBatch): void;
  };
  readonly flowControl: {
    recordDelivery(recipient: Session, senders: () => Iterable<SessionId>): void;
    endOverfull(session: Session): void;
  };
}

/**
 * The commands of one cycle on their way to the sessions of a group. A frame is kept once, with the range of ranks that it is
 * for. Handed over, ranks with the same frames share one piece of memory, and each session gets it in one write. A frame for
 * one session alone keeps its place among them: see GroupChannel, which decides the order.
 */
export class FanOut {
  readonly #group: Group;
  readonly #ports: FanOutPorts;
  /** By rank. */
  #recipients: (Session | undefined)[] | undefined;
  #pending: Delivery[] = [];
  #borders = new Set<number>();
  #chars = 0;

  constructor(group: Group, ports: FanOutPorts) {
    this.#group = group;
    this.#ports = ports;
  }

  /** How many commands are under way. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** About how many bytes each recipient has coming; a character is one byte, or a few. */
  get pendingChars(): number {
    return this.#chars;
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

  addDelivery(delivery: Delivery): void {
    if (this.#borders.size > BORDERS_MAX) this.queueBatches();
    // The recipients are fixed now: a session that gets the rank later is not one of them.
    this.recipientsByRank();
    const last = this.#pending.at(-1);
    if (last?.from !== delivery.from || last.to !== delivery.to) this.#borders.add(delivery.from).add(delivery.to);
    this.#pending.push(delivery);
    this.#chars += delivery.frame.length;
  }

  /** To be called before a member's rank or session changes: what is under way goes to the sessions of before. */
  prepareRankChange(): void {
    this.queueBatches();
    this.#recipients = undefined;
  }

  /** Hands over everything that is under way; each session writes it with what else the cycle brings. */
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
    // Only when every session has its share: the end of one is sent to others, behind what is under way.
    for (const session of overfull) this.#ports.flowControl.endOverfull(session);
  }

  #handOver(batch: SharedBatch, how: 'queue' | 'write', overfull: Session[], underWay: readonly Delivery[]): void {
    const recipients = this.recipientsByRank();
    const { flushCycle, flowControl } = this.#ports;
    const isEmpty = batch.bytes.length === 0;
    const senders = (): Iterable<SessionId> => sendersOf(underWay, batch);
    for (let rank = batch.from; rank < batch.to; rank += 1) {
      const session = recipients[rank];
      if (session === undefined) continue;
      if (isEmpty) {
        // Without a share, the frames for it alone are to be written all the same.
        session.outbox.addBatch();
        if (session.outbox.hasPending) flushCycle.addSession(session);
        continue;
      }
      if (session.state.phase !== 'closing') {
        if (!session.outbox.hasRoomForBatch(batch)) {
          overfull.push(session);
          continue;
        }
        if (how === 'write') flushCycle.writeBatch(session, batch);
        else flushCycle.queueBatch(session, batch);
      }
      flowControl.recordDelivery(session, senders);
    }
  }
}

function sendersOf(deliveries: readonly Delivery[], batch: SharedBatch): Set<SessionId> {
  const senders = new Set<SessionId>();
  for (const delivery of deliveries) if (delivery.by !== undefined && batch.covers(delivery)) senders.add(delivery.by);
  return senders;
}
