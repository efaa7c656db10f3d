import type { ErrorMessage, RosterMessage, ViewMessage } from '@rankd/protocol';
import type { Clock, Timer } from '../clock.js';
import { PartitionRunner } from './partition-runner.js';
import type { Logger } from '../logger.js';
import type { OwnershipTimings } from './ownership.js';
import type { PartitionHandlers, PartitionOptions, Partitions } from './partitions.js';
import { RankdError } from '../rankd-error.js';
import { RosterReplica, type RosterReplicaStep } from './roster-replica.js';
import type { Seat } from '../session/seat.js';

const COUNT_MAX = 65_536;
const HANDOVER_MS_DEFAULT = 5000;
const HANDOVER_MS_MAX = 3_600_000;
/** R-ASK-1: more than ten questions a second are not answered. */
const ASK_AGAIN_MS = 1000;

/** All partitions of a member, and the roster by which they are divided. */
export class PartitionAssignments {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #copy = new RosterReplica();
  readonly #all: PartitionRunner[] = [];
  /** On a session that tells every change of the roster. */
  #seat: Seat | undefined;
  #order: { readonly member: string; readonly epoch: number } | undefined;
  #askTimer: Timer | undefined;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Does the member have to be told of every change of the roster? */
  get isWanted(): boolean {
    return this.#all.length > 0;
  }

  /** Is it? */
  get isTold(): boolean {
    return this.#seat !== undefined;
  }

  /** @throws RankdError BAD_ARGUMENT */
  add(count: number, handlers: PartitionHandlers, { handoverMs = HANDOVER_MS_DEFAULT }: PartitionOptions): Partitions {
    mustBeWhole('the number of partitions', count, 1, COUNT_MAX);
    mustBeWhole('handoverMs', handoverMs, 0, HANDOVER_MS_MAX);
    const ports = { clock: this.#clock, logger: this.#logger, knownUntilMs: () => this.#knownUntilMs };
    const holding = new PartitionRunner(count, handlers, handoverMs, ports);
    this.#all.push(holding);
    const { whole } = this.#copy;
    if (this.#seat !== undefined) holding.seated(termsOf(this.#seat));
    if (whole !== undefined) holding.changed(whole);
    return holding;
  }

  /** It sits on a session that tells every change of the roster: asks for all of it. */
  seated(seat: Seat): void {
    const { member, epoch, view } = seat.welcome;
    // Another session of the same seat may take the place of one that is still there: what it told holds for its lease.
    if (this.#order?.member === member && this.#order.epoch === epoch) this.#copy.outdate(this.#leaseEndsAtMs);
    else this.#copy.forget(epoch, view);
    this.#order = { member, epoch };
    this.#seat = seat;
    for (const holding of this.#all) holding.seated(termsOf(seat));
    this.#ask();
    this.look();
  }

  unseated(): void {
    this.#askTimer?.cancel();
    this.#copy.outdate(Number.NEGATIVE_INFINITY);
    this.#seat = undefined;
    this.look();
  }

  viewed(view: ViewMessage): void {
    if (this.#seat !== undefined) this.#take(this.#copy.viewed(view, this.#leaseEndsAtMs));
  }

  took(roster: RosterMessage): void {
    if (this.#seat !== undefined) this.#take(this.#copy.took(roster));
  }

  /** Questions were too many. */
  refused({ code }: ErrorMessage): void {
    if (code !== 'RATE_LIMITED' || this.#seat === undefined) return;
    this.#askTimer?.cancel();
    this.#askTimer = this.#clock.after(ASK_AGAIN_MS, () => this.#ask());
  }

  /** Does what is to be done by now: the lease may have run out, or have been renewed. */
  look(): void {
    for (const holding of this.#all) holding.look();
  }

  /** Gives up everything; resolves once that is done, after the longest `handoverMs` at most. */
  async left(): Promise<void> {
    await Promise.all(this.#all.map(holding => holding.leave()));
  }

  get #leaseEndsAtMs(): number {
    return this.#seat?.lease.endsAtMs ?? Number.NEGATIVE_INFINITY;
  }

  get #knownUntilMs(): number {
    return this.#copy.knownUntilMs(this.#leaseEndsAtMs);
  }

  #ask(): void {
    this.#seat?.link.send({ type: 'roster' });
  }

  #take(step: RosterReplicaStep): void {
    if (step.kind === 'ask') this.#ask();
    if (step.kind === 'changed') for (const holding of this.#all) holding.changed(step.change);
  }
}

function termsOf({ welcome }: Seat): OwnershipTimings {
  const { member, epoch, suspendMs, resumed, size } = welcome;
  return { member, epoch, suspendMs, isFounder: size === 1 && !resumed };
}

function mustBeWhole(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RankdError('BAD_ARGUMENT', `${what} is a whole number from ${least} to ${most}, not ${value}`);
}
