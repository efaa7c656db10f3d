import type { Clock, Timer } from '../../clock.js';

/** How much later than asked for an alarm may go off: all within one such slot share a timer. */
const SLOT_MS = 10;

interface Slot {
  readonly timer: Timer;
  readonly runs: Set<() => void>;
}

/** Deadlines by the thousand, most of which are called off: one timer for all that fall into the same few ms. */
export class DeadlineTimers {
  readonly #clock: Clock;
  readonly #slots = new Map<number, Slot>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Not before `delayMs` have passed, and at most SLOT_MS later. */
  after(delayMs: number, run: () => void): Timer {
    const number = Math.ceil((this.#clock.monotonicMs() + delayMs) / SLOT_MS);
    const slot = this.#slots.get(number) ?? this.#open(number);
    // Its own function, so that the same one may be set twice.
    const own = (): void => run();
    slot.runs.add(own);
    return { cancel: () => this.#cancel(number, own) };
  }

  #open(number: number): Slot {
    const slot = { timer: this.#wait(number), runs: new Set<() => void>() };
    this.#slots.set(number, slot);
    return slot;
  }

  #wait(number: number): Timer {
    const dueMs = number * SLOT_MS;
    return this.#clock.after(Math.max(0, Math.ceil(dueMs - this.#clock.monotonicMs())), () => this.#goOff(number));
  }

  #goOff(number: number): void {
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
