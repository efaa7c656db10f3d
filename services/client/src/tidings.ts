import type { EventEmitter } from 'node:events';
import type { ViewMessage, WaitingMessage, WelcomeMessage } from '@rankd/protocol';
import type { MembershipEvents, RankChange, Suspension } from './client-event.js';

/**
 * What listeners have been told of where this member stands. They hear of each change once, and of its rank only while it
 * may be acted on.
 */
export class Tidings {
  readonly #listeners: EventEmitter<MembershipEvents>;
  #rankTold: number | undefined;
  #untold: RankChange | undefined;
  #actingTold = false;

  constructor(listeners: EventEmitter<MembershipEvents>) {
    this.#listeners = listeners;
  }

  waits({ position, of }: WaitingMessage): void {
    this.#listeners.emit('waiting', { position, of });
  }

  /** A rank that it had before is news where the seat or the rank is another. */
  seated({ rank, size, slot, member, name, resumed }: WelcomeMessage): void {
    const was = this.#rankTold;
    const cause = { kind: resumed ? 'resumed' : 'joined', member, name } as const;
    const isNews = was !== undefined && (was !== rank || !resumed);
    this.#untold = isNews ? { rank, was, size, cause } : undefined;
    this.#rankTold ??= rank;
    this.#actingTold = true;
    this.#listeners.emit('joined', { rank, size, slot, member, resumed });
  }

  viewed({ rank, size, cause, changes }: ViewMessage): void {
    // A view that only lets it act again (R-LEAD-2) is no news of its rank.
    if (changes > 0) this.#untold = { rank, was: this.#rankTold, size, cause };
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
