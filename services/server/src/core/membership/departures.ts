/**
 * Departures, moves and removals: how members leave a rank (R-VIEW-1, R-VIEW-4, R-ADMIN-1). Decisions about a leader wait until it has
 * stopped (R-LEAD-1).
 */

import { assertNever } from '../assert-never.js';
import type { CommandProcessor } from '../commands/command-processor.js';
import type { Effect } from '../effects.js';
import type {
  DepartedEntry,
  GraceEndedEntry,
  MovedEntry,
  RemovedEntry,
  ServerGoneEntry,
  StoppedEntry,
} from '../entries.js';
import { isServedBy, isTimed, type Member, sessionOf } from '../roster/member.js';
import type { VersionedRoster } from '../roster/versioned-roster.js';
import type { Admission } from './admission.js';
import type { GracePeriods } from './grace-period.js';
import type { LeaderHandover } from './leader-handover.js';
import { acceptAdmin, rejectAdmin } from './admin-receipt.js';
import type { PendingDecision } from './pending-decision.js';

/** The parts of a group that departures change. */
export interface DeparturesParts {
  readonly versioned: VersionedRoster;
  readonly admission: Admission;
  readonly gracePeriods: GracePeriods;
  readonly leaderHandover: LeaderHandover;
  readonly commandProcessor: CommandProcessor;
}

/**
 * Applies departures, moves and removals to the roster. Departures and pending decisions are in one class because each causes the other.
 * A decision can make a member leave. Pending decisions wait until a leader has left or stopped (R-LEAD-1).
 */
export class Departures {
  readonly #versioned: VersionedRoster;
  readonly #admission: Admission;
  readonly #gracePeriods: GracePeriods;
  readonly #leaderHandover: LeaderHandover;
  readonly #commandProcessor: CommandProcessor;
  #state: 'moving' | 'frozen' = 'moving';

  constructor({ versioned, admission, gracePeriods, leaderHandover, commandProcessor }: DeparturesParts) {
    this.#versioned = versioned;
    this.#admission = admission;
    this.#gracePeriods = gracePeriods;
    this.#leaderHandover = leaderHandover;
    this.#commandProcessor = commandProcessor;
  }

  /** Whether the order is frozen. */
  get isFrozen(): boolean {
    return this.#state === 'frozen';
  }

  /** Freezes the order: no member is promoted from now on (R-BYE-2). */
  freeze(): void {
    this.#state = 'frozen';
  }

  /**
   * Applies the end of a member's session. The member leaves, is marked away, or waits for a decision (R-VIEW-4, R-VIEW-5). An entry
   * about an earlier session of the member has no effect.
   */
  depart(entry: DepartedEntry): Effect[] {
    const { how, reason, at } = entry;
    const member = this.#versioned.roster.member(entry.member);
    if (member === undefined || sessionOf(member) !== entry.session) return [];
    if (this.isFrozen) return this.#departWhileFrozen(member, reason, at);
    switch (how) {
      case 'goodbye':
        return this.#completeDeparture(member, reason, at);
      case 'lost':
        if (this.#mayLeadElsewhere(member)) return this.#contestLeader(member, at);
        return this.#gracePeriods.appliesTo(member)
          ? this.#markAway(member, entry)
          : this.#completeDeparture(member, reason, at);
      case 'ended':
        return this.decide({ kind: 'end', member, reason }, at);
      default:
        return assertNever(how);
    }
  }

  /**
   * Whether a leader may still act although its session has closed (R-LEAD-1). The member may have resumed in a newer session
   * before a delayed hello with the earlier secret took the seat over. When the connection of that hello closes, the member may
   * still act in the newer session.
   */
  #mayLeadElsewhere(member: Member): boolean {
    return member.secrets.isContested && this.#versioned.roster.leader === member;
  }

