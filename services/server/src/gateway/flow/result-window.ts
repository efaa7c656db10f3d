/** R-FLOW-1: how many bytes of results a session has possibly not read yet. */

/** A ping that was sent after the results. Its pong shows that the session has read them. */
interface Probe {
  readonly n: number;
  readonly sentBytes: number;
}

/**
 * The results that were sent to a session and that no pong has confirmed. Without this limit, results would fill the buffers of the
 * operating systems, which take megabytes. A ping behind them would arrive too late, and the session would end with HEARTBEAT_TIMEOUT
 * although it reads.
 */
export class ResultWindow {
  readonly #bytesMax: number;
  #sentBytes = 0;
  #readBytes = 0;
  #probe: Probe | undefined;

  /** At most `bytesMax` bytes are unconfirmed. A single result may be longer. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get #unreadBytes(): number {
    return this.#sentBytes - this.#readBytes;
  }

  /** Whether a result with this many bytes may be sent. */
  hasRoom(bytes: number): boolean {
    return this.#unreadBytes === 0 || this.#unreadBytes + bytes <= this.#bytesMax;
  }

  recordSent(bytes: number): void {
    this.#sentBytes += bytes;
  }

  /** Whether a ping is due: half of the window is unconfirmed, and no earlier probe is unanswered. */
  get needsProbe(): boolean {
    return this.#probe === undefined && 2 * this.#unreadBytes >= this.#bytesMax;
  }

  /** Records that the ping `n` was sent now. */
  recordProbe(n: number): void {
    this.#probe = { n, sentBytes: this.#sentBytes };
  }

  /** Records a pong. Returns whether it has confirmed results. */
  recordPong(n: number): boolean {
    if (this.#probe === undefined || n < this.#probe.n) return false;
    this.#readBytes = this.#probe.sentBytes;
    this.#probe = undefined;
    return true;
  }
}
