/** What the gateway decides about frames before it appends entries to the log. */

import type { Clock } from '../../clock.js';
import type { ServerConfig } from '../../config.js';
import type { Entry, Group, Member } from '../../core/index.js';
import type { OrderedLog } from '../../log/ordered-log.js';
import { CommandRate } from '../pace/command-rate.js';
import type { Session } from '../session/session.js';
import { UnappliedEntries, type UnappliedEntriesPorts } from './unapplied-entries.js';

/** Why no entry is appended for a result. `ignored`: it is of another epoch, so it gets no answer (R-CMD-5). */
export type ResultRefusal = 'LATE_RESULT' | 'UNEXPECTED_RESULT' | 'ignored';

/** Takes the entries that the gateway appends. Decides what needs no entry. */
export interface LogIntake {
  /** Whether this server admits no further session, because too many entries wait for the log. */
  readonly isFull: boolean;
  append(entry: Entry): void;
  /** Whether a command of `sender` is within RANKD_COMMANDS_PER_SECOND, as far as this server decides it. Counts the command. */
  allowsCommand(sender: object): boolean;
  /** Returns why a result certainly has no effect. Undefined if the log decides. */
  refuseResult(group: Group, member: Member, epoch: number, seq: number): ResultRefusal | undefined;
  /** Runs `act` when all entries are applied that the session has appended before. */
  runInOrder(session: Session, act: () => void): void;
  /** Whether nothing is read from the session, because it has too much in the log. */
  isPausing(session: Session): boolean;
  /** Records that the log has applied an entry of this server. */
  recordApplied(entry: Entry): void;
  /** Forgets an ended session. */
  removeSession(session: Session): void;
  /** Reads again from sessions that have little in the log. */
  flush(): void;
  /** Must be called every tick. */
  tick(): void;
}

/** The intake of a single server. Its log applies an entry when it is appended, so the core decides everything at once. */
export class DirectIntake implements LogIntake {
  readonly isFull = false;
  readonly #log: Pick<OrderedLog, 'append'>;

  constructor(log: Pick<OrderedLog, 'append'>) {
    this.#log = log;
  }

  append(entry: Entry): void {
    this.#log.append(entry);
  }

  allowsCommand(): boolean {
    return true;
  }

  refuseResult(): undefined {
    return undefined;
  }

  runInOrder(_session: Session, act: () => void): void {
    act();
  }

  isPausing(): boolean {
    return false;
  }

  recordApplied(): void {
    return;
  }

  removeSession(): void {
    return;
  }

  flush(): void {
    return;
  }

  tick(): void {
    return;
  }
}

/** The parts of the gateway that ClusterIntake uses. */
export interface ClusterIntakePorts extends UnappliedEntriesPorts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/**
 * The intake of a server in a cluster, whose entries wait for Redis. It limits them, and appends none for commands over the rate limit and
 * for results that certainly no command awaits.
 */
export class ClusterIntake implements LogIntake {
  readonly #unapplied: UnappliedEntries;
  readonly #commandRate: CommandRate;

  constructor(config: ServerConfig, ports: ClusterIntakePorts) {
    const { clock } = ports;
    this.#unapplied = new UnappliedEntries(config.RANKD_BACKLOG_BYTES_MAX, ports);
    this.#commandRate = new CommandRate(config.RANKD_COMMANDS_PER_SECOND, () => clock.monotonicMs());
  }

  get isFull(): boolean {
    return this.#unapplied.isFull;
  }

  append(entry: Entry): void {
    this.#unapplied.append(entry);
  }

  allowsCommand(sender: object): boolean {
    return this.#commandRate.countCommand(sender);
  }

  /**
   * This server has applied every command that it has delivered to its sessions. So if this server has not applied a seq, the client has
   * invented it. A command that is closed here stays closed. An epoch only rises.
   */
  refuseResult(group: Group, member: Member, epoch: number, seq: number): ResultRefusal | undefined {
    return epoch === group.epoch ? group.resultRefusal(seq, member) : 'ignored';
  }

  runInOrder(session: Session, act: () => void): void {
    this.#unapplied.runInOrder(session, act);
  }

  isPausing(session: Session): boolean {
    return this.#unapplied.isPausing(session);
  }

  recordApplied(entry: Entry): void {
    this.#unapplied.recordApplied(entry);
  }

  removeSession(session: Session): void {
    this.#unapplied.removeSession(session);
  }

  flush(): void {
    this.#unapplied.flush();
  }

  tick(): void {
    this.#unapplied.tick();
  }
}
