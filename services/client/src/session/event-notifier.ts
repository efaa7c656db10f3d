import type { EventEmitter } from 'node:events';
import type { ViewMessage, WaitingMessage, WelcomeMessage } from '@rankd/protocol';
import type { MembershipEvents, RankChange, Suspension } from '../events.js';

/** Which changes of a view are reported: of the rank and the leader, or of the size too. */
export type ViewInterest = 'rank' | 'size';

/**
 * Emits the events of a member in order: each change once, and a change of the rank only while the member may act on it.
 */
export class EventNotifier {
  readonly #listeners: EventEmitter<MembershipEvents>;
  readonly #interest: ViewInterest;
  /** From the last welcome or view of the server. */
  #lastView: Pick<ViewMessage, 'rank' | 'size' | 'leader'> | undefined;
  #emittedRank: number | undefined;
  #pendingChange: RankChange | undefined;
  #emittedActing = false;

  constructor(listeners: EventEmitter<MembershipEvents>, interest: ViewInterest) {
    this.#listeners = listeners;
    this.#interest = interest;
  }

  emitWaiting({ position, of }: WaitingMessage): void {
    this.#listeners.emit('waiting', { position, of });
  }

  /** Emits `joined`. A `rank` event follows if the member had another seat or another rank before. */
  emitJoined({ rank, size, slot, member, name, resumed, leader }: WelcomeMessage): void {
    this.#lastView = { rank, size, leader };
    const was = this.#emittedRank;
    const cause = { kind: resumed ? 'resumed' : 'joined', member, name } as const;
    const isNews = was !== undefined && (was !== rank || !resumed);
    this.#pendingChange = isNews ? { rank, was, size, cause } : undefined;
    this.#emittedRank ??= rank;
    this.#emittedActing = true;
    this.#listeners.emit('joined', { rank, size, slot, member, resumed });
  }

  recordView(view: ViewMessage): void {
    const { rank, size, leader, cause, changes } = view;
    // A view without changes only ends a yield (R-LEAD-2): the rank is the same.
    if (changes > 0 && this.#mustReport(view)) this.#pendingChange = { rank, was: this.#emittedRank, size, cause };
    this.#lastView = { rank, size, leader };
  }

  #mustReport({ rank, size, leader }: ViewMessage): boolean {
    const known = this.#lastView;
    if (rank !== known?.rank || leader.member !== known.leader.member) return true;
    return this.#interest === 'size' && size !== known.size;
  }

  /** Emits what has changed. `suspension` is why the member may not act on its rank; undefined while it may. */
  emitChanges(rank: number, suspension: Suspension | undefined): void {
    const acts = suspension === undefined;
    if (acts !== this.#emittedActing) {
      this.#emittedActing = acts;
      if (acts) this.#listeners.emit('acting', { rank });
      else this.#listeners.emit('suspended', { rank, because: suspension });
    }
    const change = this.#pendingChange;
    if (!acts || change === undefined) return;
    this.#pendingChange = undefined;
    this.#emittedRank = change.rank;
    this.#listeners.emit('rank', change);
  }

  /** Drops changes that are not emitted yet. The `disconnected` event reports the end of the session. */
  recordSessionEnd(): void {
    this.#emittedActing = false;
    this.#pendingChange = undefined;
  }
}
