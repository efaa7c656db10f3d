import type { Clock } from '../../clock.js';

/**
 * Tracks which heartbeats of this server in one shard are acknowledged. A heartbeat is acknowledged when this server reads it back from
 * the stream. The other servers can read it then too.
 */
export class HeartbeatAcks {
  readonly #clock: Clock;
  /** When each heartbeat that is not acknowledged was sent, oldest first: time of the monotonic clock in milliseconds. */
  readonly #unackedSentAtMs: number[] = [];
  #lastAckAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the last acknowledged heartbeat was sent: time of the monotonic clock in milliseconds. */
  get lastAckAtMs(): number {
    return this.#lastAckAtMs;
  }

  /** Records that this server has read back its own join, which counts as a heartbeat. */
  recordJoin(): void {
    this.#lastAckAtMs = this.#clock.monotonicMs();
  }

  /** Records that a heartbeat was sent. */
  recordSent(): void {
    this.#unackedSentAtMs.push(this.#clock.monotonicMs());
  }

  /** Records that the oldest heartbeat without acknowledgement was read back. */
  recordAck(): void {
    this.#lastAckAtMs = this.#unackedSentAtMs.shift() ?? this.#lastAckAtMs;
  }
}
