/** Small numbers for members: each gets the smallest that is free, within O(log n). */
export class Slots {
  readonly #taken: boolean[] = [];
  /** A heap of the free ones among those that were ever taken, smallest first; some may have been claimed since. */
  readonly #free: number[] = [];

  /** The smallest that is free, taken from here on. */
  allocate(): number {
    let slot = this.#popFree();
    while (slot !== undefined && this.#taken[slot] === true) slot = this.#popFree();
    slot ??= this.#taken.length;
    this.#taken[slot] = true;
    return slot;
  }

  /** This very one: of a seat that was kept. */
  reserve(slot: number): void {
    while (this.#taken.length < slot) {
      this.#pushFree(this.#taken.length);
      this.#taken.push(false);
    }
    this.#taken[slot] = true;
  }

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

  /** Puts `slot` where it belongs, from the top down. */
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
