/** When the program of a leader must stop if the lease is not renewed (R-PROG-4). */

import type { Clock, Timer } from '@rankd/client/internal';

/** The smallest slack with which a program has time to stop, ms. See `slackOf`. */
export const SLACK_MIN_MS = 200;

/** Returns the slack: how much of a lease is left after two lost heartbeats in a row, ms. */
export function slackOf({
  suspendMs,
  heartbeatMs,
}: {
  readonly suspendMs: number;
  readonly heartbeatMs: number;
}): number {
  return suspendMs - 2 * heartbeatMs;
}

/** The functions that a LeaseBounds calls. */
export interface LeaseBoundsListener {
  /** The program must be asked to stop: half of the slack is left. */
  readonly onStop: () => void;
  /** The program must be killed: an eighth of the slack is left. */
  readonly onKill: () => void;
  /** The moment of the kill has changed, by the clock. */
  readonly onKillAt: (killAtMs: number) => void;
}

/**
 * Follows a lease, and says when the program has to stop: SIGTERM at slack/2 before the end of the lease, SIGKILL at slack/8 before it. A
 * renewal moves both, until `freeze`.
 */
export class LeaseBounds {
  readonly #clock: Clock;
  readonly #slackMs: number;
  readonly #listener: LeaseBoundsListener;
  #endsAtMs: number | undefined;
  #state: 'renewable' | 'frozen' | 'over' = 'renewable';
  #timers: Timer[] = [];

  /** @param slackMs `slackOf` the settings of the server */
  constructor(clock: Clock, slackMs: number, listener: LeaseBoundsListener) {
    this.#clock = clock;
    this.#slackMs = slackMs;
    this.#listener = listener;
  }

  /** The moment of the kill, by the clock. Undefined before the first `renew`. */
  get killAtMs(): number | undefined {
    return this.#endsAtMs === undefined ? undefined : this.#endsAtMs - this.#slackMs / 8;
  }

  /** Whether a program that starts now has time before it is asked to stop. */
  get leavesTime(): boolean {
    return this.#endsAtMs !== undefined && this.#clock.nowMs() < this.#endsAtMs - this.#slackMs / 2;
  }

  /** Records when the lease ends, by the clock. Does nothing after `freeze`. */
  renew(endsAtMs: number): void {
    if (this.#state !== 'renewable' || endsAtMs === this.#endsAtMs) return;
    this.#endsAtMs = endsAtMs;
    this.#cancelTimers();
    const { onStop, onKill, onKillAt } = this.#listener;
    onKillAt(endsAtMs - this.#slackMs / 8);
    this.#callAt(endsAtMs - this.#slackMs / 2, onStop);
    this.#callAt(endsAtMs - this.#slackMs / 8, onKill);
  }

  /** Ignores renewals from now on. Called when the server has asked the member to yield, or when the member leaves. */
  freeze(): void {
    if (this.#state === 'renewable') this.#state = 'frozen';
  }

  /** Ends the bounds: the program has ended. */
  end(): void {
    this.#state = 'over';
    this.#cancelTimers();
  }

  #callAt(atMs: number, run: () => void): void {
    this.#timers.push(this.#clock.after(Math.max(0, atMs - this.#clock.nowMs()), run));
  }

  #cancelTimers(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel();
  }
}
