/** A peer that speaks the protocol without rankd's code, for tests of the server. */

import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectSecurely, type ConnectionOptions } from 'node:tls';
import { realTime, type TestTime } from '../time/test-time.js';

/** The content of a frame, as JSON returned it. This file does not use the protocol's types. */
export interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A frame as it was received. */
export interface ReceivedFrame {
  readonly frame: Frame;
  /** The line as the server wrote it, without the line end. */
  readonly text: string;
  /** The length of the line with the line end, bytes. */
  readonly bytes: number;
  /** When the frame arrived, by the peer's `time`, ms. */
  readonly atMs: number;
}

/**
 * How a connection ended. `ended`: the server closed its end in order. `reset`: the connection broke. `destroyed`: this peer
 * destroyed it.
 */
export interface PeerEnd {
  readonly how: 'ended' | 'reset' | 'destroyed';
  /** The server's `bye`, if it sent one. */
  readonly bye: Frame | undefined;
  readonly atMs: number;
}

/** How a peer behaves. */
export interface RawPeerBehavior {
  /** Whether it answers pings at once. `answersPings` changes this later. Default: true. */
  readonly answersPings?: boolean;
  /** Whether the peer closes its end of the connection after the server has closed the other end. Default: true. */
  readonly answersFin?: boolean;
  /** Receives each frame. The peer then keeps no frames, so that it can receive without a limit. */
  readonly onFrame?: (frame: Frame) => void;
}

/** How a peer connects and behaves. */
export interface RawPeerOptions extends RawPeerBehavior {
  readonly host?: string;
  /** The address that it connects from. On Linux any address of 127/8. */
  readonly localAddress?: string;
  /** Connects with TLS and these options. */
  readonly tls?: ConnectionOptions;
}

/** A socket over TCP, over TLS or in memory. */
export type PeerSocket = Duplex & { resetAndDestroy(): unknown };

const DEADLINE_MS = 5000;
/** The number of the first ping that `barrier` sends. It is large, so that it differs from the numbers of a test's own pings. */
const BARRIER_FIRST = 1_000_000_000;

/**
 * A TCP peer that shares no code with @rankd/protocol or the client. It writes any bytes and keeps every frame that arrives, in
 * order. A test *takes* frames with `next` and `until`. `untakenFrames` are the others.
 */
export class RawPeer {
  answersPings: boolean;
  readonly received: ReceivedFrame[] = [];
  /** When this peer sent the pong of each ping that it answered by itself, by its `time`, ms. */
  readonly pongsAtMs = new Map<number, number>();
  readonly closed: Promise<PeerEnd>;
  readonly time: TestTime;
  readonly #socket: PeerSocket;
  readonly #onFrame: ((frame: Frame) => void) | undefined;
  readonly #waiters = new Set<() => void>();
  #untaken: Frame[] = [];
  #pending: Buffer[] = [];
  #barriers = BARRIER_FIRST;
  #end: PeerEnd | undefined;
  #destroyed = false;

