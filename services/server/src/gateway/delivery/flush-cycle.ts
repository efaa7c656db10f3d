/** The flush cycle: one round of the event loop, at whose end collected frames are written. */

import type { Clock } from '../../clock.js';

/** A part that the end of a flush cycle empties. */
export interface FlushStage {
  flush(): void;
}

/**
 * Sends together what has happened in one round of the event loop: one view and one write for each session. A class that collects
 * something requests a flush. At the end of the round, the cycle flushes its stages in order.
 */
export class FlushCycle {
  readonly #clock: Pick<Clock, 'soon'>;
  #stages: readonly FlushStage[] = [];
  #state: 'idle' | 'requested' = 'idle';

  constructor(clock: Pick<Clock, 'soon'>) {
    this.#clock = clock;
  }

  /** Sets the stages in the order in which they are flushed. Must be called once, before the first request. */
  setStages(stages: readonly FlushStage[]): void {
    this.#stages = stages;
  }

  /** Flushes all stages at the end of this round of the event loop. */
  requestFlush(): void {
    if (this.#state === 'requested') return;
    this.#state = 'requested';
    this.#clock.soon(() => this.flushAll());
  }

  /** Drops what the stages have collected. Nothing is flushed from now on. */
  stop(): void {
    this.#stages = [];
  }

  /** Flushes all stages now. */
  flushAll(): void {
    this.#state = 'idle';
    for (const stage of this.#stages) stage.flush();
  }
}

/** A set of items that wait for the end of the flush cycle. */
export class FlushQueue<T> {
  readonly #flushCycle: Pick<FlushCycle, 'requestFlush'>;
  #items = new Set<T>();

  constructor(flushCycle: Pick<FlushCycle, 'requestFlush'>) {
    this.#flushCycle = flushCycle;
  }

  /** Adds an item and requests a flush. */
  add(item: T): void {
    this.#items.add(item);
    this.#flushCycle.requestFlush();
  }

  delete(item: T): void {
    this.#items.delete(item);
  }

  /** Returns the items in the order in which they were added, and empties the queue. */
  takeAll(): ReadonlySet<T> {
    const items = this.#items;
    this.#items = new Set();
    return items;
  }
}
