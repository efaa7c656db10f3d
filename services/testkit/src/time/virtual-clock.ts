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

  isBefore(other: Due): boolean {
    return this.atMs < other.atMs || (this.atMs === other.atMs && this.#place < other.#place);
  }
}

/** Time of a simulated world: it passes from one thing that happens to the next, and those happen in one order. */
export class VirtualClock {
  #nowMs = 0;
  #placed = 0;
  /** A binary heap: no item is before its parent. */
  readonly #heap: Due[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  /** `run` happens `delayMs` from now; of things due at one moment, what was asked for first happens first. */
  after(delayMs: number, run: () => void): Cancellable {
    this.#placed += 1;
    const due = new Due(this.#nowMs + Math.max(0, delayMs), this.#placed, run);
    this.#heap.push(due);
    this.#rise(this.#heap.length - 1);
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
    for (let due = this.#heap[0]; due !== undefined && due.atMs <= untilMs; due = this.#heap[0]) {
      this.#removeFirst();
      if (due.run === undefined) continue;
      this.#nowMs = due.atMs;
      due.run();
      return true;
    }
    return false;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfBefore(index, parent)) return;
      index = parent;
    }
  }

  #sink(from: number): void {
    let index = from;
    for (;;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      const [leftDue, rightDue] = [this.#heap[left], this.#heap[right]];
      if (leftDue === undefined) return;
      const child = rightDue?.isBefore(leftDue) === true ? right : left;
      if (!this.#swapIfBefore(child, index)) return;
      index = child;
    }
  }

  #swapIfBefore(index: number, parent: number): boolean {
    const [due, above] = [this.#heap[index], this.#heap[parent]];
    if (due === undefined || above === undefined || !due.isBefore(above)) return false;
    this.#heap[index] = above;
    this.#heap[parent] = due;
    return true;
  }
}
