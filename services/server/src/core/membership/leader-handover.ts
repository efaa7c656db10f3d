/**
 * R-LEAD-1: the old leader has stopped before another member becomes rank 0. A handover is the time in which the leader is asked to stop.
 */

import { assertNever } from '../assert-never.js';
import type { SnapshotRefs } from '../commands/snapshot-refs.js';
import type { AskToStopEffect, Effect } from '../effects.js';
import type { MovedEntry, RemovedEntry, StoppedEntry } from '../entries.js';
import type { GroupLimits } from '../group-limits.js';
import { type AwayPresence, type Member, mayActMsOf, sessionOf } from '../roster/member.js';
import type { VersionedRoster } from '../roster/versioned-roster.js';
import type { HandoverSnapshot } from '../snapshot.js';
import { hasLeaderStopped, mayActLeftMs } from './format-one-rules.js';
import { type PendingDecision, pendingDecisionOf, pendingDecisionSnapshot } from './pending-decision.js';

/**
 * Returns the effects of one entry with the requests to stop at the end. A leader receives all changes of the entry before it has to stop: a
 * view with only some of them would be wrong, and after the request the leader gets no view.
 */
export function askLast(effects: Effect[]): Effect[] {
  if (effects.length < 2 || !effects.some(({ kind }) => kind === 'ask-to-stop')) return effects;
  const isAsk = ({ kind }: Effect): boolean => kind === 'ask-to-stop';
  return [...effects.filter(effect => !isAsk(effect)), ...effects.filter(isAsk)];
}

/**
 * Holds decisions about a leader that may still act on its rank until it has stopped (R-LEAD-1). Keeps the decisions in order. At most one
 * leader is asked to stop at a time.
 */
export class LeaderHandover {
  readonly #versioned: VersionedRoster;
  readonly #limits: GroupLimits;
  #leader: Member | undefined;
  #held: PendingDecision[] = [];
  /** The number of the last request to stop. An answer to an earlier request has no effect. */
  #asks = 0;

  constructor(versioned: VersionedRoster, limits: GroupLimits) {
    this.#versioned = versioned;
    this.#limits = limits;
  }

  /** Whether a held decision ends the session of `member`. */
  hasDecisionToEnd(member: Member): boolean {
    return this.#held.some(decision => decision.kind === 'end' && decision.member === member);
  }

  /** The requests of administrators among the held decisions, in order. */
  get heldRequests(): readonly (MovedEntry | RemovedEntry)[] {
    return this.#held.flatMap(decision => (decision.kind === 'end' ? [] : [decision.entry]));
  }

  /** Whether the held decisions wait for `member` to stop. */
  waitsFor(member: Member): boolean {
    return this.#leader === member;
  }

