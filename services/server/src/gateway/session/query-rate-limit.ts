/** R-ASK-1: limits the queries of a session (`roster`, `history`) to `perSecond` in any second. */
export class QueryRateLimit {
  readonly #allowedAtMs: number[] = [];
  readonly #perSecond: number;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Counts a query at the time `nowMs` if it is within the limit. Returns whether it is. */
  allows(nowMs: number): boolean {
    while (this.#allowedAtMs[0] !== undefined && nowMs - this.#allowedAtMs[0] >= 1000) this.#allowedAtMs.shift();
    if (this.#allowedAtMs.length >= this.#perSecond) return false;
    this.#allowedAtMs.push(nowMs);
    return true;
  }
}
