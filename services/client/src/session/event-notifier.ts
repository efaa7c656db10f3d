/** Decides which events of a membership are emitted, and in which order. */

import type { ViewMessage, WaitingMessage, WelcomeMessage } from '@rankd/protocol';
import type { MembershipEvents, RankChange, SizeChange, Suspension } from '../events.js';

/** Which changes of a view are reported: `rank` for the rank and the leader, `size` for the size too. */
export type ViewInterest = 'rank' | 'size';

/** Emits an event. An EventEmitter does, and so does a membership. */
export interface EventSink {
  emit<E extends keyof MembershipEvents>(event: E, ...payload: MembershipEvents[E]): unknown;
}

/** Emits the events of a member in order. Emits each change once, and a change of the rank only while the member may act on its rank. */
export class EventNotifier {
  readonly #listeners: EventSink;
  readonly #interest: ViewInterest;
  /** The state in the last welcome or view. */
  #lastView: Pick<ViewMessage, 'rank' | 'size' | 'leader'> | undefined;
  #emittedRank: number | undefined;
  #emittedSize: number | undefined;
  #pendingSize: SizeChange | undefined;
  #pendingChange: RankChange | undefined;
  #emittedActing = false;
  #emittedLeaseEndMs: number | undefined;

  constructor(listeners: EventSink, interest: ViewInterest) {
    this.#listeners = listeners;
    this.#interest = interest;
  }

  /** Emits `waiting`. */
  emitWaiting({ position, of }: WaitingMessage): void {
    this.#listeners.emit('waiting', { position, of });
  }

  /**
   * Emits `joined`. A `rank` event follows if the member had another seat or another rank before, and a `size` event if the size was
   * another one before.
   */
  emitJoined({ rank, size, slot, member, name, resumed, leader }: WelcomeMessage): void {
    this.#lastView = { rank, size, leader };
    const was = this.#emittedRank;
    const cause = { kind: resumed ? 'resumed' : 'joined', member, name } as const;
    const isNews = was !== undefined && (was !== rank || !resumed);
    this.#pendingChange = isNews ? { rank, was, size, cause } : undefined;
    this.#emittedRank ??= rank;
    this.#recordSize(size);
    this.#emittedActing = true;
    this.#listeners.emit('joined', { rank, size, slot, member, resumed });
  }

  /** Records a view. `emitChanges` emits what has changed. */
  recordView(view: ViewMessage): void {
    const { rank, size, leader, cause, changes } = view;
    // A view without changes only ends a yield (R-LEAD-2), so there is no change to report.
    if (changes > 0 && this.#mustReport(view)) this.#pendingChange = { rank, was: this.#emittedRank, size, cause };
    this.#lastView = { rank, size, leader };
    this.#recordSize(size);
  }

  #recordSize(size: number): void {
    const was = (this.#emittedSize ??= size);
    this.#pendingSize = size === was ? undefined : { size, was };
  }

  #mustReport({ rank, size, leader }: ViewMessage): boolean {
    const known = this.#lastView;
    if (rank !== known?.rank || leader.member !== known.leader.member) return true;
    return this.#interest === 'size' && size !== known.size;
  }

  /**
   * Emits the changes that are not emitted yet. Changes of the size are emitted while the member is suspended too, because a size gives no
   * permission to act.
   * @param suspension why the member must not act on its rank; undefined while it may
   */
  emitChanges(rank: number, suspension: Suspension | undefined): void {
    const acts = suspension === undefined;
    if (acts !== this.#emittedActing) {
      this.#emittedActing = acts;
      if (acts) this.#listeners.emit('acting', { rank });
      else this.#listeners.emit('suspended', { rank, because: suspension });
    }
    const change = this.#pendingChange;
    // A listener of `acting` may have called `leave`, which suspends the member.
    if (this.#emittedActing && change !== undefined) {
      this.#pendingChange = undefined;
      this.#emittedRank = change.rank;
      this.#listeners.emit('rank', change);
    }
    this.#emitSize();
  }

  #emitSize(): void {
    const change = this.#pendingSize;
    if (change === undefined) return;
    this.#pendingSize = undefined;
    this.#emittedSize = change.size;
    this.#listeners.emit('size', change);
  }

  /** Emits `lease` if the lease ends at another time than the last event reported. */
  emitLease(endsAt: number): void {
    if (endsAt === this.#emittedLeaseEndMs) return;
    this.#emittedLeaseEndMs = endsAt;
    this.#listeners.emit('lease', { endsAt });
  }

  /** Drops changes that are not emitted yet, because the event `disconnected` follows. */
  recordSessionEnd(): void {
    this.#emittedActing = false;
    this.#pendingChange = undefined;
    this.#pendingSize = undefined;
    this.#emittedLeaseEndMs = undefined;
  }
}
