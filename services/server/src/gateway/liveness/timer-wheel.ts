/**
 * Finds the items that are due without looking at each item. Time is divided into slots of `slotMs`, and each item is in the slot of its
 * due time.
 */
export class TimerWheel<T> {
  readonly #slotMs: number;
  readonly #slots = new Map<number, Set<T>>();
  readonly #slotOf = new Map<T, number>();
  /** Every slot before this one has been returned. */
  #next: number;

  constructor(slotMs: number, nowMs: number) {
    this.#slotMs = slotMs;
    this.#next = this.#slotAt(nowMs);
  }

  /** Sets when the item is due. Replaces an earlier time. */
  set(item: T, dueMs: number): void {
    this.delete(item);
    const slot = Math.max(this.#next, this.#slotAt(dueMs));
    const items = this.#slots.get(slot) ?? new Set();
    this.#slots.set(slot, items.add(item));
    this.#slotOf.set(item, slot);
  }

  delete(item: T): void {
    const slot = this.#slotOf.get(item);
    if (slot === undefined) return;
    this.#slotOf.delete(item);
    const items = this.#slots.get(slot);
    items?.delete(item);
    if (items?.size === 0) this.#slots.delete(slot);
  }

  /** Removes and returns the items that are due at `nowMs`, earliest first. Items of the present slot are included. */
  takeDue(nowMs: number): T[] {
    const due: T[] = [];
    for (; this.#next * this.#slotMs <= nowMs; this.#next += 1) {
      due.push(...(this.#slots.get(this.#next) ?? []));
      this.#slots.delete(this.#next);
    }
    for (const item of due) this.#slotOf.delete(item);
    return due;
  }

  #slotAt(ms: number): number {
    return Math.floor(ms / this.#slotMs);
  }
}
