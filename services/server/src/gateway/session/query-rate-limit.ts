/** At most `perSecond` questions in any second (R-ASK-1). */
export class QueryRateLimit {
  readonly #askedAtMs: number[] = [];
  readonly #perSecond: number;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  allows(nowMs: number): boolean {
    while (this.#askedAtMs[0] !== undefined && nowMs - this.#askedAtMs[0] >= 1000) this.#askedAtMs.shift();
    if (this.#askedAtMs.length >= this.#perSecond) return false;
    this.#askedAtMs.push(nowMs);
    return true;
  }
}
