/** The arithmetic of R-LIFE-1, without timers and sockets. All times are those of the server's StallFreeClock. */
export interface KeepaliveSettings {
  readonly heartbeatMs: number;
  readonly deadMs: number;
}

export type HeartbeatVerdict = 'fine' | 'ping' | 'dead';

/** The pings and pongs of one session, and whether it is alive (R-LIFE-1). */
export class Heartbeat {
  readonly #settings: KeepaliveSettings;
  #sent = 0;
  #seen = 0;
  #lastPongMs: number;
  #nextPingMs: number;
  /** `frozen`: no ping is sent, so the member's lease ends, and a leader that does not yield stops anyway (R-LEAD-1). */
  #state: 'beating' | 'frozen' = 'beating';

  constructor(settings: KeepaliveSettings, nowMs: number) {
    this.#settings = settings;
    this.#lastPongMs = nowMs;
    this.#nextPingMs = nowMs + settings.heartbeatMs;
  }

  /** What is due now. `dead`: no pong for `deadMs`; no other frame counts. */
  check(nowMs: number): HeartbeatVerdict {
    if (this.#state === 'frozen') return 'fine';
    if (nowMs - this.#lastPongMs >= this.#settings.deadMs) return 'dead';
    return nowMs >= this.#nextPingMs ? 'ping' : 'fine';
  }

  /** When to check again, at the latest. */
  dueMs(nowMs: number): number {
    if (this.#state === 'frozen') return nowMs + this.#settings.heartbeatMs;
    return Math.min(this.#nextPingMs, this.#lastPongMs + this.#settings.deadMs);
  }

  /** The next ping: `n` rises by one, `seen` is the last n whose pong has come (0: none). */
  nextPing(nowMs: number): { readonly n: number; readonly seen: number } {
    this.#sent += 1;
    this.#nextPingMs = nowMs + this.#settings.heartbeatMs;
    return { n: this.#sent, seen: this.#seen };
  }

  /** Returns false for a pong that does not count: of a ping that was never sent, or that was answered already. */
  recordPong(n: number, nowMs: number): boolean {
    if (this.#state === 'frozen' || n > this.#sent || n <= this.#seen) return false;
    this.#seen = n;
    this.#lastPongMs = nowMs;
    return true;
  }

  /** How long ago its last pong came; before the first, its hello. */
  silentMs(nowMs: number): number {
    return nowMs - this.#lastPongMs;
  }

  freeze(): void {
    this.#state = 'frozen';
  }

  /** Ends the freeze: the silence of that time does not count, and a ping is due at once. Returns false if it was not frozen. */
  thaw(nowMs: number): boolean {
    if (this.#state === 'beating') return false;
    this.#state = 'beating';
    this.excuseSilence(nowMs);
    this.#nextPingMs = nowMs;
    return true;
  }

  /** R-FLOW-1: does not count its silence so far; while the session was paused, its pongs were not read. */
  excuseSilence(nowMs: number): void {
    this.#lastPongMs = nowMs;
  }
}
