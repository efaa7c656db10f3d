import TinyQueue from 'tinyqueue';

/** What takes back something that was to happen. */
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

  /** Negative if `one` is due before `other`. Never 0: the queue does not keep the order of equals. */
  static readonly compare = (one: Due, other: Due): number => one.atMs - other.atMs || one.#place - other.#place;
}

/** Time of a simulated world: it passes from one thing that happens to the next, and those happen in one order. */
export class VirtualClock {
  #nowMs = 0;
  #placed = 0;
  readonly #queue = new TinyQueue<Due>([], Due.compare);

  get nowMs(): number {
    return this.#nowMs;
  }

  /** `run` happens `delayMs` from now; of things due at one moment, what was asked for first happens first. */
  after(delayMs: number, run: () => void): Cancellable {
    this.#placed += 1;
    const due = new Due(this.#nowMs + Math.max(0, delayMs), this.#placed, run);
    this.#queue.push(due);
    return due;
  }

  /** Lets `ms` pass, with everything that happens in it. */
  pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (this.next(untilMs));
    this.#nowMs = untilMs;
  }

  /** Lets happen what happens next, where that is until then; false where nothing does. */
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
