import type { MovedEntry, RemovedEntry } from './entries.js';
import type { Member } from './member.js';

/** What the server decides about a member, as opposed to what a member does: it may have to wait for the leader to stop. */
export type Decision =
  | { readonly kind: 'move'; readonly entry: MovedEntry }
  | { readonly kind: 'remove'; readonly entry: RemovedEntry }
  /** The server has ended its session. */
  | { readonly kind: 'end'; readonly member: Member; readonly reason: string };

/**
 * R-LEAD-1: decisions that would make another member rank 0 are held, in their order, until today's leader has stopped. At
 * most one leader is waited for at a time.
 */
export class Handover {
  #leader: Member | undefined;
  #held: Decision[] = [];
  #asks = 0;

  /** Whom the held decisions wait for. */
  get leader(): Member | undefined {
    return this.#leader;
  }

  /** The number of the last ask: an answer to an earlier one says nothing of today. */
  get lastAsk(): number {
    return this.#asks;
  }

  /** The number of an ask that is about to be made. */
  nextAsk(): number {
    this.#asks += 1;
    return this.#asks;
  }

  /** True where `leader` has to be asked to stop; false where it has been asked already. */
  hold(decision: Decision, leader: Member): boolean {
    const isNew = this.#leader !== leader;
    this.#leader = leader;
    this.#held.push(decision);
    return isNew;
  }

  /** Does a held decision end `member`? */
  ends(member: Member): boolean {
    return this.#held.some(decision => decision.kind === 'end' && decision.member === member);
  }

  /** The leader has stopped: what was held, to be decided now. */
  release(): readonly Decision[] {
    const held = this.#held;
    this.#leader = undefined;
    this.#held = [];
    return held;
  }
}
