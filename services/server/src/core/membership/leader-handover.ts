import { assertNever } from '../assert-never.js';
import type { SnapshotRefs } from '../commands/snapshot-refs.js';
import { pendingDecisionOf, pendingDecisionSnapshot, type PendingDecision } from './pending-decision.js';
import type { Effect } from '../effects.js';
import type { StoppedEntry } from '../entries.js';
import { sessionOf, type Member } from '../roster/member.js';
import type { VersionedRoster } from '../roster/versioned-roster.js';
import type { GroupLimits } from '../group-limits.js';
import type { HandoverSnapshot } from '../snapshot.js';

/**
 * R-LEAD-1: decisions that concern a leader that may still act on its rank are held, in their order, until it has stopped.
 * At most one leader is waited for at a time.
 */
export class LeaderHandover {
  readonly #order: VersionedRoster;
  readonly #rules: GroupLimits;
  #leader: Member | undefined;
  #held: PendingDecision[] = [];
  /** The number of the last ask: an answer to an earlier one says nothing of today. */
  #asks = 0;

  constructor(order: VersionedRoster, rules: GroupLimits) {
    this.#order = order;
    this.#rules = rules;
  }

  /** Does a held decision end `member`? */
  ends(member: Member): boolean {
    return this.#held.some(decision => decision.kind === 'end' && decision.member === member);
  }

  /** Do the held decisions wait for `member`? */
  waitsFor(member: Member): boolean {
    return this.#leader === member;
  }

  /**
   * Holds `decision`, and asks the leader to stop unless it has been asked already; undefined where there is nobody to wait
   * for. `stopped` is known to have stopped, wherever it stands.
   */
  hold(decision: PendingDecision, at: number, stopped: Member | undefined): Effect[] | undefined {
    const { leader } = this.#order.roster;
    if (leader === undefined || leader === stopped) return undefined;
    if (!this.#concerns(leader, decision) || this.#hasStopped(leader, at)) return undefined;
    const isAsked = this.waitsFor(leader);
    this.#leader = leader;
    this.#held.push(decision);
    return isAsked ? [] : [this.#ask(leader, at)];
  }

  /** `member` has another session, or none any more: where it is waited for, it has yet to be asked there. */
  askAgain(member: Member, at: number): Effect[] {
    return this.waitsFor(member) ? [this.#ask(member, at)] : [];
  }

  /** The leader that has stopped by this entry; undefined where the entry does not answer the last ask. */
  stoppedBy({ epoch, member, ask }: StoppedEntry): Member | undefined {
    const answers = epoch === this.#order.epoch && member === this.#leader?.id && ask === this.#asks;
    return answers ? this.#leader : undefined;
  }

  /** The leader has stopped: what was held, to be decided now. */
  release(): readonly PendingDecision[] {
    const held = this.#held;
    this.#leader = undefined;
    this.#held = [];
    return held;
  }

  /** The last ask, for the time that is left of it, where only a timer answers it: its leader has no session. */
  pending(at: number): Effect[] {
    const leader = this.#leader;
    return leader === undefined || sessionOf(leader) !== undefined ? [] : [this.#lastAsk(leader, at)];
  }

  snapshot(register: SnapshotRefs): HandoverSnapshot {
    const leader = this.#leader && register.numberOf(this.#leader);
    return { leader, held: this.#held.map(decision => pendingDecisionSnapshot(decision, register)), asks: this.#asks };
  }

  /** Of a handover that has held nothing yet. */
  load({ leader, held, asks }: HandoverSnapshot, register: SnapshotRefs): void {
    this.#leader = leader === undefined ? undefined : register.member(leader);
    this.#held = held.map(decision => pendingDecisionOf(decision, register));
    this.#asks = asks;
  }

  #ask(leader: Member, at: number): Effect {
    this.#asks += 1;
    return this.#lastAsk(leader, at);
  }

  #lastAsk(leader: Member, at: number): Effect {
    const { presence } = leader;
    const { suspendMs } = this.#rules;
    const waitMs = presence.kind === 'away' ? Math.max(0, presence.since + suspendMs - at) : suspendMs;
    const { epoch } = this.#order;
    return { kind: 'ask-to-stop', epoch, member: leader, ask: this.#asks, session: sessionOf(leader), waitMs };
  }

  #concerns(leader: Member, decision: PendingDecision): boolean {
    const { roster } = this.#order;
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

  /** Has this leader certainly stopped acting on its rank? Where that is not certain nobody knows when it was last heard. */
  #hasStopped({ presence }: Member, at: number): boolean {
    switch (presence.kind) {
      case 'present':
        return false;
      case 'gone':
        return true;
      case 'away':
        return presence.because === 'lost' || at - presence.since >= this.#rules.suspendMs;
      default:
        return assertNever(presence);
    }
  }
}
