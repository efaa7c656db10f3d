import type { WelcomeMessage } from '@rankd/protocol';
import type { ReadyResult } from '../commands/command-executor.js';
import type { Fence, Seat, SeatClaim } from './seat.js';

/** What a member keeps over sessions, for as long as its seat is its own. */
export class ResumableSeat {
  readonly #member: string;
  readonly #lost = new AbortController();
  #secret: string;
  #epoch: number;
  #fence: Fence | undefined;
  /** Results that wait for the seat to be taken back: no more than it has commands under way. */
  #unsent: ReadyResult[] = [];

  constructor({ member, resume, epoch }: WelcomeMessage) {
    this.#member = member;
    this.#secret = resume;
    this.#epoch = epoch;
  }

  /** What takes the seat back (R-JOIN-6). */
  get claim(): SeatClaim {
    return { member: this.#member, secret: this.#secret };
  }

  /** Aborted when the seat is another's. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Its fencing token, where it led in that epoch when it was last seated. */
  fenceIn(epoch: number): Fence | undefined {
    return epoch === this.#epoch ? this.#fence : undefined;
  }

  /** It sits, for the first time or again: each time with another secret. */
  seated({ welcome, fence }: Seat): void {
    this.#secret = welcome.resume;
    this.#epoch = welcome.epoch;
    this.#fence = fence;
  }

  unseated({ fence }: Seat): void {
    this.#fence = fence;
  }

  /** R-CMD-8: what it was given before it went away it may answer once it has resumed. */
  keep(result: ReadyResult): void {
    if (result.giver.member === this.#member) this.#unsent.push(result);
  }

  takeKept(): readonly ReadyResult[] {
    return this.#unsent.splice(0);
  }

  lose(): void {
    this.#unsent = [];
    this.#lost.abort();
  }
}
