/** Connects the parts of a membership. */

import { EventEmitter } from 'node:events';
import type { HelloMessage } from '@rankd/protocol';
import { reportAbortErrors } from './callbacks/abort-listeners.js';
import { ApplicationCallbacks } from './callbacks/application-callbacks.js';
import { reportDialErrors } from './callbacks/dial-callbacks.js';
import type { ClientEnvironment } from './client-environment.js';
import { CommandExecutor, type Handler } from './commands/command-executor.js';
import { CommandSender } from './commands/command-sender.js';
import type { AnyCommands, CommandsOf } from './commands/declared-commands.js';
import type { Connection } from './connection/connection.js';
import { type DialTargets, Reconnector } from './connection/reconnector.js';
import type { MembershipEvents } from './events.js';
import { Leadership, type LeadershipPorts, type Work } from './leadership/leadership.js';
import { Resignation } from './leadership/resignation.js';
import { type Logger, silentLogger } from './logger.js';
import { Membership } from './membership.js';
import type { Roster } from './observer/pending-queries.js';
import { MemberPartitions } from './partitions/member-partitions.js';
import type { PartitionHandlers, PartitionOptions, Partitions } from './partitions/partition-types.js';
import { RankdError } from './rankd-error.js';
import { ClaimKeeper, type KeepClaim } from './session/claim-keeper.js';
import { EventNotifier, type EventSink, type ViewInterest } from './session/event-notifier.js';
import { MemberSession } from './session/member-session.js';
import { type Ending, MemberState } from './session/member-state.js';
import type { SeatClaim } from './session/seat.js';

/** The settings of one membership. */
export interface MembershipSettings {
  readonly hello: HelloMessage;
  readonly targets: DialTargets;
  /** Which changes `rank` events report. */
  readonly interest: ViewInterest;
  readonly logger: Logger | undefined;
  /** The claim to the seat of an earlier process. */
  readonly resume: SeatClaim | undefined;
  readonly keepClaim: KeepClaim | undefined;
}

/** The fields of a claim that a hello has (R-JOIN-1). */
function claimInHello({ member, secret, epoch }: SeatClaim): NonNullable<HelloMessage['resume']> {
  return { member, secret, ...(epoch === undefined ? {} : { epoch }) };
}

/**
 * The parts of one membership: the state of the member, its reconnector, its commands, its leadership and its partitions.
 * `Membership` is the public facade of this class.
 */
export class MembershipCore<C extends CommandsOf<C> = AnyCommands> {
  /** The public facade. It emits every event of this membership. */
  readonly membership: Membership<C>;
  readonly callbacks: ApplicationCallbacks;
  /** The logger of the application. An error of it does not reach the library. */
  readonly logger: Logger;
  /** The state of this member for code that waits for a change of it. */
  readonly changes: LeadershipPorts;
  readonly state: MemberState;
  readonly commands: CommandSender;
  readonly executor: CommandExecutor;
  readonly leadership: Leadership;
  readonly resignation: Resignation;
  readonly #claims: ClaimKeeper;
  readonly #assignments: MemberPartitions;
  readonly #reconnector: Reconnector;
  readonly #environment: ClientEnvironment;
  /** The library's own listeners. They run before those of the application, which cannot remove them. */
  readonly #internalListeners = new EventEmitter<MembershipEvents>().setMaxListeners(0);

