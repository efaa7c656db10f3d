import { SharedBatch, type Delivery } from './shared-batch.js';
import type { Session } from '../session/session.js';

/** Past this many borders between ranges, what is under way is handed over before more is taken. */
const BORDERS_MAX = 64;

export interface FanOutPorts {
  /** The sessions of a group by rank, as they are now; none where a member has no session here. */
  readonly sessionsByRank: () => (Session | undefined)[];
  /** Called for every session that has got its share. */
  readonly delivered: (session: Session, senders: () => Iterable<string>) => void;
}

/**
 * The commands of one turn on their way to the sessions of a group. A frame is kept once, with the range of ranks that it is
 * for; handed over, ranks to whom the same frames go share one piece of memory, and each gets it in one write. What a
 * session alone is sent meanwhile keeps its place among them (R-VIEW-3).
 */
export class FanOut {
  readonly #ports: FanOutPorts;
  #sessions: (Session | undefined)[] | undefined;
  #underWay: Delivery[] = [];
  #borders = new Set<number>();
  #chars = 0;

  constructor(ports: FanOutPorts) {
    this.#ports = ports;
  }

  /** How many are under way. */
  get count(): number {
    return this.#underWay.length;
  }

  /** About how many bytes each recipient has coming; each character is one, or a few. */
  get chars(): number {
    return this.#chars;
  }

  /** The sessions by rank. */
  get sessions(): readonly (Session | undefined)[] {
    this.#sessions ??= this.#ports.sessionsByRank();
    return this.#sessions;
  }

  add(delivery: Delivery): void {
    if (this.#borders.size > BORDERS_MAX) this.settle();
    // Whom it is for is settled now, whoever has that rank later.
    this.#sessions ??= this.#ports.sessionsByRank();
    const last = this.#underWay.at(-1);
    if (last?.from !== delivery.from || last.to !== delivery.to) this.#borders.add(delivery.from).add(delivery.to);
    this.#underWay.push(delivery);
    this.#chars += delivery.frame.length;
  }

  /** Who has which rank, or through which session, is about to be another. */
  ranksChange(): void {
    this.settle();
    this.#sessions = undefined;
  }

  /** Hands over all that is under way; each writes it with what else its turn brings. */
  settle(): void {
    this.#handOverAll('with-the-turn');
  }

  /** The same, and it is written: nothing more comes. */
  send(): void {
    this.#handOverAll('at-once');
  }

  #handOverAll(when: 'with-the-turn' | 'at-once'): void {
    const underWay = this.#underWay;
    if (underWay.length === 0) return;
    const borders = [0, ...[...this.#borders].sort((a, b) => a - b), this.sessions.length];
    const overfull: Session[] = [];
    this.#underWay = [];
    this.#borders = new Set();
    this.#chars = 0;
    for (const [index, to] of borders.entries()) {
      const from = borders[index - 1] ?? 0;
      if (from < to) this.#handOver(new SharedBatch(underWay, from, to), when, overfull, underWay);
    }
    // Only now that everybody has its share: an end is told to others, and comes after what is under way.
    for (const session of overfull) session.endOverfull();
  }

  #handOver(
    band: SharedBatch,
    when: 'with-the-turn' | 'at-once',
    overfull: Session[],
    underWay: readonly Delivery[],
  ): void {
    const { sessions } = this;
    const isEmpty = band.bytes.length === 0;
    const senders = (): Iterable<string> => sendersOf(underWay, band);
    for (let rank = band.from; rank < band.to; rank += 1) {
      const session = sessions[rank];
      if (session === undefined) continue;
      if (isEmpty) session.deliverNothing();
      else if (session.deliver(band, when) === 'delivered') this.#ports.delivered(session, senders);
      else overfull.push(session);
    }
  }
}

function sendersOf(deliveries: readonly Delivery[], band: SharedBatch): Set<string> {
  const senders = new Set<string>();
  for (const delivery of deliveries) if (delivery.by !== undefined && band.covers(delivery)) senders.add(delivery.by);
  return senders;
}
