import type { Connection } from './connection.js';

export interface OutboxLimits {
  /** A session that is further behind than this is put out (R-FLOW-1). */
  readonly backlogBytesMax: number;
  /** So is one that has taken nothing for this long. */
  readonly stallMs: number;
}

/** Bytes that went out, over all sessions. */
export interface Traffic {
  receivedBytes: number;
  sentBytes: number;
}

/**
 * The only writer to a connection. Collects the frames of one turn and writes them at once; frames that many sessions get
 * are the same buffer in each outbox.
 */
export class Outbox {
  readonly #connection: Connection;
  readonly #limits: OutboxLimits;
  readonly #traffic: Traffic;
  #frames: Buffer[] = [];
  #frameBytes = 0;
  #writtenBytes = 0;
  #takenBytes = 0;
  #takenAtMs = 0;

  constructor(connection: Connection, limits: OutboxLimits, traffic: Traffic) {
    this.#connection = connection;
    this.#limits = limits;
    this.#traffic = traffic;
  }

  get backlogBytes(): number {
    return this.#connection.backlogBytes + this.#frameBytes;
  }

  /** False where the session is too far behind to take this frame: it must be put out. */
  push(frame: Buffer): boolean {
    // What has been collected this turn says nothing of the peer before the operating system had a chance to take it.
    if (this.backlogBytes + frame.length > this.#limits.backlogBytesMax) this.flush();
    if (this.backlogBytes + frame.length > this.#limits.backlogBytesMax) return false;
    this.#frames.push(frame);
    this.#frameBytes += frame.length;
    return true;
  }

  flush(): void {
    const first = this.#frames[0];
    if (first === undefined) return;
    const bytes = this.#frames.length === 1 ? first : Buffer.concat(this.#frames, this.#frameBytes);
    this.#frames = [];
    this.#frameBytes = 0;
    this.#writtenBytes += bytes.length;
    this.#traffic.sentBytes += bytes.length;
    this.#connection.write(bytes);
  }

  /** Asked every tick: has the peer, with bytes waiting for it, taken none of them for too long? */
  isStalled(nowMs: number): boolean {
    const takenBytes = this.#writtenBytes - this.#connection.backlogBytes;
    if (takenBytes !== this.#takenBytes || this.#connection.backlogBytes === 0) {
      this.#takenBytes = takenBytes;
      this.#takenAtMs = nowMs;
    }
    return nowMs - this.#takenAtMs >= this.#limits.stallMs;
  }
}
