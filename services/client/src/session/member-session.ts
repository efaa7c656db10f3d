import type { DeliveredCommandMessage, HelloMessage, WaitingMessage, WelcomeMessage } from '@rankd/protocol';
import type { CommandExecutor } from '../commands/command-executor.js';
import type { Leadership } from '../leadership/leadership.js';
import type { ConnectionListener, SessionMessage } from '../connection/connection.js';
import type { CommandSender } from '../commands/command-sender.js';
import type { PartitionAssignments } from '../partitions/partition-assignments.js';
import { RankdError } from '../rankd-error.js';
import type { Seat } from './seat.js';
import type { Greeting, MemberState } from './member-state.js';

/** What a member is, over all its sessions. */
export interface MemberParts {
  readonly standing: MemberState;
  readonly orders: CommandSender;
  readonly executor: CommandExecutor;
  readonly leadership: Leadership;
  readonly partitioning: PartitionAssignments;
}

/** What a sitting tells whoever began it. */
export interface MemberSessionEnds {
  /** It has the seat: its own session is the member's from now on, whatever session was before. */
  readonly seated: () => void;
  /** Called once, last, with why. */
  readonly over: (error: RankdError) => void;
}

/** One session of a member, from hello to its end: takes what the coordinator says. */
export class MemberSession implements ConnectionListener {
  readonly #parts: MemberParts;
  readonly #greeting: Greeting;
  readonly #hello: HelloMessage;
  readonly #ends: MemberSessionEnds;

  constructor(parts: MemberParts, greeting: Greeting, hello: HelloMessage, ends: MemberSessionEnds) {
    this.#parts = parts;
    this.#greeting = greeting;
    this.#hello = hello;
    this.#ends = ends;
  }

  welcomed(welcome: WelcomeMessage): void {
    const { standing, orders, partitioning } = this.#parts;
    // What was asked on the session before is answered there, where nobody listens any more.
    if (this.#isSuperseded) orders.abandon(new RankdError('OUTCOME_UNKNOWN', 'REPLACED'));
    standing.seated(this.#greeting, welcome);
    const { seat } = standing;
    if (seat !== undefined && this.#hello.updates === 'roster') partitioning.seated(seat);
    this.#ends.seated();
  }

  took(message: SessionMessage, arrivedAtMs: number): void {
    const { standing, partitioning } = this.#parts;
    if (this.#isSuperseded) return;
    if (message.type === 'waiting') {
      standing.waits(this.#greeting, message);
    } else if (message.type === 'ping') {
      // Before and after: what a lease that ran out has ended is not begun again by this ping before it is known to be over.
      partitioning.look();
      standing.pinged(message);
      partitioning.look();
    } else if (standing.seat !== undefined) {
      this.#tookSeated(standing.seat, message, arrivedAtMs);
    }
  }

  ended(error: RankdError): void {
    const { standing, orders, partitioning } = this.#parts;
    if (!this.#isSuperseded) {
      standing.unseat(error);
      partitioning.unseated();
      orders.abandon(new RankdError('OUTCOME_UNKNOWN', error.code));
    }
    this.#ends.over(error);
  }

  /** Another session has the seat: what comes on this one is of before. */
  get #isSuperseded(): boolean {
    const { seat } = this.#parts.standing;
    return seat !== undefined && seat.link !== this.#greeting.link;
  }

  #tookSeated(
    seat: Seat,
    message: Exclude<SessionMessage, WaitingMessage | { readonly type: 'ping' }>,
    arrivedAtMs: number,
  ): void {
    switch (message.type) {
      case 'view':
        this.#parts.standing.viewed(seat, message);
        this.#parts.partitioning.viewed(message);
        return;
      case 'roster':
        this.#parts.partitioning.took(message);
        return;
      case 'error':
        this.#parts.partitioning.refused(message);
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
      case 'history':
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
