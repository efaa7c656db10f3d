import type { DeliveredCommandMessage, HelloMessage, WaitingMessage, WelcomeMessage } from '@rankd/protocol';
import type { CommandExecutor } from '../commands/command-executor.js';
import type { CommandSender } from '../commands/command-sender.js';
import type { ConnectionListener, SessionMessage } from '../connection/connection.js';
import type { Leadership } from '../leadership/leadership.js';
import type { PartitionAssignments } from '../partitions/partition-assignments.js';
import { RankdError } from '../rankd-error.js';
import type { Greeting, MemberState } from './member-state.js';
import type { Seat } from './seat.js';

/** The parts of a membership that outlive a session. */
export interface MemberParts {
  readonly state: MemberState;
  readonly commands: CommandSender;
  readonly executor: CommandExecutor;
  readonly leadership: Leadership;
  readonly assignments: PartitionAssignments;
}

export interface MemberSessionCallbacks {
  /** The server has admitted the member on this session, which replaces any session before it. */
  readonly onSeated: () => void;
  /** Called once, last, with the reason. */
  readonly onEnd: (error: RankdError) => void;
}

/** One session of a member, from hello to its end: takes what the coordinator says. */
export class MemberSession implements ConnectionListener {
  readonly #parts: MemberParts;
  readonly #greeting: Greeting;
  readonly #hello: HelloMessage;
  readonly #callbacks: MemberSessionCallbacks;

  constructor(parts: MemberParts, greeting: Greeting, hello: HelloMessage, callbacks: MemberSessionCallbacks) {
    this.#parts = parts;
    this.#greeting = greeting;
    this.#hello = hello;
    this.#callbacks = callbacks;
  }

  welcomed(welcome: WelcomeMessage): void {
    const { state, commands, assignments } = this.#parts;
    // What was asked on the session before is answered there, where nobody listens any more.
    if (this.#isSuperseded) commands.abandon(new RankdError('OUTCOME_UNKNOWN', 'REPLACED'));
    state.seated(this.#greeting, welcome);
    const { seat } = state;
    if (seat !== undefined && this.#hello.updates === 'roster') assignments.seated(seat);
    this.#callbacks.onSeated();
  }

  took(message: SessionMessage, arrivedAtMs: number): void {
    const { state, assignments } = this.#parts;
    if (this.#isSuperseded) return;
    if (message.type === 'waiting') {
      state.waits(this.#greeting, message);
    } else if (message.type === 'ping') {
      // Before and after: what a lease that ran out has ended is not begun again by this ping before it is known to be over.
      assignments.look();
      state.pinged(message);
      assignments.look();
    } else if (state.seat !== undefined) {
      this.#tookSeated(state.seat, message, arrivedAtMs);
    }
  }

  ended(error: RankdError): void {
    const { state, commands, assignments } = this.#parts;
    if (!this.#isSuperseded) {
      state.unseat(error);
      assignments.unseated();
      commands.abandon(new RankdError('OUTCOME_UNKNOWN', error.code));
    }
    this.#callbacks.onEnd(error);
  }

  /** Another session has the seat: what comes on this one is of before. */
  get #isSuperseded(): boolean {
    const { seat } = this.#parts.state;
    return seat !== undefined && seat.link !== this.#greeting.link;
  }

  #tookSeated(
    seat: Seat,
    message: Exclude<SessionMessage, WaitingMessage | { readonly type: 'ping' }>,
    arrivedAtMs: number,
  ): void {
    switch (message.type) {
      case 'view':
        this.#parts.state.viewed(seat, message);
        this.#parts.assignments.viewed(message);
        return;
      case 'roster':
        this.#parts.assignments.took(message);
        return;
      case 'error':
        this.#parts.assignments.refused(message);
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
        this.#parts.commands.take(message);
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
    const { executor, state } = this.#parts;
    const suspended = !seat.lease.holds(performance.now());
    const giver = { member, epoch };
    const { seatLost } = state;
    void executor.execute({ command, giver, ownRank: seat.rank, arrivedAtMs, suspended, seatLost });
  }

  /** R-LEAD-2: stops, lets what leads come to its end, then says so, unless it has been told to act again meanwhile. */
  async #yield(seat: Seat): Promise<void> {
    const { state, leadership } = this.#parts;
    const ask = state.yield(seat);
    // Less than the coordinator waits for it.
    await leadership.waitForWork(seat.welcome.heartbeatMs);
    if (state.seat === seat && seat.owesAnswer(ask)) seat.link.send({ type: 'yielded' });
  }
}
