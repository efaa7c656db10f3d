/** One session of a member: distributes the messages of the server. */

import type {
  DeliveredCommandMessage,
  HelloMessage,
  ViewMessage,
  WaitingMessage,
  WelcomeMessage,
} from '@rankd/protocol';
import type { Clock } from '../clock.js';
import type { CommandExecutor } from '../commands/command-executor.js';
import type { CommandSender } from '../commands/command-sender.js';
import type { Connection, ConnectionListener, SessionMessage } from '../connection/connection.js';
import type { Leadership } from '../leadership/leadership.js';
import type { Resignation } from '../leadership/resignation.js';
import type { MemberPartitions } from '../partitions/member-partitions.js';
import { RankdError } from '../rankd-error.js';
import type { ClaimKeeper } from './claim-keeper.js';
import type { MemberState, SentHello } from './member-state.js';
import type { Seat } from './seat.js';

/** The parts of a membership that exist longer than one session. */
export interface MemberParts {
  readonly state: MemberState;
  readonly commands: CommandSender;
  readonly executor: CommandExecutor;
  readonly clock: Clock;
  readonly leadership: Leadership;
  readonly resignation: Resignation;
  readonly claims: ClaimKeeper;
  readonly assignments: MemberPartitions;
}

/** The notifications of a session to its membership. */
export interface MemberSessionCallbacks {
  /** Called when the server has admitted the member on this session. An earlier session is replaced. */
  readonly onSeated: () => void;
  /** Called once, as the last call, with the reason for the end. */
  readonly onEnd: (error: RankdError) => void;
}

/** When a message has arrived, by the monotonic clock, and its frame as the server wrote it. */
interface Arrival {
  readonly arrivedAtMs: number;
  readonly frame: string;
}

/** One session of a member, from the hello to its end. Passes each message of the server to the part that handles it. */
export class MemberSession implements ConnectionListener {
  readonly #parts: MemberParts;
  readonly #sentHello: SentHello & { readonly connection: Connection };
  readonly #hello: HelloMessage;
  readonly #callbacks: MemberSessionCallbacks;

  constructor(
    parts: MemberParts,
    sentHello: SentHello & { readonly connection: Connection },
    hello: HelloMessage,
    callbacks: MemberSessionCallbacks,
  ) {
    this.#parts = parts;
    this.#sentHello = sentHello;
    this.#hello = hello;
    this.#callbacks = callbacks;
  }

  handleWelcome(welcome: WelcomeMessage): void {
    const { state, commands, assignments, claims, resignation } = this.#parts;
    claims.holdFrames(this.#sentHello.connection);
    // The outcomes of the earlier session's commands would arrive on the earlier connection, which is no longer read.
    if (this.#isSuperseded) {
      commands.rejectAll('REPLACED');
      resignation.handleSessionEnd('REPLACED');
    }
    const rosterCalls = state.seat?.rosterQueries.removeCalls() ?? [];
    state.handleWelcome(this.#sentHello, welcome, () => {
      this.#callbacks.onSeated();
      const { seat } = state;
      if (seat?.welcome === welcome) claims.keepClaim(welcome);
      else claims.sendHeldFrames();
      for (const call of rosterCalls) seat?.rosterQueries.ask(call);
      if (seat?.welcome === welcome) assignments.recordWelcome(welcome);
      if (seat !== undefined && this.#hello.updates === 'roster') assignments.seated(seat);
    });
  }

  handleMessage(message: SessionMessage, arrivedAtMs: number, frame: string): void {
    const { state, assignments } = this.#parts;
    if (this.#isSuperseded) return;
    if (message.type === 'waiting') {
      state.handleWaiting(this.#sentHello, message);
    } else if (message.type === 'ping') {
      // Run it before the ping is handled: if the lease has expired, the member must lose its partitions before the ping renews the lease.
      assignments.runDueActions();
      state.handlePing(message);
      assignments.runDueActions();
    } else if (state.seat !== undefined) {
      this.#handleSeatedMessage(state.seat, message, { arrivedAtMs, frame });
    }
  }

  /** R-LEAD-1: the connection stays open until the work of the leader has ended, at most until the lease ends. */
  untilStopped(): Promise<void> | undefined {
    const { state, leadership } = this.#parts;
    if (this.#isSuperseded || state.seat === undefined || !leadership.isWorking) return undefined;
    return leadership.waitForWork(state.seat.leaseEndsAtMs);
  }

  handleEnd(error: RankdError): void {
    const { state, commands, assignments, resignation, claims } = this.#parts;
    if (!this.#isSuperseded) {
      claims.sendHeldFrames();
      const rosterCalls = state.seat?.rosterQueries.removeCalls() ?? [];
      state.handleSessionEnd(error);
      commands.rejectAll(error.code);
      resignation.handleSessionEnd(error.code);
      assignments.handleSessionEnd();
      for (const { reject } of rosterCalls) reject(new RankdError('NOT_CONNECTED', error.code));
    }
    this.#callbacks.onEnd(error);
  }

  /** Whether another session has the seat. Messages on this session are then outdated. */
  get #isSuperseded(): boolean {
    const { seat } = this.#parts.state;
    return seat !== undefined && seat.connection !== this.#sentHello.connection;
  }

  #handleSeatedMessage(
    seat: Seat,
    message: Exclude<SessionMessage, WaitingMessage | { readonly type: 'ping' }>,
    arrival: Arrival,
  ): void {
    switch (message.type) {
      case 'view':
        if (message.reset === true) seat.rosterQueries.recordReset();
        this.#handleView(seat, message);
        return;
      case 'roster':
        this.#parts.assignments.handleRoster(message);
        seat.rosterQueries.handleRoster(message);
        return;
      case 'error':
        if (this.#parts.resignation.handleError(message) || seat.rosterQueries.handleError(message)) return;
        this.#parts.assignments.handleError(message);
        return;
      case 'yield':
        void this.#answerYield(seat);
        return;
      case 'command':
        this.#executeCommand(seat, message, arrival);
        return;
      case 'receipt':
      case 'result':
      case 'outcome':
        this.#parts.commands.handleMessage(message);
        return;
      case 'pong':
      case 'history':
        return;
      default:
        // A later protocol may have more messages. This library ignores them.
        message satisfies never;
    }
  }

  #handleView(seat: Seat, view: ViewMessage): void {
    const { state, assignments, resignation } = this.#parts;
    const applied = state.handleView(seat, view, () => assignments.handleView(view));
    if (applied === 'resigned') resignation.recordAnswer();
  }

  #executeCommand(seat: Seat, command: DeliveredCommandMessage, { arrivedAtMs, frame }: Arrival): void {
    const { member, epoch } = seat.welcome;
    const { executor, state, clock } = this.#parts;
    const suspended = !seat.lease.isValid(clock.nowMs());
    const recipient = { member, epoch };
    const { seatLost } = state;
    void executor.execute({ command, frame, recipient, ownRank: seat.rank, arrivedAtMs, suspended, seatLost });
  }

  /**
   * R-LEAD-2: suspends the member, waits for its leader work, then answers `yielded`. Does not answer if a view has ended the
   * yield before. The wait has no limit of its own: without an answer the server continues when the member's lease has ended.
   */
  async #answerYield(seat: Seat): Promise<void> {
    const { state, leadership } = this.#parts;
    const request = state.startYield(seat);
    await leadership.waitForWork();
    if (state.seat === seat && seat.owesYielded(request)) seat.connection.send({ type: 'yielded' });
  }
}
