/**
 * The lease of a member: its right to act on its rank (R-LEAD-3). It expires `suspendMs` after the member sent the last pong that
 * a later ping has acknowledged. Before the first ping it expires `suspendMs` after the member sent the hello. All times are of
 * one monotonic clock. Every method computes its answer from the time that is passed, so a process that was stopped and continued
 * learns at once that its lease has expired.
 */
export class Lease {
  readonly #suspendMs: number;
  readonly #deadMs: number;
  readonly #pongsSent = new Map<number, number>();
  #acknowledgedAtMs: number;

  /**
   * @param helloSentAtMs when the hello was sent, by the monotonic clock
   * @param settings `suspendMs` and `deadMs` of the server, from welcome or waiting
   */
  constructor(helloSentAtMs: number, settings: { readonly suspendMs: number; readonly deadMs: number }) {
    this.#acknowledgedAtMs = helloSentAtMs;
    this.#suspendMs = settings.suspendMs;
    this.#deadMs = settings.deadMs;
  }

  /** When the lease expires if no ping renews it, by the monotonic clock. */
  get expiresAtMs(): number {
    return this.#acknowledgedAtMs + this.#suspendMs;
  }

  /** When the session is considered lost if no ping renews the lease: `deadMs` after the lease expires. */
  get sessionLostAtMs(): number {
    return this.expiresAtMs + this.#deadMs;
  }

  /** Returns whether the member may act on its rank at `nowMs`. */
  isValid(nowMs: number): boolean {
    return nowMs < this.expiresAtMs;
  }

  /**
   * Records a ping. Its pong is sent at `nowMs`.
   * @param n the number of the ping
   * @param seen the largest number whose pong the server has received
   */
  recordPing(n: number, seen: number, nowMs: number): void {
    const acknowledged = this.#pongsSent.get(seen);
    if (acknowledged !== undefined) this.#acknowledgedAtMs = acknowledged;
    for (const sent of this.#pongsSent.keys()) if (sent <= seen) this.#pongsSent.delete(sent);
    this.#pongsSent.set(n, nowMs);
  }
}
