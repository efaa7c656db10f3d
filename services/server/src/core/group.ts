/** A group: it connects the roster, the departures, the handover and the commands of one order of ranks. */

import { assertNever } from './assert-never.js';
import { CommandProcessor } from './commands/command-processor.js';
import { SnapshotRefs } from './commands/snapshot-refs.js';
import type { Effect } from './effects.js';
import type { GroupEntry, JoinedEntry, MovedEntry, RemovedEntry } from './entries.js';
import type { GroupLimits } from './group-limits.js';
import { Admission } from './membership/admission.js';
import { Departures } from './membership/departures.js';
import type { EpochClaims } from './membership/epoch-claim.js';
import { GracePeriods } from './membership/grace-period.js';
import { askLast, LeaderHandover } from './membership/leader-handover.js';
import { Resignations } from './membership/resignation.js';
import { type Member, type SessionId, sessionOf, type Timekeeper } from './roster/member.js';
import type { Roster } from './roster/roster.js';
import { VersionedRoster } from './roster/versioned-roster.js';
import type { GroupSnapshot } from './snapshot.js';

/**
 * One independent order of ranks (docs/protocol.md, Glossary). `apply` routes each entry to the part of the group that decides about it. Only
 * `apply` and `freeze` change a group, and the returned effects describe every change. Two groups that have applied the same entries are
 * equal.
 */
export class Group {
  readonly name: string;
  readonly #versioned: VersionedRoster;
  readonly #admission: Admission;
  readonly #gracePeriods: GracePeriods;
  readonly #leaderHandover: LeaderHandover;
  readonly #commandProcessor: CommandProcessor;
  readonly #departures: Departures;
  readonly #resignations: Resignations;
  #epochClaims: EpochClaims = 'open';

  constructor(name: string, epoch: number, limits: GroupLimits, timekeeper: Timekeeper = 'servers') {
    this.name = name;
    const versioned = new VersionedRoster(epoch, limits.historyMax);
    const admission = new Admission(name, versioned, limits);
    const gracePeriods = new GracePeriods(versioned, limits, timekeeper);
    const leaderHandover = new LeaderHandover(versioned, limits);
    const commandProcessor = new CommandProcessor(versioned, limits);
    this.#versioned = versioned;
    this.#admission = admission;
    this.#gracePeriods = gracePeriods;
    this.#leaderHandover = leaderHandover;
    this.#commandProcessor = commandProcessor;
    this.#departures = new Departures({ versioned, admission, gracePeriods, leaderHandover, commandProcessor });
    this.#resignations = new Resignations({ versioned, departures: this.#departures, gracePeriods });
  }

  /** The number of this run of the group's order. */
  get epoch(): number {
    return this.#versioned.epoch;
  }

  /** The number of the present view. Every change of the roster increments it. */
  get view(): number {
    return this.#versioned.view;
  }

  /** The number of the last change of the roster or accepted command. */
  get seq(): number {
    return this.#versioned.seq;
  }

  /** The view in which the present leader became rank 0. (epoch, leaderView) is the leader's fencing token. */
  get leaderView(): number {
    return this.#versioned.leaderView;
  }

  /** The roster. Callers must not change it. */
  get roster(): Roster {
    return this.#versioned.roster;
  }

  /** The last changes of the roster (R-ASK-1). */
  get history(): VersionedRoster['history'] {
    return this.#versioned.history;
  }

  /** The sessions on the waitlist, in order. */
  get waiting(): readonly SessionId[] {
    return this.#admission.waiting;
  }

  /** Whether this group may begin another epoch because of a hello (R-JOIN-1). */
  get epochClaims(): EpochClaims {
    return this.#epochClaims;
  }

  /** Whether the order is frozen (R-BYE-2). */
  get isFrozen(): boolean {
    return this.#departures.isFrozen;
  }

  /** The requests of administrators that wait until the leader has stopped (R-LEAD-1). */
  get heldRequests(): readonly (MovedEntry | RemovedEntry)[] {
    return this.#leaderHandover.heldRequests;
  }

  /** The number of commands without an outcome. */
  get commandsOpen(): number {
    return this.#commandProcessor.openCount;
  }

  /** Whether a command is open that one of these sessions sent, or that awaits a result of one of them. */
  hasCommandsOf(isOne: (session: SessionId) => boolean): boolean {
    return this.#commandProcessor.concerns(isOne);
  }

  /**
   * Returns the session that will receive the result of `recipient` for the command with this seq. Undefined if the result is not awaited,
   * or if its sender did not ask for each result (R-CMD-6).
   */
  resultReceiver(seq: number, recipient: Member): SessionId | undefined {
    return this.#commandProcessor.resultReceiver(seq, recipient);
  }

  /** Returns the code with which a result of `recipient` for this seq is refused now and later. Undefined if it is awaited (R-CMD-5). */
  resultRefusal(seq: number, recipient: Member): ReturnType<CommandProcessor['resultRefusal']> {
    return this.#commandProcessor.resultRefusal(seq, recipient);
  }

  /** Whether one of these sessions belongs to a member, is on the waitlist, or sent or executes an open command. */
  involves(isOne: (session: SessionId) => boolean): boolean {
    if (this.hasCommandsOf(isOne) || this.waiting.some(isOne)) return true;
    return this.roster.slice().some(member => isOne(sessionOf(member) ?? ''));
  }

