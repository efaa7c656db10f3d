/** One direction of a simulated connection. */

import type { VirtualClock } from '../time/virtual-clock.js';

/** Why the reader reads nothing: the network is cut or loses bytes, the reader has paused, or its process is stopped. */
export type Hold = 'cut' | 'lost' | 'paused' | 'stopped';

/** How a stream ends. `fin`: in order, after everything that was written. `rst`: at once. */
export type StreamEnd = 'fin' | 'rst';

/** The properties of one direction. */
export interface PipeSettings {
  /** Returns how long the next bytes are on their way, ms. */
  readonly delayMs: () => number;
  /** How many bytes the two operating systems buffer. Further bytes stay in the writer's backlog. */
  readonly windowBytes: number;
  /** `dribbled`: the reader receives the bytes one by one. */
  readonly reading: 'whole' | 'dribbled';
}

/** Receives the bytes of one direction. */
export interface PipeReader {
  received(bytes: Buffer): void;
  ended(how: StreamEnd): void;
}

interface Chunk {
  readonly atMs: number;
  readonly bytes: Buffer;
}

/** One direction of a connection, as TCP keeps it: in order and without loss, after any delay. */
export class SimulatedPipe {
  readonly #clock: VirtualClock;
  readonly #settings: PipeSettings;
  readonly #holds = new Set<Hold>();
  #reader: PipeReader | undefined;
  #inTransit: Chunk[] = [];
  #unreadBytes = 0;
  #lastAtMs = 0;
  #end: { readonly how: StreamEnd; readonly atMs: number } | undefined;
  #state: 'open' | 'ended' = 'open';
  #pumping = false;

  constructor(clock: VirtualClock, settings: PipeSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /** The number of bytes that the operating system has not accepted. The writer keeps them. */
  get backlogBytes(): number {
    return Math.max(0, this.#unreadBytes - this.#settings.windowBytes);
  }

  /** Whether the stream has ended. */
  get isEnded(): boolean {
    return this.#state === 'ended';
  }

  /** Sets the reader. */
  readTo(reader: PipeReader): void {
    this.#reader = reader;
    this.#pump();
  }

  /** Writes bytes. They arrive after the delay, if no hold is set. */
  write(bytes: Buffer): void {
    if (this.#end !== undefined || bytes.length === 0) return;
    this.#unreadBytes += bytes.length;
    this.#inTransit.push({ atMs: this.#arrivalMs(), bytes });
    this.#clock.after(this.#lastAtMs - this.#clock.nowMs, () => this.#pump());
  }

  /**
   * Ends the stream. A `fin` arrives after all written bytes. With `dropped`, the backlog of the writer is lost: only the bytes that are on
   * their way arrive before the end.
   */
  end(how: StreamEnd, backlog: 'sent' | 'dropped' = 'sent'): void {
    if (this.#end !== undefined) {
      if (how === 'fin' || this.#end.how === 'rst') return;
    }
    if (backlog === 'dropped') this.#dropBacklog();
    this.#end = { how, atMs: this.#arrivalMs() };
    this.#clock.after(this.#lastAtMs - this.#clock.nowMs, () => this.#pump());
  }

  /** Holds bytes back until `release` is called with the same reason. */
  hold(why: Hold): void {
    this.#holds.add(why);
  }

  /** Ends a hold. */
  release(why: Hold): void {
    if (this.#holds.delete(why)) this.#pump();
  }

  /** Returns when the next bytes arrive. They do not overtake bytes that were written before. */
  #arrivalMs(): number {
    this.#lastAtMs = Math.max(this.#lastAtMs, this.#clock.nowMs + this.#settings.delayMs());
    return this.#lastAtMs;
  }

  #dropBacklog(): void {
    let tooManyBytes = this.backlogBytes;
    while (tooManyBytes > 0) {
      const last = this.#inTransit.pop();
      if (last === undefined) return;
      const keptBytes = Math.max(0, last.bytes.length - tooManyBytes);
      tooManyBytes -= last.bytes.length - keptBytes;
      this.#unreadBytes -= last.bytes.length - keptBytes;
      if (keptBytes > 0) this.#inTransit.push({ atMs: last.atMs, bytes: last.bytes.subarray(0, keptBytes) });
    }
  }

  #isReadable(): boolean {
    return this.#holds.size === 0 && this.#reader !== undefined && this.#state === 'open';
  }

  /**
   * Passes bytes that have arrived to the reader. A reset discards bytes that were written before it. A stopped or unreachable process does
   * not notice it yet.
   */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const nowMs = this.#clock.nowMs;
    if (this.#end?.how === 'rst' && this.#end.atMs <= nowMs && this.#isReadable()) this.#inTransit = [];
    while (this.#isReadable()) {
      const next = this.#inTransit[0];
      if (next === undefined || next.atMs > nowMs) break;
      this.#inTransit.shift();
      this.#unreadBytes -= next.bytes.length;
      this.#hand(next.bytes);
    }
    this.#pumping = false;
    if (this.#end !== undefined && this.#end.atMs <= nowMs && this.#inTransit.length === 0 && this.#isReadable()) {
      this.#state = 'ended';
      this.#reader?.ended(this.#end.how);
    }
  }

  #hand(bytes: Buffer): void {
    if (this.#settings.reading === 'whole') {
      this.#reader?.received(bytes);
      return;
    }
    // The reader may stop during this loop. It then receives the rest later.
    for (let at = 0; at < bytes.length; at += 1) {
      if (!this.#isReadable()) {
        this.#unreadBytes += bytes.length - at;
        this.#inTransit.unshift({ atMs: this.#clock.nowMs, bytes: bytes.subarray(at) });
        return;
      }
      this.#reader?.received(bytes.subarray(at, at + 1));
    }
  }

  /** Drops all bytes, because the reader no longer exists. */
  abandon(): void {
    this.#state = 'ended';
    this.#inTransit = [];
    this.#unreadBytes = 0;
  }
}
