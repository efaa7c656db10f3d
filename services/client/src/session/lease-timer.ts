/** Reports that a lease has expired, at the time at which it expires. */

import type { Clock, Timer } from '../clock.js';
import { RankdError } from '../rankd-error.js';
import type { Lease } from './lease.js';
import type { SeatConnection } from './seat.js';

/** An object with a lease that pings renew: a seat, or a position on the waitlist. */
export interface LeaseHolder {
  readonly connection: SeatConnection;
  readonly lease: Lease;
}

/**
 * Calls `onChange` when a lease expires, and ends the connection when the session is lost. Reading `Membership.rank` checks the clock and
 * needs no timer.
 */
export class LeaseTimer {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #timer: Timer | undefined;

  /** @param onChange called when the timer is started and when the lease has expired */
  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Starts the timer for this lease. Replaces the timer of an earlier lease. */
  start({ connection, lease }: LeaseHolder): void {
    this.stop();
    const nowMs = this.#clock.nowMs();
    // A timer may fire a fraction of a millisecond early, so check the clock when it fires.
    const nextMs = Math.ceil((lease.isValid(nowMs) ? lease.expiresAtMs : lease.sessionLostAtMs) - nowMs);
    if (nextMs > 0) this.#timer = this.#clock.after(nextMs, () => this.start({ connection, lease }));
    this.#onChange();
    if (nextMs <= 0) connection.end(new RankdError('HEARTBEAT_TIMEOUT'));
  }

  /** Stops the timer. */
  stop(): void {
    this.#timer?.cancel();
  }
}
