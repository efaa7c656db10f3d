import type { WelcomeMessage } from '@rankd/protocol';
import type { ReadyResult } from '../commands/command-executor.js';
import type { Fence, Seat, SeatClaim } from './seat.js';

/** What a member keeps over sessions, for as long as its seat is its own. */
export class ResumableSeat {
  readonly #member: string;
  readonly #lostController = new AbortController();
  #secret: string;
  #epoch: number;
  #fence: Fence | undefined;
  /** Results that wait for the seat to be taken back: no more than it has commands under way. */
  #unsentResults: ReadyResult[] = [];

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
  get lostSignal(): AbortSignal {
    return this.#lostController.signal;
  }

  /** Its fencing token, where it led in that epoch when it was last seated. */
  fenceForEpoch(epoch: number): Fence | undefined {
    return epoch === this.#epoch ? this.#fence : undefined;
  }

  /** It sits, for the first time or again: each time with another secret. */
  recordSeat({ welcome, fence }: Seat): void {
    this.#secret = welcome.resume;
    this.#epoch = welcome.epoch;
    this.#fence = fence;
  }

  recordFence({ fence }: Seat): void {
    this.#fence = fence;
  }

  /** R-CMD-8: what it was given before it went away it may answer once it has resumed. */
  keepResult(result: ReadyResult): void {
    if (result.recipient.member === this.#member) this.#unsentResults.push(result);
  }

  removeResults(): readonly ReadyResult[] {
    return this.#unsentResults.splice(0);
  }

  abandon(): void {
    this.#unsentResults = [];
    this.#lostController.abort();
  }
}
