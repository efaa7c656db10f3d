import type { Admission } from './admission.js';
import { accepted, rejected } from '../admin-receipt.js';
import { assertNever } from '../assert-never.js';
import type { CommandProcessor } from '../commands/command-processor.js';
import type { PendingDecision } from './pending-decision.js';
import type { Effect } from '../effects.js';
import type {
  DepartedEntry,
  GraceEndedEntry,
  MovedEntry,
  RemovedEntry,
  ServerGoneEntry,
  StoppedEntry,
} from '../entries.js';
import type { GracePeriods } from './grace-period.js';
import type { LeaderHandover } from './leader-handover.js';
import { isServedBy, sessionOf, type Member } from '../roster/member.js';
import type { VersionedRoster } from '../roster/versioned-roster.js';

/** What a succession works on. */
export interface DeparturesParts {
  readonly order: VersionedRoster;
  readonly admission: Admission;
  readonly grace: GracePeriods;
  readonly handover: LeaderHandover;
  readonly commanding: CommandProcessor;
}

/**
 * Who stands where once a member goes, is moved or is put out. Departures and decisions are one thing here, for each brings
 * about the other: a decision makes a member leave, and a leader that leaves has stopped, which is what decisions wait for
 * (R-LEAD-1).
 */
export class Departures {
  readonly #order: VersionedRoster;
  readonly #admission: Admission;
  readonly #grace: GracePeriods;
  readonly #handover: LeaderHandover;
  readonly #commanding: CommandProcessor;
  #motion: 'moving' | 'frozen' = 'moving';

  constructor({ order, admission, grace, handover, commanding }: DeparturesParts) {
    this.#order = order;
    this.#admission = admission;
    this.#grace = grace;
    this.#handover = handover;
    this.#commanding = commanding;
  }

  get isFrozen(): boolean {
    return this.#motion === 'frozen';
  }

  /** R-BYE-2: from here on nobody is promoted. */
  freeze(): void {
    this.#motion = 'frozen';
  }

  /** R-VIEW-4, R-VIEW-5 */
  depart(entry: DepartedEntry): Effect[] {
    const { how, reason, at } = entry;
    const member = this.#order.roster.member(entry.member);
    if (member === undefined || sessionOf(member) !== entry.session) return [];
    if (this.isFrozen) return this.#goFrozen(member, reason, at);
    switch (how) {
      case 'goodbye':
        return this.#leave(member, reason, at);
      case 'lost':
        if (this.#mayLeadElsewhere(member)) return this.#doubt(member, at);
        return this.#grace.isGivenTo(member) ? this.#goAway(member, reason, at) : this.#leave(member, reason, at);
      case 'ended':
        return this.decide({ kind: 'end', member, reason }, at);
      default:
        return assertNever(how);
    }
  }

  /**
   * R-LEAD-1: a hello that was long under way takes a seat back from the session that came later, and is closed by then. The
   * close of such a session is no proof that its member has stopped.
   */
  #mayLeadElsewhere(member: Member): boolean {
    return member.secrets.isContested && this.#order.roster.leader === member;
  }

  #doubt(leader: Member, at: number): Effect[] {
    return [...this.#grace.begin(leader, 'contest', 'REPLACED', at), ...this.#handover.askAgain(leader, at)];
  }

