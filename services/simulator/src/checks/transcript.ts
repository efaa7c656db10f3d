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

/** I12: what one session of a client is told: in one order, true of the view that it speaks of, each answer once. */
export class Transcript {
  readonly #order: ReferenceRoster;
  readonly #whileYielding: 'as-told' | 'as-of-now';
  #member = '';
  #epoch = 0;
  #view = 0;
  #seq = 0;
  #rank = 0;
  #isYielding = false;
  /** By id, of the commands whose receipt has not come. */
  readonly #unanswered = new Map<string, Reply[]>();
  /** By seq, of those whose outcome has not come. */
  readonly #open = new Map<number, string>();

  /**
   * `whileYielding`: what a member that was asked to stop knows of its rank when it is given a command. Where servers are in
   * doubt, all members are asked, and their ranks may change before they are told.
   */
  constructor(order: ReferenceRoster, whileYielding: 'as-told' | 'as-of-now' = 'as-told') {
    this.#order = order;
    this.#whileYielding = whileYielding;
  }

  /** Commands whose receipt or outcome has not come. */
  get owed(): number {
    return this.#unanswered.size + this.#open.size;
  }

  commanded(id: string, reply: Reply): void {
    this.#unanswered.set(id, [...(this.#unanswered.get(id) ?? []), reply]);
  }

  took(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        if ('rank' in message) this.#welcomed(message);
        return;
      case 'view':
        if ('rank' in message) this.#viewed(message);
        return;
      case 'yield':
        this.#isYielding = true;
        return;
      case 'command':
        return this.#ordered(message);
      case 'receipt':
        return this.#receipted(message);
      case 'result':
        if (this.#open.get(message.seq) !== message.id)
          throw new Violation('I12', `a result of ${message.seq}, which is not open`);
        return;
      case 'outcome':
        return this.#ended(message);
      default:
    }
  }

  #welcomed(welcome: WelcomeMessage): void {
    const { epoch, view, seq, member, rank } = welcome;
    if (this.#member !== '') throw new Violation('I12', 'a second welcome');
    this.#member = member;
    this.#epoch = epoch;
    this.#view = view;
    this.#seq = seq;
    this.#rank = rank;
    this.#compare(welcome);
  }

  #viewed(message: ViewMessage): void {
    const { epoch, view, rank, was, changes } = message;
    if (epoch !== this.#epoch) throw new Violation('I12', `epoch ${epoch} after ${this.#epoch}`);
    if (changes === 0 ? view < this.#view : view <= this.#view)
      throw new Violation('I12', `view ${view} after ${this.#view}`);
    if (was !== this.#rank)
      throw new Violation('I12', `it had rank ${was}, says a view, and had been told ${this.#rank}`);
    // R-LEAD-2: what lets it act again takes its place here, where it may have been given a command since the last change.
    this.#follow(message.seq, 'view', changes === 0 || message.reset === true);
    this.#view = view;
    this.#rank = rank;
    this.#isYielding = false;
    this.#compare(message);
  }

  #compare({
    epoch,
    view,
    size,
    rank,
    leader,
  }: Pick<ViewMessage, 'epoch' | 'view' | 'size' | 'rank' | 'leader'>): void {
    const order = this.#order.at(epoch, view);
    if (order?.[rank] !== this.#member)
      throw new Violation('I12', `${this.#member} is told rank ${rank} in view ${view} of ${order?.join() ?? 'none'}`);
    if (order.length !== size)
      throw new Violation('I12', `size ${size} is told of view ${view}, which has ${order.length}`);
    if (order[0] !== leader.member)
      throw new Violation('I12', `${leader.member} is told to lead view ${view}, not ${order[0] ?? 'nobody'}`);
  }

  /** R-VIEW-3, R-CMD-2 */
  #ordered({ seq, view, from }: DeliveredCommandMessage): void {
    this.#follow(seq, 'command');
    const order = this.#order.at(this.#epoch, view);
    const ownRank = order?.indexOf(this.#member) ?? -1;
    const isTold = ownRank === this.#rank || (this.#isYielding && this.#whileYielding === 'as-of-now');
    if (!isTold)
      throw new Violation(
        'I12',
        `command ${seq} of view ${view}, where it has rank ${ownRank}, and was told ${this.#rank}`,
      );
    if (from.rank >= ownRank) throw new Violation('I4', `rank ${ownRank} is to execute what rank ${from.rank} orders`);
    if (from.rank >= 0 && order?.[from.rank] !== from.member)
      throw new Violation('I4', `${from.member} has not rank ${from.rank} in view ${view}`);
  }

  #receipted({ id, accepted, seq }: ReceiptMessage): void {
    const [reply, ...others] = this.#unanswered.get(id) ?? [];
    if (reply === undefined) throw new Violation('I12', `a receipt of ${id}, which has one`);
    if (others.length === 0) this.#unanswered.delete(id);
    else this.#unanswered.set(id, others);
    if (!accepted || seq === undefined) return;
    this.#follow(seq, 'receipt');
    if (reply !== 'none') this.#open.set(seq, id);
  }

  #ended({ id, seq }: OutcomeMessage): void {
    if (this.#open.get(seq) !== id) throw new Violation('I12', `an outcome of ${seq}, which is not open`);
    this.#open.delete(seq);
  }

  #follow(seq: number, what: string, mayRepeat = false): void {
    if (mayRepeat ? seq < this.#seq : seq <= this.#seq)
      throw new Violation('I12', `the ${what} of seq ${seq} after ${this.#seq}`);
    this.#seq = seq;
  }
}
