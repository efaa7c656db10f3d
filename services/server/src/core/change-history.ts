import type { RosterChangedEffect } from './effects.js';

/** The last changes of a roster (R-ASK-1), at most `changesMax` of them. */
export class ChangeHistory {
  readonly #changesMax: number;
  readonly #changes: RosterChangedEffect[] = [];
  /** Where the oldest stands, once there are as many as may be. */
  #oldest = 0;

  constructor(changesMax: number) {
    this.#changesMax = changesMax;
  }

  note(change: RosterChangedEffect): void {
    if (this.#changes.length < this.#changesMax) {
      this.#changes.push(change);
      return;
    }
    this.#changes[this.#oldest] = change;
    this.#oldest = (this.#oldest + 1) % this.#changesMax;
  }

  /** Newest first. */
  last(limit: number): RosterChangedEffect[] {
    const inOrder = [...this.#changes.slice(this.#oldest), ...this.#changes.slice(0, this.#oldest)];
    return inOrder.slice(-limit).reverse();
  }
}
