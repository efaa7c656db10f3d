/** The arithmetic of R-LIFE-1, apart from timers and sockets. All times are on the server's StallFreeClock (see StallFreeClock). */
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
  /** `frozen`: its lease is renewed no more, so that a leader that does not yield stops all the same (R-LEAD-1). */
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

  /** Does not count the silence while it was frozen; a ping is due at once. Returns false if it was not frozen. */
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

/** Timers are a little late even where nothing is wrong. */
const LATENESS = 1.2;

/**
 * A clock that stands still while the server's event loop does. R-LIFE-1: a server that was late by d lengthens every deadline
 * by d, so that its own stall is never held against its members.
 */
export class StallFreeClock {
  readonly #tickMs: number;
  readonly #monotonicMs: () => number;
  #untilTickMs = 0;
  #lastTickMs: number;

  constructor(tickMs: number, monotonicMs: () => number) {
    this.#tickMs = tickMs;
    this.#monotonicMs = monotonicMs;
    this.#lastTickMs = monotonicMs();
  }

  /** Time beyond one tick since the last tick was a stall. */
  get nowMs(): number {
    return this.#untilTickMs + Math.min(this.#monotonicMs() - this.#lastTickMs, LATENESS * this.#tickMs);
  }

  /** Called every `tickMs`. */
  tick(): void {
    this.#untilTickMs = this.nowMs;
    this.#lastTickMs = this.#monotonicMs();
  }
}