  /** Marks the leader away for its grace period. If a decision waits until it has stopped, repeats the request to stop. */
  #contestLeader(leader: Member, at: number): Effect[] {
    return [
      ...this.#gracePeriods.startGrace(leader, 'contest', 'REPLACED', at),
      ...this.#leaderHandover.askAgain(leader, at),
    ];
  }

  /**
   * Applies the end of a grace period (R-VIEW-4). The member leaves, unless it has resumed. If the grace period has become longer in the
   * meantime, asks for a timer with its new duration. Decisions that waited for this leader are applied first, because they are older.
   */
  endGrace(claim: GraceEndedEntry): Effect[] {
    const { at } = claim;
    const member = this.#versioned.roster.member(claim.member);
    if (claim.epoch !== this.#versioned.epoch || member === undefined || this.isFrozen) return [];
    if (!this.#gracePeriods.concerns(member, claim)) return [];
    if (!this.#gracePeriods.isOver(member, claim)) return this.#gracePeriods.restartTimer(member, at);
    // Release 0.1 applies the decisions after the departure.
    if (isTimed(member)) return this.#completeDeparture(member, 'GRACE_ENDED', at);
    const decided = this.releaseHandover(member, at);
    return this.#gracePeriods.isOver(member, claim)
      ? [...decided, ...this.#completeDeparture(member, 'GRACE_ENDED', at)]
      : decided;
  }

  /**
   * Marks the members of a lost server away, and removes its sessions from the waitlist. A leader among these members may still
   * act. If a decision waits until it has stopped, the request to stop is repeated.
   */
  markServerLost({ server, reason, at }: ServerGoneEntry): Effect[] {
    if (this.isFrozen) return [];
    const isLost = (session: string | undefined): boolean => session !== undefined && isServedBy(session, server);
    const effects = this.#admission.waiting.filter(isLost).flatMap(session => this.#admission.stopWaiting(session));
    this.#commandProcessor.forgetAdmins(isLost);
    for (const member of this.#versioned.roster.slice()) {
      if (!isLost(sessionOf(member))) continue;
      effects.push(
        ...this.#gracePeriods.startGrace(member, 'server', reason, at),
        ...this.#leaderHandover.askAgain(member, at),
      );
    }
    return effects;
  }

  /** Applies `decision`, or holds it until the leader that it concerns has stopped (R-LEAD-1). */
  decide(decision: PendingDecision, at: number): Effect[] {
    return this.#decideOnceStopped(undefined, decision, at);
  }

  /** Applies the decisions that waited for a leader, because the leader has stopped (R-LEAD-1). */
  applyStopped(entry: StoppedEntry): Effect[] {
    const leader = this.#leaderHandover.stoppedBy(entry);
    return leader === undefined ? [] : this.releaseHandover(leader, entry.at);
  }

  /**
   * Applies the decisions that waited for `leader`, which has stopped. A decision that also concerns the next leader then waits
   * until that one has stopped.
   */
  releaseHandover(leader: Member, at: number): Effect[] {
    if (!this.#leaderHandover.waitsFor(leader)) return [];
    const asked = sessionOf(leader);
    const released: Effect[] = asked === undefined ? [] : [{ kind: 'released', session: asked }];
    const decided = this.#leaderHandover
      .takeHeldDecisions()
      .flatMap(decision => this.#decideOnceStopped(leader, decision, at));
    const effects = [...released, ...decided];
    const session = sessionOf(leader);
    const stillLeads = this.#versioned.roster.leader === leader && !this.#leaderHandover.waitsFor(leader);
    return stillLeads && session !== undefined ? [...effects, { kind: 'reassure', member: leader, session }] : effects;
  }

  #decideOnceStopped(stopped: Member | undefined, decision: PendingDecision, at: number): Effect[] {
    if (this.isFrozen) return this.#rejectDecision(decision, at);
    return this.#leaderHandover.holdDecision(decision, at, stopped) ?? this.#applyDecision(decision, at);
  }

  #applyDecision(decision: PendingDecision, at: number): Effect[] {
    switch (decision.kind) {
      case 'end':
        return decision.member.presence.kind === 'gone'
          ? []
          : this.#completeDeparture(decision.member, decision.reason, at);
      case 'remove':
        return this.#applyRemove(decision.entry, at);
      case 'move':
        return this.#applyMove(decision.entry, at);
      default:
        return assertNever(decision);
    }
  }

  /**
   * Handles a decision after the freeze (R-BYE-2). An administrator gets DRAINING. A member whose session the server ended departs
   * without a promotion.
   */
  #rejectDecision(decision: PendingDecision, at: number): Effect[] {
    if (decision.kind !== 'end') return [rejectAdmin(decision.entry, 'DRAINING')];
    const { member, reason } = decision;
    return member.presence.kind === 'gone' ? [] : this.#departWhileFrozen(member, reason, at);
  }

  /**
   * Removes the member, closes the gap, ends its parts in commands, and admits the first sessions of the waitlist (R-VIEW-1, R-CMD-6,
   * R-JOIN-4).
   */
  #completeDeparture(member: Member, reason: string, at: number): Effect[] {
    const { roster } = this.#versioned;
    const session = sessionOf(member);
    const rank = roster.remove(member);
    const promoted = roster.size - rank;
    const shifted = { from: rank, to: roster.size };
    return [
      { kind: 'departed', member, session, rank, reason, promoted },
      this.#versioned.recordChange({ kind: 'left', member, rank, reason }, at, shifted, promoted),
      ...this.#commandProcessor.settleDeparted(member),
      ...this.#admission.admitWaiting(at),
      ...this.releaseHandover(member, at),
      ...(rank === 0 ? this.#gracePeriods.restartTimer(roster.leader, at) : []),
    ];
  }

  /**
   * Marks a member away; it keeps its rank (R-VIEW-4). Decisions that wait for this leader are applied if the leader has stopped. Otherwise
   * the request to stop is repeated: an away leader cannot answer, so only the passing of time can prove that it has stopped (R-LEAD-1).
   */
  #markAway(member: Member, entry: DepartedEntry): Effect[] {
    const { at } = entry;
    const away = this.#gracePeriods.startLostGrace(member, entry);
    const hasStopped = this.#leaderHandover.hasStopped(member, at);
    return [...away, ...(hasStopped ? this.releaseHandover(member, at) : this.#leaderHandover.askAgain(member, at))];
  }

  /** Applies a departure after the freeze: the member keeps its rank and receives no further frames (R-BYE-2). */
  #departWhileFrozen(member: Member, reason: string, at: number): Effect[] {
    const { roster } = this.#versioned;
    const session = sessionOf(member);
    roster.setPresence(member, { kind: 'gone' });
    const rank = roster.rankOf(member);
    const departed: Effect = { kind: 'departed', member, session, rank, reason, promoted: 0 };
    return [departed, ...this.#commandProcessor.settleDeparted(member), ...this.releaseHandover(member, at)];
  }

  /** Removes a member for an administrator (R-ADMIN-1). */
  #applyRemove(entry: RemovedEntry, at: number): Effect[] {
    const member = this.#versioned.roster.member(entry.member);
    if (member === undefined) return [rejectAdmin(entry, 'NO_SUCH_TARGET')];
    const session = sessionOf(member);
    const effects = this.#completeDeparture(member, 'REMOVED', at);
    const ended: Effect[] = session === undefined ? [] : [{ kind: 'removed', session, reason: entry.reason }];
    return [...effects, ...ended, acceptAdmin(entry, this.#versioned)];
  }

  /** Moves a member for an administrator (R-ADMIN-1). */
  #applyMove(entry: MovedEntry, at: number): Effect[] {
    const { roster } = this.#versioned;
    const { rank } = entry;
    const member = roster.member(entry.member);
    if (member === undefined || rank >= roster.size) return [rejectAdmin(entry, 'NO_SUCH_TARGET')];
    const from = roster.rankOf(member);
    if (from === rank) return [acceptAdmin(entry, this.#versioned)];
    const leaderBefore = roster.leader;
    roster.move(member, rank);
    const shifted = { from: Math.min(from, rank), to: Math.max(from, rank) + 1 };
    const promoted = rank < from ? 1 : rank - from;
    return [
      this.#versioned.recordChange({ kind: 'moved', member, rank, reason: undefined }, at, shifted, promoted),
      acceptAdmin(entry, this.#versioned),
      ...(shifted.from === 0
        ? [...this.#gracePeriods.restartTimer(leaderBefore, at), ...this.#gracePeriods.restartTimer(roster.leader, at)]
        : []),
    ];
  }
}
