/** Limits the queries of a session to `perSecond` in any second (R-ASK-1). */
export class QueryRateLimit {
  readonly #allowedAtMs: number[] = [];
  readonly #perSecond: number;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  allows(nowMs: number): boolean {
    while (this.#allowedAtMs[0] !== undefined && nowMs - this.#allowedAtMs[0] >= 1000) this.#allowedAtMs.shift();
    if (this.#allowedAtMs.length >= this.#perSecond) return false;
    this.#allowedAtMs.push(nowMs);
    return true;
  }
}
