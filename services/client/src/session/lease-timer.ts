import type { Clock, Timer } from '../clock.js';
import { RankdError } from '../rankd-error.js';
import type { Lease } from './lease.js';
import type { SeatConnection } from './seat.js';

/** What pings keep up: a seat, or a place on the waitlist. */
export interface LeaseHolder {
  readonly connection: SeatConnection;
  readonly lease: Lease;
}

/** Tells once of a lease that ran out, and gives the session up once it is lost; reading `rank` needs no timer. */
export class LeaseTimer {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #timer: Timer | undefined;

  /** `tell`: look whether it has run out, and say so. */
  constructor(clock: Clock, tell: () => void) {
    this.#clock = clock;
    this.#onChange = tell;
  }

  /** From now on, in place of what was watched before. */
  start({ connection, lease }: LeaseHolder): void {
    this.stop();
    const nowMs = this.#clock.nowMs();
    // Timers count whole milliseconds and may be early by a part of one, so each one looks at the clock again.
    const nextMs = Math.ceil((lease.isValid(nowMs) ? lease.expiresAtMs : lease.sessionLostAtMs) - nowMs);
    if (nextMs > 0) this.#timer = this.#clock.after(nextMs, () => this.start({ connection, lease }));
    this.#onChange();
    if (nextMs <= 0) connection.end(new RankdError('HEARTBEAT_TIMEOUT'));
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
