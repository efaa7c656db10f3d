/** Timers for many deadlines, most of which are cancelled. */

import type { Clock, Timer } from '../../clock.js';

/** How late a deadline may be. All deadlines within one such slot share a timer. */
const SLOT_MS = 10;
/** How long deadlines that have passed are run before sockets are read and answers are written, in milliseconds (R-PACE-1). */
const RUN_MS_MAX = 2;

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
  /** The slots that are due, earliest first. */
  readonly #due: Slot[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `run` after `delayMs`, at most SLOT_MS late unless thousands are due at once. Returns a timer with which it can be cancelled. */
  after(delayMs: number, run: () => void): Timer {
    const number = Math.ceil((this.#clock.monotonicMs() + delayMs) / SLOT_MS);
    const slot = this.#slots.get(number) ?? this.#openSlot(number);
    // A new function for each call, so that the same `run` may be added twice.
    const own = (): void => run();
    slot.runs.add(own);
    return { cancel: () => this.#cancel(number, slot, own) };
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
    if (slot === undefined) return;
    this.#due.push(slot);
    if (this.#due.length === 1) this.#runDue();
  }

  /** Runs what is due for at most `RUN_MS_MAX`. The rest is run after the sockets have been read. */
  #runDue(): void {
    const untilMs = this.#clock.monotonicMs() + RUN_MS_MAX;
    for (let slot = this.#due[0]; slot !== undefined; slot = this.#due[0]) {
      for (const run of slot.runs) {
        if (this.#clock.monotonicMs() >= untilMs) {
          this.#clock.soon(() => this.#runDue());
          return;
        }
        slot.runs.delete(run);
        run();
      }
      this.#due.shift();
    }
  }

  #cancel(number: number, slot: Slot, run: () => void): void {
    if (!slot.runs.delete(run) || slot.runs.size > 0 || this.#slots.get(number) !== slot) return;
    slot.timer.cancel();
    this.#slots.delete(number);
  }
}