  /** @param socket a connected socket; it must stay open after the server has closed its end (`allowHalfOpen`) */
  constructor(
    socket: PeerSocket,
    time: TestTime,
    { answersPings = true, answersFin = true, onFrame }: RawPeerBehavior = {},
  ) {
    this.#socket = socket;
    this.time = time;
    this.answersPings = answersPings;
    this.#onFrame = onFrame;
    let serverEnded = false;
    socket.on('data', (bytes: Buffer) => this.#receiveBytes(bytes));
    socket.on('end', () => {
      serverEnded = true;
      if (answersFin) socket.end();
    });
    socket.on('error', () => undefined);
    this.closed = new Promise(resolve => {
      socket.on('close', () => {
        const how = this.#destroyed ? 'destroyed' : serverEnded ? 'ended' : 'reset';
        const bye = this.frames.findLast(frame => frame.type === 'bye');
        this.#end = { how, bye, atMs: this.time.nowMs() };
        resolve(this.#end);
        this.#wakeWaiters();
      });
    });
  }

  /** Resolves when it is connected. Rejects if no server listens, or if a handshake fails. */
  static async connect(port: number, options: RawPeerOptions = {}): Promise<RawPeer> {
    const { host = '127.0.0.1', localAddress, tls } = options;
    const place = { port, host, allowHalfOpen: true, ...(localAddress === undefined ? {} : { localAddress }) };
    const socket = tls === undefined ? connect(place) : connectSecurely({ ...place, ...tls });
    const peer = new RawPeer(socket.setNoDelay(true), realTime, options);
    await once(socket, tls === undefined ? 'connect' : 'secureConnect');
    return peer;
  }

  /** All frames that have arrived, including those that the test has taken. */
  get frames(): Frame[] {
    return this.received.map(({ frame }) => frame);
  }

  /** The frames that were not taken, without heartbeats. */
  get untakenFrames(): Frame[] {
    return this.#untaken.filter(frame => !isHeartbeat(frame));
  }

  /** Returns the text, the length and the arrival time of a frame. */
  recordOf(frame: Frame): ReceivedFrame {
    const record = this.received.find(candidate => candidate.frame === frame);
    if (record === undefined) throw new Error(`this peer never received ${JSON.stringify(frame)}`);
    return record;
  }

  /** Writes one JSON line for each message, all in one write. */
  send(...messages: readonly object[]): void {
    this.sendRaw(messages.map(message => `${JSON.stringify(message)}\n`).join(''));
  }

  /** Writes these bytes in one write. */
  sendRaw(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Writes one JSON line for each message, together with this peer's FIN. Reading continues. */
  sendAndFin(...messages: readonly object[]): void {
    this.#socket.cork();
    this.send(...messages);
    this.#socket.end();
    this.#socket.uncork();
  }

  /** Takes the first frame of that type that was not taken. Without a type: the first frame that is not a heartbeat. */
  async next(type?: string, deadlineMs?: number): Promise<Frame> {
    const fits = (frame: Frame): boolean => (type === undefined ? !isHeartbeat(frame) : frame.type === type);
    return await this.until(fits, deadlineMs, type ?? 'any frame');
  }

  /** Takes the first frame that was not taken and for which `fits` returns true. */
  async until(fits: (frame: Frame) => boolean, deadlineMs = DEADLINE_MS, what = 'such a frame'): Promise<Frame> {
    const lateMs = this.time.nowMs() + deadlineMs;
    for (;;) {
      const found = this.#untaken.find(fits);
      if (found !== undefined) {
        this.#untaken = this.#untaken.filter(frame => frame !== found);
        return found;
      }
      const leftMs = lateMs - this.time.nowMs();
      if (this.#end !== undefined || leftMs <= 0) throw new Error(`no ${what} ${this.#describeFailure(deadlineMs)}`);
      await this.#waitForNews(leftMs);
    }
  }

  /** Sends a ping and waits for its pong. Resolves when this peer has received all frames that the server sent before the pong. */
  async barrier(deadlineMs?: number): Promise<void> {
    this.#barriers += 1;
    const n = this.#barriers;
    this.send({ type: 'ping', n });
    await this.until(frame => frame.type === 'pong' && frame['n'] === n, deadlineMs, `pong ${n}`);
  }

  /** Drops the frames that were taken, so that a long run does not keep them all. */
  forgetTaken(): void {
    this.#untaken = this.untakenFrames;
    this.received.length = 0;
  }

  /** Sends a ping, waits for its pong, and returns the frames that were not taken, without heartbeats. It takes none of them. */
  async awaitUntakenFrames(): Promise<Frame[]> {
    await this.barrier();
    return this.untakenFrames;
  }

  /** Resolves when the connection has ended. */
  async ended(deadlineMs = DEADLINE_MS): Promise<PeerEnd> {
    return await this.time.within(deadlineMs, 'the connection to end', this.closed);
  }

  /** Closes only this peer's end. Reading continues until the server closes its end too. */
  fin(): void {
    this.#socket.end();
  }

  /** Stops reading from the operating system, as a hung process does. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads again after `pause`. */
  resume(): void {
    this.#socket.resume();
  }

  /** Reads one chunk of bytes every `everyMs`, as an overloaded process does. */
  sip(everyMs: number): void {
    this.#socket.on('data', () => this.#socket.pause());
    const timer = this.time.every(everyMs, () => this.#socket.resume());
    this.#socket.once('close', () => timer.cancel());
  }

  /** Whether this peer has destroyed its connection. `closed` resolves when that is complete. */
  get isDestroyed(): boolean {
    return this.#destroyed;
  }

  /** Resets the connection with a RST. */
  reset(): void {
    this.#destroyed = true;
    this.#socket.resetAndDestroy();
  }

  /** Closes both ends at once, as a process that exits does. */
  destroy(): void {
    this.#destroyed = true;
    this.#socket.destroy();
  }

  #receiveBytes(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
      this.#receiveFrame(Buffer.concat([...this.#pending, bytes.subarray(start, end)]));
      this.#pending = [];
      start = end + 1;
    }
    if (start < bytes.length) this.#pending.push(bytes.subarray(start));
    this.#wakeWaiters();
  }

  #receiveFrame(line: Buffer): void {
    const text = line.toString('utf8');
    const frame = JSON.parse(text) as Frame;
    if (this.#onFrame === undefined) {
      this.received.push({ frame, text, bytes: line.length + 1, atMs: this.time.nowMs() });
      this.#untaken.push(frame);
    }
    if (frame.type === 'ping' && this.answersPings && this.#socket.writable) this.#answerPing(Number(frame['n']));
    this.#onFrame?.(frame);
  }

  #answerPing(n: number): void {
    if (this.#onFrame === undefined) this.pongsAtMs.set(n, this.time.nowMs());
    this.send({ type: 'pong', n });
  }

  #wakeWaiters(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  async #waitForNews(patienceMs: number): Promise<void> {
    let wake: () => void = () => undefined;
    const woken = new Promise<void>(resolve => {
      wake = resolve;
    });
    const timer = this.time.after(patienceMs, wake);
    this.#waiters.add(wake);
    await this.time.elapse(woken);
    this.#waiters.delete(wake);
    timer.cancel();
  }

  #describeFailure(deadlineMs: number): string {
    const state = this.#end === undefined ? `within ${deadlineMs} ms` : `before the connection was ${this.#end.how}`;
    const last = this.received.slice(-10).map(({ text }) => text.slice(0, 300));
    return `${state}; the last of ${this.received.length} frames were:\n${last.join('\n')}`;
  }
}

function isHeartbeat(frame: Frame): boolean {
  return frame.type === 'ping' || frame.type === 'pong';
}
