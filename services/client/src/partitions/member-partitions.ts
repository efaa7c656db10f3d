/** All `partitions()` calls of one member. */

import type { ErrorMessage, RosterMessage, ViewMessage, WelcomeMessage } from '@rankd/protocol';
import { checkArgument, checkOptions } from '../arguments/check-argument.js';
import { partitionCountRule, partitionHandlersRule, partitionRules } from '../arguments/rules.js';
import type { ClientEnvironment } from '../client-environment.js';
import type { Timer } from '../clock.js';
import type { Logger } from '../logger.js';
import type { Seat } from '../session/seat.js';
import type { OwnershipSeat } from './ownership.js';
import { type PartitionErrors, PartitionRunner } from './partition-runner.js';
import type { PartitionHandlers, PartitionOptions, Partitions } from './partition-types.js';
import { RosterReplica, type RosterReplicaStep } from './roster-replica.js';

const HANDOVER_MS_DEFAULT = 5000;
/** How long to wait after RATE_LIMITED, ms. The server answers at most 10 queries a second (R-ASK-1). */
const ROSTER_RETRY_MS = 1000;

/** Every `partitions()` call of one member, and the replica of the roster. The roster decides which member has which partition. */
export class MemberPartitions {
  readonly #environment: Pick<ClientEnvironment, 'clock' | 'random'>;
  readonly #logger: Logger;
  readonly #errors: PartitionErrors;
  readonly #roster = new RosterReplica();
  readonly #runners: PartitionRunner[] = [];
  /** The seat of the present session. Undefined unless the server sends every change of the roster on this session. */
  #seat: Seat | undefined;
  #seatIdentity: { readonly member: string; readonly epoch: number } | undefined;
  /** The welcome with which this member founded the group, which had no member before. Undefined if the group had members. */
  #founding: WelcomeMessage | undefined;
  #retryTimer: Timer | undefined;

  constructor(environment: Pick<ClientEnvironment, 'clock' | 'random'>, logger: Logger, errors: PartitionErrors) {
    this.#environment = environment;
    this.#logger = logger;
    this.#errors = errors;
  }

  /** Whether this member needs a session on which the server sends every change of the roster. */
  get isInUse(): boolean {
    return this.#runners.length > 0;
  }

  /** Whether the server sends every change of the roster on the current session. */
  get receivesRoster(): boolean {
    return this.#seat !== undefined;
  }

  /**
   * Adds a `partitions()` call.
   * @throws RankdError BAD_ARGUMENT
   */
  add(count: number, handlers: PartitionHandlers, options: PartitionOptions): Partitions {
    checkArgument('the number of partitions', count, partitionCountRule);
    checkArgument('the argument with the handlers', handlers, partitionHandlersRule);
    checkOptions('partitions', options, partitionRules);
    const { handoverMs = HANDOVER_MS_DEFAULT } = options;
    const { clock, random } = this.#environment;
    const ports = {
      clock,
      random,
      logger: this.#logger,
      ...this.#errors,
      knownUntilMs: () => this.#knownUntilMs,
    };
    const runner = new PartitionRunner(count, handlers, handoverMs, ports);
    this.#runners.push(runner);
    const { asChange } = this.#roster;
    if (this.#seat !== undefined) runner.setSeat(this.#ownershipSeat(this.#seat));
    if (asChange !== undefined) runner.applyChange(asChange);
    return runner;
  }

  /**
   * Records each welcome, also of a session without every change of the roster. A member that founded this epoch of the group stays its
   * founder when it resumes.
   */
  recordWelcome(welcome: WelcomeMessage): void {
    if (!welcome.resumed) this.#founding = welcome.size === 1 ? welcome : undefined;
  }

  /** Records the seat on a session with every change of the roster, and requests the complete roster. */
  seated(seat: Seat): void {
    const { member, epoch, view } = seat.welcome;
    // After a resume the seat is the same: the roster of the earlier session is valid until its lease expires.
    if (this.#seatIdentity?.member === member && this.#seatIdentity.epoch === epoch)
      this.#roster.markStale(this.#leaseExpiresAtMs);
    // A founder starts at its first view: there was no other member before. So it notices if it misses a later change.
    else this.#roster.reset(epoch, this.#foundingView(seat) ?? view);
    this.#seatIdentity = { member, epoch };
    this.#seat = seat;
    for (const runner of this.#runners) runner.setSeat(this.#ownershipSeat(seat));
    this.#requestRoster();
    this.runDueActions();
  }

  /** Records the end of the session. The member no longer knows the roster, so it loses its partitions. */
  handleSessionEnd(): void {
    this.#retryTimer?.cancel();
    this.#roster.markStale(Number.NEGATIVE_INFINITY);
    this.#seat = undefined;
    this.runDueActions();
  }

  /** Applies a view. */
  handleView(view: ViewMessage): void {
    if (this.#seat !== undefined) this.#applyStep(this.#roster.applyView(view, this.#leaseExpiresAtMs));
  }

  /** Applies one frame of a roster. */
  handleRoster(roster: RosterMessage): void {
    if (this.#seat !== undefined) this.#applyStep(this.#roster.applyRosterFrame(roster));
  }

  /** Requests the roster again later if the server has answered RATE_LIMITED. */
  handleError({ code }: ErrorMessage): void {
    if (code !== 'RATE_LIMITED' || this.#seat === undefined) return;
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#environment.clock.after(ROSTER_RETRY_MS, () => this.#requestRoster());
  }

  /** Runs every action that is due. Must be called when the lease may have expired or may have been renewed. */
  runDueActions(): void {
    for (const runner of this.#runners) runner.runDueActions();
  }

  /** Releases every partition. Resolves when that is done, after the longest `handoverMs` at the latest. */
  async releaseAll(): Promise<void> {
    await Promise.all(this.#runners.map(runner => runner.releaseAll()));
  }

  get #leaseExpiresAtMs(): number {
    return this.#seat?.lease.expiresAtMs ?? Number.NEGATIVE_INFINITY;
  }

  get #knownUntilMs(): number {
    return this.#roster.knownUntilMs(this.#leaseExpiresAtMs);
  }

  #requestRoster(): void {
    this.#seat?.rosterQueries.ask('partitions');
  }

  #foundingView({ welcome: { member, epoch } }: Seat): number | undefined {
    const founding = this.#founding;
    return founding?.member === member && founding.epoch === epoch ? founding.view : undefined;
  }

  #ownershipSeat(seat: Seat): OwnershipSeat {
    const { member, epoch, suspendMs } = seat.welcome;
    return { member, epoch, suspendMs, isFounder: this.#foundingView(seat) !== undefined };
  }

  #applyStep(step: RosterReplicaStep): void {
    if (step.kind === 'ask') this.#requestRoster();
    if (step.kind === 'changed') for (const runner of this.#runners) runner.applyChange(step.change);
  }
}
