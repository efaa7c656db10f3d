import type { Clock } from '../clock.js';

/**
 * Tracks which heartbeats of this server in one shard are acknowledged. A heartbeat is acknowledged when this server reads it back
 * from the stream, where the other servers read it too.
 */
export class HeartbeatAcks {
  readonly #clock: Clock;
  /** When each heartbeat in flight was sent, oldest first; by the monotonic clock. */
  readonly #unackedSentAtMs: number[] = [];
  #lastAckAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the last acknowledged heartbeat was sent, by the monotonic clock. */
  get lastAckAtMs(): number {
    return this.#lastAckAtMs;
  }

  /** Records that this server has read its own join. It counts as an acknowledged heartbeat. */
  recordJoin(): void {
    this.#lastAckAtMs = this.#clock.monotonicMs();
  }

  /** Records that a heartbeat was sent. */
  recordSent(): void {
    this.#unackedSentAtMs.push(this.#clock.monotonicMs());
  }

  /** Records that the oldest heartbeat in flight was read back. */
  recordAck(): void {
    this.#lastAckAtMs = this.#unackedSentAtMs.shift() ?? this.#lastAckAtMs;
  }
}
