/** Connects the parts of a membership. */

import type { HelloMessage } from '@rankd/protocol';
import type { ClientEnvironment } from './client-environment.js';
import { CommandExecutor } from './commands/command-executor.js';
import { CommandSender } from './commands/command-sender.js';
import type { AnyCommands, CommandsOf } from './commands/declared-commands.js';
import type { Connection } from './connection/connection.js';
import { type DialTargets, Reconnector } from './connection/reconnector.js';
import { Leadership } from './leadership/leadership.js';
import type { Logger } from './logger.js';
import { Membership } from './membership.js';
import { MemberPartitions } from './partitions/member-partitions.js';
import type { PartitionHandlers, PartitionOptions, Partitions } from './partitions/partition-types.js';
import { RankdError } from './rankd-error.js';
import { EventNotifier, type ViewInterest } from './session/event-notifier.js';
import { MemberSession } from './session/member-session.js';
import { MemberState } from './session/member-state.js';

/** The settings of one membership. */
export interface MembershipSettings {
  readonly hello: HelloMessage;
  readonly targets: DialTargets;
  /** Which changes `rank` events report. */
  readonly interest: ViewInterest;
  readonly logger: Logger;
}

/**
 * The parts of one membership: the state of the member, its reconnector, its commands, its leadership and its partitions.
 * `Membership` is the public facade of this class.
 */
export class MembershipCore<C extends CommandsOf<C> = AnyCommands> {
  /** The public facade. It emits every event of this membership. */
  readonly membership: Membership<C>;
  readonly state: MemberState;
  readonly commands: CommandSender;
  readonly executor: CommandExecutor;
  readonly leadership: Leadership;
  readonly #assignments: MemberPartitions;
  readonly #reconnector: Reconnector;
  readonly #environment: ClientEnvironment;

  constructor({ hello, targets, interest, logger }: MembershipSettings, environment: ClientEnvironment) {
    const { clock } = environment;
    this.#environment = environment;
    this.membership = new Membership<C>(this);
    this.state = new MemberState(new EventNotifier(this.membership, interest), clock);
    this.commands = new CommandSender(() => this.state.seat);
    this.executor = new CommandExecutor({
      sendResult: result => this.state.sendResult(result),
      emitExecuted: execution => this.membership.emit('executed', execution),
      clock,
      frameBytesMax: () => this.state.seat?.welcome.frameBytesMax ?? Number.POSITIVE_INFINITY,
    });
    this.leadership = new Leadership(this.membership, clock);
    this.#assignments = new MemberPartitions(environment, logger);
    this.#reconnector = new Reconnector(
      {
        emitConnecting: event => this.membership.emit('connecting', event),
        emitDisconnected: event => this.membership.emit('disconnected', event),
        openSession: (connection, onSeated) => this.#openSession(hello, connection, onSeated),
        close: error => this.#close(error),
      },
      targets,
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
      this.membership.on('joined', () => {
        this.#reconnector.recordSeat();
        resolve();
      });
      this.membership.once('closed', ({ error }) => reject(error ?? new RankdError('ABORTED')));
    });
    const stopWaiting = this.#reconnector.start(withinMs);
    return firstSeat.finally(stopWaiting);
  }

  /**
   * Divides `count` partitions among the members of the group. Replaces the session if the server does not send every change of
   * the roster on it.
   * @throws RankdError BAD_ARGUMENT
   */
  addPartitions(count: number, handlers: PartitionHandlers, options: PartitionOptions): Partitions {
    const partitions = this.#assignments.add(count, handlers, options);
    if (this.state.seat !== undefined && !this.#assignments.receivesRoster) this.#reconnector.replaceSession();
    return partitions;
  }

  /** Suspends the member, waits for its leader work and its partitions, sends `leave`, and closes the membership. */
  async leave(): Promise<void> {
    this.state.suspendForGood();
    const { seat } = this.state;
    const partitionsReleased = this.#assignments.releaseAll();
    if (seat !== undefined) await this.leadership.waitForWork(seat.welcome.heartbeatMs);
    await partitionsReleased;
    await this.#reconnector.stop();
    this.#close(undefined);
  }

  /** Sends the hello on a new connection. Resolves when that session has ended, with the reason. */
  async #openSession(hello: HelloMessage, connection: Connection, onSeated: () => void): Promise<RankdError> {
    const { clock } = this.#environment;
    const { claim } = this.state;
    const helloMessage: HelloMessage = {
      ...hello,
      ...(claim === undefined ? {} : { resume: claim }),
      ...(this.#assignments.isInUse ? { updates: 'roster' } : {}),
    };
    const parts = {
      state: this.state,
      commands: this.commands,
      executor: this.executor,
      clock,
      leadership: this.leadership,
      assignments: this.#assignments,
    };
    const sentHello = { connection: connection, helloSentAtMs: clock.nowMs() };
    return new Promise(onEnd => {
      connection.sendHello(helloMessage, new MemberSession(parts, sentHello, helloMessage, { onSeated, onEnd }));
    });
  }

  /** Closes the membership. Does nothing if it is closed. */
  #close(error: RankdError | undefined): void {
    if (this.state.isClosed) return;
    this.state.close();
    this.commands.rejectAll(new RankdError('OUTCOME_UNKNOWN'));
    this.membership.emit('closed', { error });
  }
}
