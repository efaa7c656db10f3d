import type { DeliveredCommandMessage, WaitingMessage, WelcomeMessage } from '@rankd/protocol';
import type { Executor } from './executor.js';
import type { Leadership } from './leadership.js';
import type { LinkListener, SessionMessage } from './link.js';
import type { Orders } from './orders.js';
import { RankdError } from './rankd-error.js';
import type { Seat } from './seat.js';
import type { Greeting, Standing } from './standing.js';

/** What a member is, over all its sessions. */
export interface MemberParts {
  readonly standing: Standing;
  readonly orders: Orders;
  readonly executor: Executor;
  readonly leadership: Leadership;
}

/** One session of a member, from hello to its end: takes what the coordinator says. */
export class Sitting implements LinkListener {
  readonly #parts: MemberParts;
  readonly #greeting: Greeting;
  readonly #over: (error: RankdError) => void;

  /** `over`: called once, last, with why. */
  constructor(parts: MemberParts, greeting: Greeting, over: (error: RankdError) => void) {
    this.#parts = parts;
    this.#greeting = greeting;
    this.#over = over;
  }

  welcomed(welcome: WelcomeMessage): void {
    this.#parts.standing.seated(this.#greeting, welcome);
  }

  took(message: SessionMessage, arrivedAtMs: number): void {
    const { standing } = this.#parts;
    if (message.type === 'waiting') {
      standing.waits(this.#greeting, message);
    } else if (message.type === 'ping') {
      standing.pinged(message);
    } else if (standing.seat !== undefined) {
      this.#tookSeated(standing.seat, message, arrivedAtMs);
    }
  }

  ended(error: RankdError): void {
    const { standing, orders } = this.#parts;
    standing.unseat(error);
    orders.abandon(new RankdError('OUTCOME_UNKNOWN', error.code));
    this.#over(error);
  }

  #tookSeated(
    seat: Seat,
    message: Exclude<SessionMessage, WaitingMessage | { readonly type: 'ping' }>,
    arrivedAtMs: number,
  ): void {
    switch (message.type) {
      case 'view':
        this.#parts.standing.viewed(seat, message);
        return;
      case 'yield':
        void this.#yield(seat);
        return;
      case 'command':
        this.#execute(seat, message, arrivedAtMs);
        return;
      case 'receipt':
      case 'result':
      case 'outcome':
        this.#parts.orders.take(message);
        return;
      case 'pong':
      case 'roster':
      case 'history':
      case 'error':
        return;
      default:
        // A message of a later protocol is not for this library.
        message satisfies never;
    }
  }

  #execute(seat: Seat, command: DeliveredCommandMessage, arrivedAtMs: number): void {
    const { member, epoch } = seat.welcome;
    const { executor, standing } = this.#parts;
    const suspended = !seat.lease.holds(performance.now());
    const giver = { member, epoch };
    const { seatLost } = standing;
    void executor.execute({ command, giver, ownRank: seat.rank, arrivedAtMs, suspended, seatLost });
  }

  /** R-LEAD-2: stops, lets what leads come to its end, then says so, unless it has been told to act again meanwhile. */
  async #yield(seat: Seat): Promise<void> {
    const { standing, leadership } = this.#parts;
    const ask = standing.yield(seat);
    // Less than the coordinator waits for it.
    await leadership.ended(seat.welcome.heartbeatMs);
    if (standing.seat === seat && seat.owesAnswer(ask)) seat.link.send({ type: 'yielded' });
  }
}
