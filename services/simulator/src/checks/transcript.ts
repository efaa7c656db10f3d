/** Checks the messages of one session. */

import type {
  DeliveredCommandMessage,
  OutcomeMessage,
  ReceiptMessage,
  ServerMessage,
  ViewMessage,
  WelcomeMessage,
} from '@rankd/protocol';
import { Violation } from '../violation.js';
import type { ReferenceRoster } from './reference-roster.js';

type Reply = 'outcome' | 'each' | 'none';

/** Checks the messages that one session of a client receives (I12): their order, their view, and that each answer arrives once. */
export class Transcript {
  readonly #roster: ReferenceRoster;
  readonly #updates: 'rank' | 'size' | 'roster';
  #member = '';
  #epoch = 0;
  #view = 0;
  #seq = 0;
  #rank = 0;
  #size = 0;
  #isYielding = false;
  /** The reply modes of commands without a receipt, by id. */
  readonly #unanswered = new Map<string, Reply[]>();
  /** The ids of commands without an outcome, by seq. */
  readonly #open = new Map<number, string>();

  /**
   * @param updates which changes the member receives views for (R-JOIN-1)
   */
  constructor(order: ReferenceRoster, updates: 'rank' | 'size' | 'roster') {
    this.#roster = order;
    this.#updates = updates;
  }

  /** The number of commands without a receipt or an outcome. */
  get unansweredCount(): number {
    return this.#unanswered.size + this.#open.size;
  }

  /** Records that the client sends a command. */
  recordCommand(id: string, reply: Reply): void {
    this.#unanswered.set(id, [...(this.#unanswered.get(id) ?? []), reply]);
  }

  /**
   * Checks a message that the client has received.
   * @throws Violation I4 or I12
   */
  checkMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        if ('rank' in message) this.#checkWelcome(message);
        return;
      case 'view':
        if ('rank' in message) this.#checkView(message);
        return;
      case 'yield':
        this.#isYielding = true;
        return;
      case 'command':
        return this.#checkCommand(message);
      case 'receipt':
        return this.#checkReceipt(message);
      case 'result':
        if (this.#open.get(message.seq) !== message.id)
          throw new Violation('I12', `a result of ${message.seq}, which is not open`);
        return;
      case 'outcome':
        return this.#checkOutcome(message);
      default:
    }
  }

  #checkWelcome(welcome: WelcomeMessage): void {
    const { epoch, view, seq, member, rank } = welcome;
    if (this.#member !== '') throw new Violation('I12', 'a second welcome');
    this.#member = member;
    this.#epoch = epoch;
    this.#view = view;
    this.#seq = seq;
    this.#rank = rank;
    this.#compareView(welcome);
  }

  #checkView(message: ViewMessage): void {
    const { epoch, view, rank, was, changes } = message;
    if (epoch !== this.#epoch) throw new Violation('I12', `epoch ${epoch} after ${this.#epoch}`);
    if (changes === 0 ? view < this.#view : view <= this.#view)
      throw new Violation('I12', `view ${view} after ${this.#view}`);
    if (was !== this.#rank)
      throw new Violation('I12', `a view has the earlier rank ${was}, but the member had received rank ${this.#rank}`);
    // R-LEAD-2: a view that only permits a member to act again has the seq of the last change. The member may have received a command with
    // a larger seq since.
    this.#requireLaterSeq(message.seq, 'view', changes === 0 || message.reset === true);
    this.#view = view;
    this.#rank = rank;
    this.#isYielding = false;
    this.#compareView(message);
  }

  #compareView({
    epoch,
    view,
    size,
    rank,
    leader,
  }: Pick<ViewMessage, 'epoch' | 'view' | 'size' | 'rank' | 'leader'>): void {
    const order = this.#roster.membersAt(epoch, view);
    if (order?.[rank] !== this.#member)
      throw new Violation('I12', `${this.#member} received rank ${rank} in view ${view} of ${order?.join() ?? 'none'}`);
    if (order.length !== size)
      throw new Violation('I12', `view ${view} was sent with size ${size} and has ${order.length} members`);
    if (order[0] !== leader.member)
      throw new Violation(
        'I12',
        `view ${view} was sent with the leader ${leader.member}, not ${order[0] ?? 'no member'}`,
      );
    this.#size = size;
  }

  /**
   * Checks that a member that asked for the size has received the size of a view before a frame of that view (R-JOIN-1). A leader that has
   * stopped for a handover receives no view until the decision, because a view would permit it to act (R-LEAD-2).
   */
  #requireSize(view: number, what: string): void {
    if (this.#updates === 'rank' || (this.#isYielding && this.#rank === 0)) return;
    const size = this.#roster.membersAt(this.#epoch, view)?.length;
    if (size !== undefined && size !== this.#size)
      throw new Violation('I12', `a ${what} of view ${view} with ${size} members after the size ${this.#size}`);
  }

  /** Checks that a command arrives after the view that it belongs to and from a smaller rank (R-VIEW-3, R-CMD-2). */
  #checkCommand({ seq, view, from }: DeliveredCommandMessage): void {
    this.#requireLaterSeq(seq, 'command');
    this.#requireSize(view, 'command');
    const order = this.#roster.membersAt(this.#epoch, view);
    const ownRank = order?.indexOf(this.#member) ?? -1;
    if (ownRank !== this.#rank)
      throw new Violation(
        'I12',
        `command ${seq} of view ${view}, where the member has rank ${ownRank}, and had received ${this.#rank}`,
      );
    if (from.rank >= ownRank) throw new Violation('I4', `rank ${ownRank} received a command from rank ${from.rank}`);
    if (from.rank >= 0 && order?.[from.rank] !== from.member)
      throw new Violation('I4', `${from.member} does not have rank ${from.rank} in view ${view}`);
  }

  #checkReceipt({ id, accepted, seq, view = 0 }: ReceiptMessage): void {
    const [reply, ...others] = this.#unanswered.get(id) ?? [];
    if (reply === undefined) throw new Violation('I12', `a second receipt of ${id}`);
    if (others.length === 0) this.#unanswered.delete(id);
    else this.#unanswered.set(id, others);
    if (!accepted || seq === undefined) return;
    this.#requireLaterSeq(seq, 'receipt');
    this.#requireSize(view, 'receipt');
    if (reply !== 'none') this.#open.set(seq, id);
  }

  #checkOutcome({ id, seq }: OutcomeMessage): void {
    if (this.#open.get(seq) !== id) throw new Violation('I12', `an outcome of ${seq}, which is not open`);
    this.#open.delete(seq);
  }

  #requireLaterSeq(seq: number, what: string, mayRepeat = false): void {
    if (mayRepeat ? seq < this.#seq : seq <= this.#seq)
      throw new Violation('I12', `the ${what} of seq ${seq} after ${this.#seq}`);
    this.#seq = seq;
  }
}
