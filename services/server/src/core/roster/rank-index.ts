/** An ordered list that finds the rank of an item, and the item of a rank, in O(log n). */

/** The index is rebuilt when it has this many more vacated than occupied places. */
const VACATED_MAX = 64;

/**
 * Each item keeps its place in the list, and any item can be deleted. The rank of an item is the number of occupied places before it. A
 * Fenwick tree counts them (P. M. Fenwick, "A new data structure for cumulative frequency tables", 1994).
 */
export class RankIndex<T extends { place: number }> {
  /** The items by place; undefined for a vacated place. */
  #places: (T | undefined)[] = [];
  /** The Fenwick tree: at i, how many of the `i & -i` places that end with place i - 1 are occupied. */
  #counts: number[] = [0];
  #size = 0;
  /** No place before this one is occupied. */
  #first = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds an item as the last one. */
  append(thing: T): void {
    thing.place = this.#places.length;
    this.#places.push(thing);
    this.#size += 1;
    const end = this.#places.length;
    let count = 1;
    for (let part = 1; part < lowestBit(end); part *= 2) count += this.#counts[end - part] ?? 0;
    this.#counts.push(count);
  }

  /** Deletes an item. The items after it move up by one rank. */
  delete(thing: T): void {
    this.#places[thing.place] = undefined;
    this.#size -= 1;
    for (let end = thing.place + 1; end < this.#counts.length; end += lowestBit(end)) {
      this.#counts[end] = (this.#counts[end] ?? 0) - 1;
    }
    if (this.#places.length > 2 * this.#size + VACATED_MAX) this.#rebuild(this.slice(0, this.#size));
  }

  /** Returns the rank of an item of this list. */
  rankOf(thing: T): number {
    let rank = 0;
    for (let end = thing.place; end > 0; end -= lowestBit(end)) rank += this.#counts[end] ?? 0;
    return rank;
  }

  /** Returns the item of a rank, or undefined if the rank is vacant. */
  at(rank: number): T | undefined {
    if (rank < 0 || rank >= this.#size) return undefined;
    return this.#places[rank === 0 ? this.#firstPlace() : this.#placeOf(rank)];
  }

  /** Returns the items of the ranks `from` to `to` (excluded). */
  slice(from: number, to: number): T[] {
    const things: T[] = [];
    const count = Math.min(to, this.#size) - Math.max(0, from);
    if (count <= 0) return things;
    for (let place = this.#placeOf(Math.max(0, from)); things.length < count; place += 1) {
      const thing = this.#places[place];
      if (thing !== undefined) things.push(thing);
    }
    return things;
  }

  /** Moves an item to `rank`. The items between its old and its new rank shift by one. */
  move(thing: T, rank: number): void {
    const from = this.rankOf(thing);
    const between = this.slice(Math.min(from, rank), Math.max(from, rank) + 1);
    const places = between.map(({ place }) => place);
    const others = between.filter(each => each !== thing);
    const moved = rank < from ? [thing, ...others] : [...others, thing];
    moved.forEach((each, index) => {
      each.place = places[index] ?? each.place;
      this.#places[each.place] = each;
    });
  }

  #firstPlace(): number {
    while (this.#places[this.#first] === undefined) this.#first += 1;
    return this.#first;
  }

  /** Returns the occupied place with exactly `rank` occupied places before it, by descending the tree. */
  #placeOf(rank: number): number {
    let place = 0;
    let left = rank;
    for (let part = highestPower(this.#places.length); part >= 1; part /= 2) {
      const count = this.#counts[place + part];
      if (place + part > this.#places.length || count === undefined || count > left) continue;
      place += part;
      left -= count;
    }
    return place;
  }

  #rebuild(things: readonly T[]): void {
    this.#places = [];
    this.#counts = [0];
    this.#size = 0;
    this.#first = 0;
    for (const thing of things) this.append(thing);
  }
}

function lowestBit(value: number): number {
  return value & -value;
}

function highestPower(limit: number): number {
  return limit === 0 ? 0 : 2 ** Math.floor(Math.log2(limit));
}
