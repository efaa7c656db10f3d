import type { Clock } from '../../clock.js';

const WINDOW_MS = 1000;

interface Counter {
  readonly linesMax: number;
  lines: number;
}

/**
 * How many lines peers may cause: so many a second of each event; the rest are counted, and told in one line when the second
 * is over.
 */
export class LogRateLimit {
  readonly #clock: Clock;
  readonly #linesMax: ReadonlyMap<string, number>;
  readonly #reportOmitted: (event: string, count: number) => void;
  /** Of the second under way. */
  readonly #counters = new Map<string, Counter>();

  /** `linesMax`: by event; one that is not named may have as many as there are. */
  constructor(clock: Clock, linesMax: ReadonlyMap<string, number>, tellRest: (event: string, count: number) => void) {
    this.#clock = clock;
    this.#linesMax = linesMax;
    this.#reportOmitted = tellRest;
  }

  allows(event: string): boolean {
    const counter = this.#counters.get(event) ?? this.#startCounter(event);
    if (counter === undefined) return true;
    counter.lines += 1;
    return counter.lines <= counter.linesMax;
  }

  #startCounter(event: string): Counter | undefined {
    const linesMax = this.#linesMax.get(event);
    if (linesMax === undefined) return undefined;
    if (this.#counters.size === 0) this.#clock.after(WINDOW_MS, () => this.#endWindow());
    const counter = { linesMax, lines: 0 };
    this.#counters.set(event, counter);
    return counter;
  }

  #endWindow(): void {
    const rests = [...this.#counters].map(([event, { lines, linesMax }]) => [event, lines - linesMax] as const);
    this.#counters.clear();
    for (const [event, rest] of rests) if (rest > 0) this.#reportOmitted(event, rest);
  }
}