  /** Applies an entry. Returns its effects in the order in which they must be performed. */
  apply(entry: GroupEntry): Effect[] {
    return askLast(this.#applyEntry(entry));
  }

  #applyEntry(entry: GroupEntry): Effect[] {
    switch (entry.kind) {
      case 'joined':
        return this.#join(entry);
      case 'confirmed':
        this.#admission.confirm(entry);
        return [];
      case 'waiting-left':
        return this.#admission.stopWaiting(entry.session);
      case 'departed':
        return this.#departures.depart(entry);
      case 'grace-ended':
        return this.#departures.endGrace(entry);
      case 'stopped':
        return this.#departures.applyStopped(entry);
      case 'resigned':
        return this.#resignations.apply(entry);
      case 'moved':
        return this.#departures.decide({ kind: 'move', entry }, entry.at);
      case 'removed':
        return this.#departures.decide({ kind: 'remove', entry }, entry.at);
      case 'command':
        return this.#commandProcessor.applyCommand(entry, this.#departures.isFrozen);
      case 'admin-gone':
        this.#commandProcessor.forgetAdmin(entry.session);
        return [];
      case 'result':
        return this.#commandProcessor.applyResult(entry);
      case 'expired':
        return this.#commandProcessor.applyExpired(entry);
      case 'restored':
        return this.#gracePeriods.restoreSeats(entry);
      case 'server-gone':
        return this.#departures.markServerLost(entry);
      default:
        return assertNever(entry);
    }
  }

  /** Freezes the order: from now on no member joins or is promoted, and no command is accepted (R-BYE-2). */
  freeze(): void {
    this.#departures.freeze();
  }

  /** Ends every open command. The outcome for its recipients is unknown (R-CMD-6). Called before a new epoch of this group begins. */
  endCommands(): Effect[] {
    return this.roster.slice().flatMap(member => this.#commandProcessor.settleDeparted(member));
  }

  /**
   * Takes over the waitlist of `before`: this group in its earlier epoch, which a hello has ended. No hello ends the new epoch until
   * openEpochClaims() is called.
   */
  continueFrom(before: Group): void {
    this.#admission.load(before.#admission.snapshot());
    this.#epochClaims = 'used';
  }

  /**
   * Takes over all secrets of the members from `before`: this group in its earlier epoch. The `welcome` with a current secret may be lost,
   * so the earlier one stays valid (R-JOIN-6).
   */
  keepSecrets(before: Group): void {
    for (const member of this.roster.slice())
      member.secrets = before.roster.member(member.id)?.secrets ?? member.secrets;
  }

  /** From now on this group may begin another epoch because of a hello again (R-JOIN-1). */
  openEpochClaims(): void {
    this.#epochClaims = 'open';
  }

  /** From now on servers measure durations. Returns the effects with which their timers begin. `at` is a wall time in milliseconds. */
  adoptServerClocks(at: number): Effect[] {
    return [...this.#gracePeriods.adoptServerClocks(at), ...this.#leaderHandover.repeatAsk(at)];
  }

  /** Resumes a seat, admits a session with the last rank, or adds the session to the waitlist (R-JOIN-2, R-JOIN-4, R-JOIN-6). */
  #join(entry: JoinedEntry): Effect[] {
    const { newcomer, at } = entry;
    const { session } = newcomer;
    if (this.#admission.isApplied(entry)) return [];
    if (this.#departures.isFrozen) return [{ kind: 'turned-away', session, code: 'DRAINING', detail: this.name }];
    const seat = this.#admission.claimedSeat(entry);
    if (seat !== undefined && !this.#leaderHandover.hasDecisionToEnd(seat)) {
      return [...this.#admission.resume(seat, entry), ...this.#leaderHandover.askAgain(seat, at)];
    }
    // The server is ending the claimed seat. A member that has the newest secret asks for another seat, so it has stopped acting on the old
    // one. A hello with the earlier secret is no proof, because it may be delayed. Release 0.1 treats it as a proof.
    const isProof = entry.resume?.secretHash === seat?.secrets.current || this.#gracePeriods.timekeeper === 'entries';
    const hasStopped = seat !== undefined && isProof;
    const ended = hasStopped ? this.#departures.releaseHandover(seat, at) : [];
    return [...ended, ...this.#admission.admitOrWait(newcomer, at)];
  }

  /** Returns the effects that need a timer. See `Coordinator.pendingTimers`. */
  pending(at: number): Effect[] {
    return [
      ...this.#gracePeriods.pending(at),
      ...this.#leaderHandover.pending(at),
      ...this.#commandProcessor.pending(),
    ];
  }

  /** Returns the state as plain values. */
  snapshot(): GroupSnapshot {
    const refs = new SnapshotRefs();
    const order = this.#versioned.snapshot(refs);
    const waiting = this.#admission.snapshot();
    const handover = this.#leaderHandover.snapshot(refs);
    const commanding = this.#commandProcessor.snapshot(refs);
    const { name, isFrozen: frozen, epochClaims } = this;
    const { absences } = this.#gracePeriods;
    const commanders = refs.snapshot();
    return { name, frozen, commanders, order, absences, epochClaims, waiting, handover, commanding };
  }

  /**
   * Creates a group with the state of a snapshot.
   * @throws InvariantError if the snapshot refers to a member that it does not contain.
   */
  static fromSnapshot(limits: GroupLimits, snapshot: GroupSnapshot, timekeeper: Timekeeper): Group {
    const group = new Group(snapshot.name, snapshot.order.epoch, limits, timekeeper);
    const refs = new SnapshotRefs(snapshot.commanders);
    group.#versioned.load(snapshot.order, refs);
    group.#gracePeriods.load(snapshot.absences);
    group.#epochClaims = snapshot.epochClaims;
    group.#admission.load(snapshot.waiting);
    group.#leaderHandover.load(snapshot.handover, refs);
    group.#commandProcessor.load(snapshot.commanding, refs);
    if (snapshot.frozen) group.freeze();
    return group;
  }
}
