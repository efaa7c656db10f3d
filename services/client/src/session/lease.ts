/**
 * Until when a member may act on its rank (R-LEAD-3): `suspendMs` from the sending of its last pong that a later ping has
 * acknowledged; its hello, acknowledged by welcome, before that. All times are of one monotonic clock, and every answer is
 * for the moment at which it is asked: a process that was stopped and continued is told no at once.
 */
export class Lease {
  readonly #suspendMs: number;
  readonly #deadMs: number;
  readonly #pongsSent = new Map<number, number>();
  #acknowledgedAtMs: number;

  constructor(helloSentAtMs: number, settings: { readonly suspendMs: number; readonly deadMs: number }) {
    this.#acknowledgedAtMs = helloSentAtMs;
    this.#suspendMs = settings.suspendMs;
    this.#deadMs = settings.deadMs;
  }

  /** When the lease expires unless a ping renews it, by the monotonic clock. */
  get expiresAtMs(): number {
    return this.#acknowledgedAtMs + this.#suspendMs;
  }

  /** When the session counts as lost unless a ping renews the lease: after `deadMs` of suspension. */
  get sessionLostAtMs(): number {
    return this.expiresAtMs + this.#deadMs;
  }

  isValid(nowMs: number): boolean {
    return nowMs < this.expiresAtMs;
  }

  /** Records ping `n`, whose pong is sent now. `seen` is the last n whose pong the server has received. */
  recordPing(n: number, seen: number, nowMs: number): void {
    const acknowledged = this.#pongsSent.get(seen);
    if (acknowledged !== undefined) this.#acknowledgedAtMs = acknowledged;
    for (const sent of this.#pongsSent.keys()) if (sent <= seen) this.#pongsSent.delete(sent);
    this.#pongsSent.set(n, nowMs);
  }
}
