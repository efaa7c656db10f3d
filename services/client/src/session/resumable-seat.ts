/** What a member keeps between its sessions. */

import type { WelcomeMessage } from '@rankd/protocol';
import type { ReadyResult } from '../commands/command-executor.js';
import { claimOf, type Fence, type Seat, type SeatClaim } from './seat.js';

/**
 * The data that a member keeps between sessions until its seat is lost: the claim, the fencing token and the unsent results
 * (R-JOIN-6).
 */
export class ResumableSeat {
  readonly #member: string;
  readonly #lostController = new AbortController();
  #claim: SeatClaim;
  #epoch: number;
  #fence: Fence | undefined;
  /** Results to send when the member has its seat again. At most one for each command that it executes. */
  #unsentResults: ReadyResult[] = [];

  constructor(welcome: WelcomeMessage) {
    this.#member = welcome.member;
    this.#claim = claimOf(welcome);
    this.#epoch = welcome.epoch;
  }

  /** The claim with which a hello takes back the seat (R-JOIN-6). */
  get claim(): SeatClaim {
    return this.#claim;
  }

  /** Aborted when the seat is lost permanently. */
  get lostSignal(): AbortSignal {
    return this.#lostController.signal;
  }

  /** Returns the fencing token of the last session if the member led in this epoch. Otherwise undefined. */
  fenceForEpoch(epoch: number): Fence | undefined {
    return epoch === this.#epoch ? this.#fence : undefined;
  }

  /** Records the seat of a new session. Each welcome has another secret. */
  recordSeat({ welcome, fence }: Seat): void {
    this.#claim = claimOf(welcome);
    this.#epoch = welcome.epoch;
    this.#fence = fence;
  }

  /** Records the fencing token of the session that ends. */
  recordFence({ fence }: Seat): void {
    this.#fence = fence;
  }

  /** Keeps a result until the member has its seat again (R-CMD-8). */
  keepResult(result: ReadyResult): void {
    if (result.recipient.member === this.#member) this.#unsentResults.push(result);
  }

  /** Returns the kept results and removes them. */
  removeResults(): readonly ReadyResult[] {
    return this.#unsentResults.splice(0);
  }

  /** Drops the results and aborts `lostSignal`: the seat is lost permanently. */
  abandon(): void {
    this.#unsentResults = [];
    this.#lostController.abort();
  }
}
