/** The slots of a group: small numbers that members keep while they stay. */

/** Allocates slots. A slot is the smallest number that was free when its member was admitted. It is found in O(log n). */
export class Slots {
  readonly #taken: boolean[] = [];
  /** A heap of released slots, smallest first. Some may have been reserved since. */
  readonly #free: number[] = [];

  /** Allocates the smallest free slot and returns it. */
  allocate(): number {
    let slot = this.#popFree();
    while (slot !== undefined && this.#taken[slot] === true) slot = this.#popFree();
    slot ??= this.#taken.length;
    this.#taken[slot] = true;
    return slot;
  }

  /** Allocates the given slot, for a kept seat. */
  reserve(slot: number): void {
    while (this.#taken.length < slot) {
      this.#pushFree(this.#taken.length);
      this.#taken.push(false);
    }
    this.#taken[slot] = true;
  }

  /** Frees a slot for a later member. */
  release(slot: number): void {
    this.#taken[slot] = false;
    this.#pushFree(slot);
  }

  #pushFree(slot: number): void {
    const heap = this.#free;
    let at = heap.push(slot) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent] ?? 0) <= slot) break;
      heap[at] = heap[parent] ?? 0;
      at = parent;
    }
    heap[at] = slot;
  }

  #popFree(): number | undefined {
    const heap = this.#free;
    const smallest = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return smallest;
  }

  /** Inserts `slot` at the top of the heap and moves it down to its position. */
  #sink(slot: number): void {
    const heap = this.#free;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if ((heap[child + 1] ?? Infinity) < (heap[child] ?? Infinity)) child += 1;
      if ((heap[child] ?? Infinity) >= slot) break;
      heap[at] = heap[child] ?? slot;
      at = child;
    }
    heap[at] = slot;
  }
}
