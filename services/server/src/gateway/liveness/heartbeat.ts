/** R-LIFE-1: the arithmetic of pings and pongs, without timers and sockets. All times are those of the StallFreeClock. */

/** How often a session is pinged, and after how long without a pong it is dead. */
export interface KeepaliveSettings {
  readonly heartbeatMs: number;
  readonly deadMs: number;
}

/** The action that is due for a session: none, a ping, or the end of the session. */
export type HeartbeatVerdict = 'fine' | 'ping' | 'dead';

/** The pings and pongs of one session (R-LIFE-1). They also renew the member's lease: its right to act on its rank (R-LEAD-3). */
export class Heartbeat {
  readonly #settings: KeepaliveSettings;
  #sent = 0;
  #seen = 0;
  #lastPongMs: number;
  #nextPingMs: number;
  /** `frozen`: no ping is sent, so the member's lease expires. A leader that does not answer `yield` stops in this way (R-LEAD-1). */
  #state: 'beating' | 'frozen' = 'beating';

  constructor(settings: KeepaliveSettings, nowMs: number) {
    this.#settings = settings;
    this.#lastPongMs = nowMs;
    this.#nextPingMs = nowMs + settings.heartbeatMs;
  }

  /** Returns what is due now. `dead`: no pong was received for `deadMs`. Other frames do not count. */
  check(nowMs: number): HeartbeatVerdict {
    if (this.#state === 'frozen') return 'fine';
    if (nowMs - this.#lastPongMs >= this.#settings.deadMs) return 'dead';
    return nowMs >= this.#nextPingMs ? 'ping' : 'fine';
  }

  /** Returns the time at which `check` must be called again at the latest. */
  dueMs(nowMs: number): number {
    if (this.#state === 'frozen') return nowMs + this.#settings.heartbeatMs;
    return Math.min(this.#nextPingMs, this.#lastPongMs + this.#settings.deadMs);
  }

  /** Returns the next ping. `n` increases by one. `seen` is the last n whose pong was received, or 0. */
  nextPing(nowMs: number): { readonly n: number; readonly seen: number } {
    this.#sent += 1;
    this.#nextPingMs = nowMs + this.#settings.heartbeatMs;
    return { n: this.#sent, seen: this.#seen };
  }

  /** Records a pong. Returns false if it does not count, because its ping was never sent or was answered before. */
  recordPong(n: number, nowMs: number): boolean {
    if (this.#state === 'frozen' || n > this.#sent || n <= this.#seen) return false;
    this.#seen = n;
    this.#lastPongMs = nowMs;
    return true;
  }

  /** Returns the time since the last pong was received. Before the first pong, it is the time since the hello. */
  silentMs(nowMs: number): number {
    return nowMs - this.#lastPongMs;
  }

  /** Whether no ping may be sent now. */
  get isFrozen(): boolean {
    return this.#state === 'frozen';
  }

  /** Sends no pings and counts no pongs until `thaw`. */
  freeze(): void {
    this.#state = 'frozen';
  }

  /** Ends the freeze. The silence of that time does not count, and a ping is due at once. Returns false if it was not frozen. */
  thaw(nowMs: number): boolean {
    if (this.#state === 'beating') return false;
    this.#state = 'beating';
    this.excuseSilence(nowMs);
    this.#nextPingMs = nowMs;
    return true;
  }

  /** Does not count the silence so far (R-FLOW-1). While the session was paused, its pongs were not read. */
  excuseSilence(nowMs: number): void {
    this.#lastPongMs = nowMs;
  }
}
