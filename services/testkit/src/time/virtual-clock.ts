/** A clock that jumps from one event to the next. */

import TinyQueue from 'tinyqueue';

/** A call that is due later and can be cancelled. */
export interface Cancellable {
  cancel(): void;
}

class Due implements Cancellable {
  readonly atMs: number;
  readonly #place: number;
  run: (() => void) | undefined;

  constructor(atMs: number, place: number, run: () => void) {
    this.atMs = atMs;
    this.#place = place;
    this.run = run;
  }

  cancel(): void {
    this.run = undefined;
  }

  /**
   * Returns a negative number if `one` is due before `other`. Never returns 0 for two calls, because the queue does not keep the order of
   * equal items.
   */
  static readonly compare = (one: Due, other: Due): number => one.atMs - other.atMs || one.#place - other.#place;
}

/** The time of a simulated world. It jumps from one event to the next, and the order of events is always the same. */
export class VirtualClock {
  #nowMs = 0;
  #placed = 0;
  readonly #queue = new TinyQueue<Due>([], Due.compare);

  /** The time since the start of the world, ms. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls `run` after `delayMs`. Calls that are due at the same moment run in the order in which they were requested. */
  after(delayMs: number, run: () => void): Cancellable {
    this.#placed += 1;
    const due = new Due(this.#nowMs + Math.max(0, delayMs), this.#placed, run);
    this.#queue.push(due);
    return due;
  }

  /** Passes `ms`, and runs everything that is due in that time. */
  pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (this.next(untilMs));
    this.#nowMs = untilMs;
  }

  /** Runs the next call if it is due until `untilMs`. Returns false if there is none. */
  next(untilMs: number): boolean {
    for (let due = this.#queue.peek(); due !== undefined && due.atMs <= untilMs; due = this.#queue.peek()) {
      this.#queue.pop();
      if (due.run === undefined) continue;
      this.#nowMs = due.atMs;
      due.run();
      return true;
    }
    return false;
  }
}
