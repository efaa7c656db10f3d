/** Timers for many deadlines, most of which are cancelled. */

import type { Clock, Timer } from '../../clock.js';

/** How late a deadline may be. All deadlines within one such slot share a timer. */
const SLOT_MS = 10;

interface Slot {
  readonly timer: Timer;
  readonly runs: Set<() => void>;
}

/**
 * Runs functions at their deadlines. There are thousands and most are cancelled, so all deadlines of the same slot share one timer of the
 * clock.
 */
export class DeadlineTimers {
  readonly #clock: Clock;
  readonly #slots = new Map<number, Slot>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `run` after `delayMs`, at most SLOT_MS late. Returns a timer with which it can be cancelled. */
  after(delayMs: number, run: () => void): Timer {
    const number = Math.ceil((this.#clock.monotonicMs() + delayMs) / SLOT_MS);
    const slot = this.#slots.get(number) ?? this.#openSlot(number);
    // A new function for each call, so that the same `run` may be added twice.
    const own = (): void => run();
    slot.runs.add(own);
    return { cancel: () => this.#cancel(number, own) };
  }

  #openSlot(number: number): Slot {
    const slot = { timer: this.#startTimer(number), runs: new Set<() => void>() };
    this.#slots.set(number, slot);
    return slot;
  }

  #startTimer(number: number): Timer {
    const dueMs = number * SLOT_MS;
    return this.#clock.after(Math.max(0, Math.ceil(dueMs - this.#clock.monotonicMs())), () => this.#runSlot(number));
  }

  #runSlot(number: number): void {
    const slot = this.#slots.get(number);
    this.#slots.delete(number);
    for (const run of slot?.runs ?? []) run();
  }

  #cancel(number: number, run: () => void): void {
    const slot = this.#slots.get(number);
    if (slot?.runs.delete(run) !== true || slot.runs.size > 0) return;
    slot.timer.cancel();
    this.#slots.delete(number);
  }
}
