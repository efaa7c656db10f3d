import type { Clock } from '../../clock.js';

/** What the end of a flush cycle empties. */
export interface FlushStage {
  flush(): void;
}

/**
 * Sends together what has happened together, once a round of the event loop: one view a member, one write a session. A class
 * that collects something requests a flush. At the end of the round the cycle flushes its stages, one after the other.
 */
export class FlushCycle {
  readonly #clock: Pick<Clock, 'soon'>;
  #stages: readonly FlushStage[] = [];
  #state: 'idle' | 'requested' = 'idle';

  constructor(clock: Pick<Clock, 'soon'>) {
    this.#clock = clock;
  }

  /** Set once, before the first request: what is flushed, in this order. */
  setStages(stages: readonly FlushStage[]): void {
    this.#stages = stages;
  }

  /** Flushes all stages when everything that has already happened has been handled. */
  requestFlush(): void {
    if (this.#state === 'requested') return;
    this.#state = 'requested';
    this.#clock.soon(() => this.flushAll());
  }

  /** Ends the cycle now. */
  flushAll(): void {
    this.#state = 'idle';
    for (const stage of this.#stages) stage.flush();
  }
}

/** What waits for the end of the flush cycle, each item once. */
export class FlushQueue<T> {
  readonly #flushCycle: Pick<FlushCycle, 'requestFlush'>;
  #items = new Set<T>();

  constructor(flushCycle: Pick<FlushCycle, 'requestFlush'>) {
    this.#flushCycle = flushCycle;
  }

  add(item: T): void {
    this.#items.add(item);
    this.#flushCycle.requestFlush();
  }

  delete(item: T): void {
    this.#items.delete(item);
  }

  /** Returns the items in the order in which they were added. The queue is empty after this. */
  takeAll(): ReadonlySet<T> {
    const items = this.#items;
    this.#items = new Set();
    return items;
  }
}
