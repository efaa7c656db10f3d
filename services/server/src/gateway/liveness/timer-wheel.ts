/** Things that are due at some time, found without asking each: time is cut into slots, and a thing lies in the slot it is due in. */
export class TimerWheel<T> {
  readonly #slotMs: number;
  readonly #slots = new Map<number, Set<T>>();
  readonly #slotOf = new Map<T, number>();
  /** Everything before this slot has been taken. */
  #next: number;

  constructor(slotMs: number, nowMs: number) {
    this.#slotMs = slotMs;
    this.#next = this.#slotAt(nowMs);
  }

  /** `thing` is due then, and no longer when it was due until now. */
  set(thing: T, dueMs: number): void {
    this.delete(thing);
    const slot = Math.max(this.#next, this.#slotAt(dueMs));
    const things = this.#slots.get(slot) ?? new Set();
    this.#slots.set(slot, things.add(thing));
    this.#slotOf.set(thing, slot);
  }

  delete(thing: T): void {
    const slot = this.#slotOf.get(thing);
    if (slot === undefined) return;
    this.#slotOf.delete(thing);
    const things = this.#slots.get(slot);
    things?.delete(thing);
    if (things?.size === 0) this.#slots.delete(slot);
  }

  /** What is due within the slot of now, or was before, the longest due first. It is not in the wheel any more. */
  takeDue(nowMs: number): T[] {
    const due: T[] = [];
    for (; this.#next * this.#slotMs <= nowMs; this.#next += 1) {
      due.push(...(this.#slots.get(this.#next) ?? []));
      this.#slots.delete(this.#next);
    }
    for (const thing of due) this.#slotOf.delete(thing);
    return due;
  }

  #slotAt(ms: number): number {
    return Math.floor(ms / this.#slotMs);
  }
}
