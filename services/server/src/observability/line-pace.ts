const WINDOW_MS = 1000;

/**
 * How many lines peers may cause: at most `linesMax` a second of each event; the rest are counted, and told in one line when
 * the second is over.
 */
export class LinePace {
  readonly #linesMax: number;
  readonly #tellRest: (event: string, count: number) => void;
  /** Of the second under way. */
  readonly #counters = new Map<string, { count: number }>();

  constructor(linesMax: number, tellRest: (event: string, count: number) => void) {
    this.#linesMax = linesMax;
    this.#tellRest = tellRest;
  }

  allows(event: string): boolean {
    const counter = this.#counters.get(event) ?? this.#begin(event);
    counter.count += 1;
    return counter.count <= this.#linesMax;
  }

  #begin(event: string): { count: number } {
    if (this.#counters.size === 0) setTimeout(() => this.#endWindow(), WINDOW_MS).unref();
    const counter = { count: 0 };
    this.#counters.set(event, counter);
    return counter;
  }

  #endWindow(): void {
    const rests = [...this.#counters].map(([event, { count }]) => [event, count - this.#linesMax] as const);
    this.#counters.clear();
    for (const [event, rest] of rests) if (rest > 0) this.#tellRest(event, rest);
  }
}
