import type { Clock, Timer } from '../../clock.js';

/** By how much a deadline may be late: all deadlines within one such slot share a timer. */
const SLOT_MS = 10;

interface Slot {
  readonly timer: Timer;
  readonly runs: Set<() => void>;
}

/** Runs functions at their deadlines. Most of thousands are cancelled: all of the same few ms share one timer. */
export class DeadlineTimers {
  readonly #clock: Clock;
  readonly #slots = new Map<number, Slot>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `run` after `delayMs`, at most SLOT_MS late. */
  after(delayMs: number, run: () => void): Timer {
    const number = Math.ceil((this.#clock.monotonicMs() + delayMs) / SLOT_MS);
    const slot = this.#slots.get(number) ?? this.#openSlot(number);
    // Its own function, so that the same one may be set twice.
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
