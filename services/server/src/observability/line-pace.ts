const WINDOW_MS = 1000;

/**
 * How many lines peers may cause: at most `linesMax` a second of each event; the rest are counted, and told in one line when
 * the second is over.
 */
export class LinePace {
  readonly #linesMax: number;
  readonly #tellRest: (event: string, count: number) => void;
  /** Of the second under way. */
  readonly #counts = new Map<string, number>();

  constructor(linesMax: number, tellRest: (event: string, count: number) => void) {
    this.#linesMax = linesMax;
    this.#tellRest = tellRest;
  }

  allows(event: string): boolean {
    if (this.#counts.size === 0) setTimeout(() => this.#endWindow(), WINDOW_MS).unref();
    const count = (this.#counts.get(event) ?? 0) + 1;
    this.#counts.set(event, count);
    return count <= this.#linesMax;
  }

  #endWindow(): void {
    const rests = [...this.#counts].map(([event, count]) => [event, count - this.#linesMax] as const);
    this.#counts.clear();
    for (const [event, rest] of rests) if (rest > 0) this.#tellRest(event, rest);
  }
}
