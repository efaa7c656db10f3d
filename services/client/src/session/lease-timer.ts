import type { Clock, Timer } from '../clock.js';
import type { Lease } from './lease.js';
import { RankdError } from '../rankd-error.js';
import type { SeatConnection } from './seat.js';

/** What pings keep up: a seat, or a place on the waitlist. */
export interface LeaseHolder {
  readonly link: SeatConnection;
  readonly lease: Lease;
}

/** Tells once of a lease that ran out, and gives the session up once it is lost; reading `rank` needs no timer. */
export class LeaseTimer {
  readonly #clock: Clock;
  readonly #tell: () => void;
  #timer: Timer | undefined;

  /** `tell`: look whether it has run out, and say so. */
  constructor(clock: Clock, tell: () => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** From now on, in place of what was watched before. */
  watch({ link, lease }: LeaseHolder): void {
    this.stop();
    const nowMs = this.#clock.nowMs();
    // Timers count whole milliseconds and may be early by a part of one, so each one looks at the clock again.
    const nextMs = Math.ceil((lease.holds(nowMs) ? lease.endsAtMs : lease.lostAtMs) - nowMs);
    if (nextMs > 0) this.#timer = this.#clock.after(nextMs, () => this.watch({ link, lease }));
    this.#tell();
    if (nextMs <= 0) link.end(new RankdError('HEARTBEAT_TIMEOUT'));
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
