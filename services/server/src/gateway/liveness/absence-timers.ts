/** Measures how long members are away, by the monotonic clock of this server. */

import type { Clock } from '../../clock.js';
import type { Member } from '../../core/index.js';
import type { DeadlineTimers } from './deadline-timers.js';

/** The beginning of an absence, as this server has seen it. */
interface Beginning {
  readonly absence: number;
  readonly atMs: number;
}

/**
 * Keeps the beginning of the last absence of each member: when this server applied it, or when it took over the state of a shard that
 * contains it. So a server never measures more than the real time.
 */
export class AbsenceTimers {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #timers: Pick<DeadlineTimers, 'after'>;
  readonly #beginnings = new WeakMap<Member, Beginning>();

  constructor(clock: Pick<Clock, 'monotonicMs'>, timers: Pick<DeadlineTimers, 'after'>) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /**
   * Calls `run` when this absence has lasted for `durationMs`. The first call about an absence begins it. Without a number (format 1 of the
   * log), `durationMs` is the rest of it.
   */
  runAfter(member: Member, absence: number | undefined, durationMs: number, run: () => void): void {
    const leftMs = absence === undefined ? durationMs : durationMs - this.#elapsedMs(member, absence);
    // A timer may fire up to a millisecond early.
    this.#timers.after(Math.ceil(Math.max(0, leftMs)) + 1, run);
  }

  #elapsedMs(member: Member, absence: number): number {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#beginnings.get(member);
    if (known?.absence === absence) return nowMs - known.atMs;
    this.#beginnings.set(member, { absence, atMs: nowMs });
    return 0;
  }
}