  /**
   * Holds `decision` and asks the leader to stop, unless the leader was asked before. Returns undefined if the decision can be applied at
   * once, because it does not concern the leader, or because the leader has stopped. `stopped` is a member that is known to have stopped.
   */
  holdDecision(decision: PendingDecision, at: number, stopped: Member | undefined): Effect[] | undefined {
    const { leader } = this.#versioned.roster;
    if (leader === undefined || leader === stopped) return undefined;
    if (!this.#concerns(leader, decision) || this.hasStopped(leader, at)) return undefined;
    const isAsked = this.waitsFor(leader);
    this.#leader = leader;
    this.#held.push(decision);
    return isAsked ? [] : [this.#askToStop(leader, at)];
  }

  /** Repeats the request to the leader that decisions wait for, because servers measure durations from now on. */
  repeatAsk(at: number): Effect[] {
    return this.#leader === undefined ? [] : [this.#askToStop(this.#leader, at)];
  }

  /** Asks `member` to stop again, because its session has changed. Returns nothing if no decision waits for it. */
  askAgain(member: Member, at: number): Effect[] {
    return this.waitsFor(member) ? [this.#askToStop(member, at)] : [];
  }

  /**
   * Returns the leader that has stopped. Returns undefined if the entry does not answer the last request, or if its evidence is a close
   * that proves nothing.
   */
  stoppedBy({ epoch, member, ask, evidence }: StoppedEntry): Member | undefined {
    const leader = this.#leader;
    const answers = epoch === this.#versioned.epoch && member === leader?.id && ask === this.#asks;
    if (!answers || (evidence === 'closed' && !this.#provesStop(leader))) return undefined;
    return leader;
  }

  /**
   * Whether the close of the leader's connection proves that the leader has stopped (R-LEAD-1). The close is no proof if a proxy may have
   * closed one end only, or if the member may still use an earlier session.
   */
  #provesStop({ secrets }: Member): boolean {
    return this.#limits.graceLeaderMs === 0 && !secrets.isContested;
  }

  /**
   * Whether this member has certainly stopped acting on its rank. A present member has not, even if its session has ended (R-LEAD-1). An
   * away member has, if the loss of its connection was a proof. Otherwise a server first has to claim that the time for which the member
   * may still act has passed.
   */
  hasStopped({ presence }: Member, at: number): boolean {
    switch (presence.kind) {
      case 'present':
        return false;
      case 'gone':
        return true;
      case 'away':
        return 'since' in presence
          ? hasLeaderStopped(presence, this.#limits, at)
          : mayActMsOf(presence, this.#limits) === 0;
      default:
        return assertNever(presence);
    }
  }

  /** Returns the held decisions and forgets them. The caller knows that the leader has stopped. */
  takeHeldDecisions(): readonly PendingDecision[] {
    const held = this.#held;
    this.#leader = undefined;
    this.#held = [];
    return held;
  }

  /** Returns the last request, if the leader has no session. Only a timer can answer such a request. */
  pending(at: number): Effect[] {
    const leader = this.#leader;
    return leader === undefined || sessionOf(leader) !== undefined ? [] : [this.#currentAsk(leader, at)];
  }

  /** Returns the held decisions as plain values. */
  snapshot(refs: SnapshotRefs): HandoverSnapshot {
    const leader = this.#leader && refs.numberOf(this.#leader);
    return { leader, held: this.#held.map(decision => pendingDecisionSnapshot(decision, refs)), asks: this.#asks };
  }

  /** Loads a snapshot. The handover must be new. */
  load({ leader, held, asks }: HandoverSnapshot, refs: SnapshotRefs): void {
    this.#leader = leader === undefined ? undefined : refs.member(leader);
    this.#held = held.map(decision => pendingDecisionOf(decision, refs));
    this.#asks = asks;
  }

  #askToStop(leader: Member, at: number): Effect {
    this.#asks += 1;
    return this.#currentAsk(leader, at);
  }

  #currentAsk(leader: Member, at: number): Effect {
    const { presence } = leader;
    const { epoch } = this.#versioned;
    const wait =
      presence.kind === 'away'
        ? this.#absenceToWait(presence, at)
        : { absence: undefined, waitMs: this.#limits.suspendMs };
    return { kind: 'ask-to-stop', epoch, member: leader, ask: this.#asks, session: sessionOf(leader), ...wait };
  }

  #absenceToWait(presence: AwayPresence, at: number): Pick<AskToStopEffect, 'absence' | 'waitMs'> {
    return 'since' in presence
      ? { absence: undefined, waitMs: Math.max(0, mayActLeftMs(presence, this.#limits, at)) }
      : { absence: presence.absence, waitMs: mayActMsOf(presence, this.#limits) };
  }

  /** Whether `decision` takes rank 0 from `leader`. */
  #concerns(leader: Member, decision: PendingDecision): boolean {
    const { roster } = this.#versioned;
    switch (decision.kind) {
      case 'end':
        return decision.member === leader;
      case 'remove':
        return decision.entry.member === leader.id;
      case 'move': {
        const { member, rank } = decision.entry;
        return (member === leader.id) !== (rank === 0) && rank < roster.size && roster.member(member) !== undefined;
      }
      default:
        return assertNever(decision);
    }
  }
}
