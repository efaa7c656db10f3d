import type { EventEmitter } from 'node:events';
import type { ViewMessage, WaitingMessage, WelcomeMessage } from '@rankd/protocol';
import type { MembershipEvents, RankChange, Suspension } from '../events.js';

/** Which changes of a view are reported: of the rank and the leader, or of the size too. */
export type ViewInterest = 'rank' | 'size';

/**
 * What listeners have been told of where this member stands. They hear of each change once, and of its rank only while it
 * may be acted on.
 */
export class EventNotifier {
  readonly #listeners: EventEmitter<MembershipEvents>;
  readonly #interest: ViewInterest;
  /** As last told by the coordinator, which may tell more than listeners care for. */
  #known: Pick<ViewMessage, 'rank' | 'size' | 'leader'> | undefined;
  #rankTold: number | undefined;
  #untold: RankChange | undefined;
  #actingTold = false;

  constructor(listeners: EventEmitter<MembershipEvents>, interest: ViewInterest) {
    this.#listeners = listeners;
    this.#interest = interest;
  }

  waits({ position, of }: WaitingMessage): void {
    this.#listeners.emit('waiting', { position, of });
  }

  /** A rank that it had before is news where the seat or the rank is another. */
  seated({ rank, size, slot, member, name, resumed, leader }: WelcomeMessage): void {
    this.#known = { rank, size, leader };
    const was = this.#rankTold;
    const cause = { kind: resumed ? 'resumed' : 'joined', member, name } as const;
    const isNews = was !== undefined && (was !== rank || !resumed);
    this.#untold = isNews ? { rank, was, size, cause } : undefined;
    this.#rankTold ??= rank;
    this.#actingTold = true;
    this.#listeners.emit('joined', { rank, size, slot, member, resumed });
  }

  viewed(view: ViewMessage): void {
    const { rank, size, leader, cause, changes } = view;
    // A view that only lets it act again (R-LEAD-2) is no news of its rank.
    if (changes > 0 && this.#isNews(view)) this.#untold = { rank, was: this.#rankTold, size, cause };
    this.#known = { rank, size, leader };
  }

  #isNews({ rank, size, leader }: ViewMessage): boolean {
    const known = this.#known;
    if (rank !== known?.rank || leader.member !== known.leader.member) return true;
    return this.#interest === 'size' && size !== known.size;
  }

  /** `suspension`: why it may not act on its rank; undefined while it may. */
  look(rank: number, suspension: Suspension | undefined): void {
    const acts = suspension === undefined;
    if (acts !== this.#actingTold) {
      this.#actingTold = acts;
      if (acts) this.#listeners.emit('acting', { rank });
      else this.#listeners.emit('suspended', { rank, because: suspension });
    }
    const change = this.#untold;
    if (!acts || change === undefined) return;
    this.#untold = undefined;
    this.#rankTold = change.rank;
    this.#listeners.emit('rank', change);
  }

  /** `disconnected` tells it. */
  unseated(): void {
    this.#actingTold = false;
    this.#untold = undefined;
  }
}