  constructor(settings: MembershipSettings, environment: ClientEnvironment) {
    const { hello, targets, interest, logger } = settings;
    const { clock } = environment;
    this.#environment = environment;
    this.membership = new Membership<C>(this);
    this.callbacks = new ApplicationCallbacks(this.membership);
    this.logger = logger === undefined ? silentLogger : this.callbacks.isolateLogger(logger);
    const events: EventSink = { emit: (event, ...payload) => this.#emit(event, ...payload) };
    this.state = new MemberState(new EventNotifier(events, interest), clock, settings.resume);
    this.changes = this.#createChanges();
    this.commands = new CommandSender(() => this.state.seat);
    this.executor = new CommandExecutor({
      sendResult: result => this.state.sendResult(result),
      emitExecuted: execution => events.emit('executed', execution),
      clock,
      frameBytesMax: () => this.state.seat?.welcome.frameBytesMax ?? Number.POSITIVE_INFINITY,
    });
    this.leadership = new Leadership(this.changes, clock);
    this.resignation = new Resignation({
      state: this.state,
      waitForWork: async seat => this.leadership.waitForWork(seat.leaseEndsAtMs),
    });
    this.#claims = new ClaimKeeper(settings.keepClaim, this.callbacks, clock);
    this.#assignments = new MemberPartitions(environment, this.logger, {
      reportError: (handler, error) => {
        // A logger has already received the error. Without a logger, report the error here.
        if (logger === undefined) this.callbacks.report(handler, error);
        else this.callbacks.notify(handler, error);
      },
      reportAbortErrors: signal => reportAbortErrors(signal, this.callbacks),
    });
    this.#reconnector = new Reconnector(
      {
        emitConnecting: event => events.emit('connecting', event),
        emitDisconnected: event => events.emit('disconnected', event),
        openSession: (connection, onSeated) => this.#openSession(hello, connection, onSeated),
        close: error => this.#close(error),
      },
      reportDialErrors(targets, this.callbacks),
      environment,
    );
  }

  /**
   * Starts to connect. Resolves with the first seat.
   * @param withinMs how long to try for the first seat, ms
   * @throws RankdError the code of the server; CONNECT_FAILED after `withinMs`; ABORTED if the membership closes first
   */
  async start(withinMs: number): Promise<void> {
    const firstSeat = new Promise<void>((resolve, reject) => {
      this.#internalListeners.on('joined', () => {
        this.#reconnector.recordSeat();
        resolve();
      });
      this.#internalListeners.once('closed', ({ error }) => reject(error ?? new RankdError('ABORTED')));
    });
    const stopWaiting = this.#reconnector.start(withinMs);
    return firstSeat.finally(stopWaiting);
  }

  /** Sets the handler of a command. Returns a function that removes it. */
  setHandler(name: string, handler: Handler): () => void {
    return this.executor.setHandler(name, this.#isolateSignal(handler));
  }

  /** Sets the handler of all other commands. Returns a function that removes it. */
  setOtherHandler(handler: Handler): () => void {
    return this.executor.setOtherHandler(this.#isolateSignal(handler));
  }

  /**
   * Runs `work` each time this member leads. Resolves when the membership is closed.
   * @throws the error of `work`, if it throws while the member leads; RankdError ABORTED
   */
  async lead(work: Work, signal: AbortSignal | undefined): Promise<void> {
    const isolated: Work = (leading, fence) => {
      reportAbortErrors(leading, this.callbacks);
      return work(leading, fence);
    };
    await this.leadership.lead(isolated, signal);
  }

  /**
   * Divides `count` partitions among the members of the group. Replaces the session if the server does not send every change of
   * the roster on it.
   * @throws RankdError BAD_ARGUMENT; NOT_CONNECTED after `leave`
   */
  addPartitions(count: number, handlers: PartitionHandlers, options: PartitionOptions): Partitions {
    if (this.state.isOver) throw new RankdError('NOT_CONNECTED');
    const partitions = this.#assignments.add(count, handlers, options);
    if (this.state.seat !== undefined && !this.#assignments.receivesRoster) this.#reconnector.replaceSession();
    return partitions;
  }

  /**
   * Asks the server for the roster (R-ASK-1).
   * @throws RankdError as `Membership.roster`
   */
  async queryRoster(): Promise<Roster> {
    const { seat } = this.state;
    if (seat === undefined) throw new RankdError('NOT_CONNECTED');
    return new Promise((resolve, reject) => {
      seat.rosterQueries.ask({ resolve, reject });
    });
  }

  /**
   * Suspends the member, waits for its leader work and its partitions, sends `leave` unless the ending is `close`, and closes the
   * membership. Waits for the work at most until the lease ends: then the work must have stopped.
   */
  async end(ending: Ending): Promise<void> {
    this.state.suspendForGood(ending);
    const { seat } = this.state;
    const partitionsReleased = this.#assignments.releaseAll();
    if (seat !== undefined) await this.leadership.waitForWork(seat.leaseEndsAtMs);
    await partitionsReleased;
    this.#claims.sendHeldFrames();
    await this.#reconnector.stop(ending);
    this.#close(undefined);
  }

  /** Sends the hello on a new connection. Resolves when that session has ended, with the reason. */
  async #openSession(hello: HelloMessage, connection: Connection, onSeated: () => void): Promise<RankdError> {
    const { clock } = this.#environment;
    const { claim } = this.state;
    const helloMessage: HelloMessage = {
      ...hello,
      ...(claim === undefined ? {} : { resume: claimInHello(claim) }),
      ...(this.#assignments.isInUse ? { updates: 'roster' } : {}),
    };
    const parts = {
      state: this.state,
      commands: this.commands,
      executor: this.executor,
      clock,
      leadership: this.leadership,
      resignation: this.resignation,
      claims: this.#claims,
      assignments: this.#assignments,
    };
    const sentHello = { connection, helloSentAtMs: clock.nowMs() };
    return new Promise(onEnd => {
      connection.sendHello(helloMessage, new MemberSession(parts, sentHello, helloMessage, { onSeated, onEnd }));
    });
  }

  /** Returns a handler whose listeners of `signal` may throw: the error is reported, and ends nothing. */
  #isolateSignal(handler: Handler): Handler {
    return (args, context) => {
      reportAbortErrors(context.signal, this.callbacks);
      return handler(args, context);
    };
  }

  /** Closes the membership. Does nothing if it is closed. */
  #close(error: RankdError | undefined): void {
    if (this.state.isClosed) return;
    this.state.close();
    this.commands.rejectAll();
    this.#emit('closed', { error });
  }

  /** Calls the library's own listeners, then those of the application. */
  #emit<E extends keyof MembershipEvents>(event: E, ...payload: MembershipEvents[E]): void {
    (this.#internalListeners as EventEmitter).emit(event, ...payload);
    this.callbacks.emit(event, payload[0]);
  }

  #createChanges(): LeadershipPorts {
    const { state } = this;
    const listeners = this.#internalListeners;
    return {
      get fence() {
        return state.acting?.fence;
      },
      get isClosed() {
        return state.isClosed;
      },
      on: (change, listener) => listeners.on(change, listener),
      off: (change, listener) => listeners.off(change, listener),
    };
  }
}