  /** R-VIEW-4: the member leaves, unless it is back or has been given more time since. */
  endGrace({ epoch, member: id, at }: GraceEndedEntry): Effect[] {
    const member = this.#order.roster.member(id);
    if (epoch !== this.#order.epoch || member?.presence.kind !== 'away' || this.isFrozen) return [];
    return this.#grace.isOver(member, at) ? this.#leave(member, 'GRACE_ENDED', at) : this.#grace.renew(member, at);
  }

  /** Whoever was connected to that server is away, and waits for nothing any more; a leader among them may still act. */
  loseServer({ server, reason, at }: ServerGoneEntry): Effect[] {
    if (this.isFrozen) return [];
    const isLost = (session: string | undefined): boolean => session !== undefined && isServedBy(session, server);
    const effects = this.#admission.waiting.filter(isLost).flatMap(session => this.#admission.stopWaiting(session));
    this.#commanding.adminsGone(isLost);
    for (const member of this.#order.roster.slice()) {
      if (!isLost(sessionOf(member))) continue;
      effects.push(...this.#grace.begin(member, 'server', reason, at), ...this.#handover.askAgain(member, at));
    }
    return effects;
  }

  /** R-LEAD-1: what concerns a leader that may still act on its rank waits until it has stopped. */
  decide(decision: PendingDecision, at: number): Effect[] {
    return this.#decideAfter(undefined, decision, at);
  }

  /** R-LEAD-1: the leader that was asked to stop says that it has, or must have. */
  stopped(entry: StoppedEntry): Effect[] {
    const leader = this.#handover.stoppedBy(entry);
    return leader === undefined ? [] : this.release(leader, entry.at);
  }

  /** `leader` has stopped: what waited for it is decided now, and may have to wait for its successor. */
  release(leader: Member, at: number): Effect[] {
    if (!this.#handover.waitsFor(leader)) return [];
    const asked = sessionOf(leader);
    const released: Effect[] = asked === undefined ? [] : [{ kind: 'released', session: asked }];
    const decided = this.#handover.release().flatMap(decision => this.#decideAfter(leader, decision, at));
    // The next leader is asked once nothing changes any more: what it is told before it stops is then all of one moment.
    const asks = decided.filter(({ kind }) => kind === 'ask-to-stop');
    const effects = [...released, ...decided.filter(({ kind }) => kind !== 'ask-to-stop'), ...asks];
    const session = sessionOf(leader);
    const stillLeads = this.#order.roster.leader === leader && !this.#handover.waitsFor(leader);
    return stillLeads && session !== undefined ? [...effects, { kind: 'reassure', member: leader, session }] : effects;
  }

  #decideAfter(stopped: Member | undefined, decision: PendingDecision, at: number): Effect[] {
    if (this.isFrozen) return this.#decline(decision, at);
    return this.#handover.hold(decision, at, stopped) ?? this.#carryOut(decision, at);
  }

  #carryOut(decision: PendingDecision, at: number): Effect[] {
    switch (decision.kind) {
      case 'end':
        return decision.member.presence.kind === 'gone' ? [] : this.#leave(decision.member, decision.reason, at);
      case 'remove':
        return this.#remove(decision.entry, at);
      case 'move':
        return this.#move(decision.entry, at);
      default:
        return assertNever(decision);
    }
  }

  /** R-BYE-2: the order stands still. Whom the server has ended is asked for nothing more; an administrator is told. */
  #decline(decision: PendingDecision, at: number): Effect[] {
    if (decision.kind !== 'end') return [rejected(decision.entry, 'DRAINING')];
    const { member, reason } = decision;
    return member.presence.kind === 'gone' ? [] : this.#goFrozen(member, reason, at);
  }

  /** R-VIEW-1, R-CMD-6: the gap closes, and whatever waited for the member waits no longer. */
  #leave(member: Member, reason: string, at: number): Effect[] {
    const { roster } = this.#order;
    const session = sessionOf(member);
    const rank = roster.remove(member);
    const promoted = roster.size - rank;
    const shifted = { from: rank, to: roster.size };
    return [
      { kind: 'departed', member, session, rank, reason, promoted },
      this.#order.changed({ kind: 'left', member, rank, reason }, at, shifted, promoted),
      ...this.#commanding.settle(member, at),
      ...this.#admission.admitWaiting(at),
      ...this.release(member, at),
      ...(rank === 0 ? this.#grace.renew(roster.leader, at) : []),
    ];
  }

  /** R-VIEW-4: it keeps its place; a leader that cannot be reached stops by itself. */
  #goAway(member: Member, reason: string, at: number): Effect[] {
    return [...this.#grace.begin(member, 'lost', reason, at), ...this.release(member, at)];
  }

  /** The order stands still: it keeps its place, and is asked for nothing more. */
  #goFrozen(member: Member, reason: string, at: number): Effect[] {
    const { roster } = this.#order;
    const session = sessionOf(member);
    roster.setPresence(member, { kind: 'gone' });
    const rank = roster.rankOf(member);
    const departed: Effect = { kind: 'departed', member, session, rank, reason, promoted: 0 };
    return [departed, ...this.#commanding.settle(member, at), ...this.release(member, at)];
  }

  /** R-ADMIN-1 */
  #remove(entry: RemovedEntry, at: number): Effect[] {
    const member = this.#order.roster.member(entry.member);
    if (member === undefined) return [rejected(entry, 'NO_SUCH_TARGET')];
    const session = sessionOf(member);
    const effects = this.#leave(member, 'REMOVED', at);
    const ended: Effect[] = session === undefined ? [] : [{ kind: 'removed', session, reason: entry.reason }];
    return [...effects, ...ended, accepted(entry, this.#order)];
  }

  /** R-ADMIN-1 */
  #move(entry: MovedEntry, at: number): Effect[] {
    const { roster } = this.#order;
    const { rank } = entry;
    const member = roster.member(entry.member);
    if (member === undefined || rank >= roster.size) return [rejected(entry, 'NO_SUCH_TARGET')];
    const from = roster.rankOf(member);
    if (from === rank) return [accepted(entry, this.#order)];
    const leaderBefore = roster.leader;
    roster.move(member, rank);
    const shifted = { from: Math.min(from, rank), to: Math.max(from, rank) + 1 };
    const promoted = rank < from ? 1 : rank - from;
    return [
      this.#order.changed({ kind: 'moved', member, rank, reason: undefined }, at, shifted, promoted),
      accepted(entry, this.#order),
      ...(shifted.from === 0 ? [...this.#grace.renew(leaderBefore, at), ...this.#grace.renew(roster.leader, at)] : []),
    ];
  }
}
