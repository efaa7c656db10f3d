/** A connection of the side port: its deadlines, and its limit of one request at a time. */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../clock.js';
import type { LoopQueue } from './loop-queue.js';

/** A connection is destroyed if no complete request has arrived this long after it was opened, or after the last answer. */
const REQUEST_MS = 10_000;
/**
 * A connection is destroyed if the client accepts no bytes of an answer for this long. The time restarts after each write, which has at
 * most `WRITE_BYTES` bytes.
 */
const ANSWER_STALL_MS = 10_000;
/** How long a client may take to close its end after this end has closed. */
const LINGER_MS = 1000;
/** The limit of a request's bytes. It is needed because Node's own limit of 16 KiB does not count blank lines before the head. */
const REQUEST_BYTES_MAX = 32_768;
/**
 * The number of bytes that are passed to Node at once. The shortest HTTP/1 request has 18 bytes, so one slice completes at most one
 * request.
 */
const SLICE_BYTES = 16;
/** The most bytes of one write to the socket. The server sees the client's progress only when a write has completed. */
const WRITE_BYTES = 262_144;

/**
 * - `request`: waits for the rest of a request.
 * - `answer`: a request is being answered. Bytes from the client stay unread.
 * - `stream`: the answer has no end. Bytes from the client are discarded, so that its close is noticed.
 * - `closing`: the last byte is queued. Bytes from the client are discarded.
 */
type State = 'request' | 'answer' | 'stream' | 'closing';

/** The objects that all connections of the port share. */
export interface HttpConnectionParts {
  readonly clock: Clock;
  readonly requests: LoopQueue;
  /** Called when a connection has more unread bytes than its stream buffers. */
  readonly onBackedUp: (connection: HttpConnection) => void;
}

/**
 * The stream that `node:http` gets in place of a socket. Node would parse all pipelined requests of one read, and keep a response for each.
 * So this stream passes bytes on only while no request is being answered, in slices that are too short for two requests. It also has its
 * own deadlines, because Node's deadlines end a connection without destroying it.
 */
export class HttpConnection extends Duplex {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #requests: LoopQueue;
  readonly #onBackedUp: (connection: HttpConnection) => void;
  readonly #readRequest = (): void => this.#passRequestBytes();
  #state: State = 'request';
  /** The number of bytes passed on since the last answer. */
  #requestBytes = 0;
  #hasPeerEnded = false;
  #deadline: Timer | undefined;
  #writeSinceMs: number | undefined;

  constructor(socket: Socket, { clock, requests, onBackedUp }: HttpConnectionParts) {
    super({ readableHighWaterMark: SLICE_BYTES });
    this.#socket = socket;
    this.#clock = clock;
    this.#requests = requests;
    this.#onBackedUp = onBackedUp;
    this.#expireAfter(REQUEST_MS);
    socket.on('readable', () => this.#handleReadable());
    socket.on('end', () => this.#handlePeerEnd());
    // The event `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.destroy());
  }

  /** Whether this server has read that the client has closed its end. */
  get hasPeerEnded(): boolean {
    return this.#hasPeerEnded;
  }

  /** When the oldest write that the operating system has not accepted was started: monotonic clock, ms. Undefined if there is none. */
  get writeSinceMs(): number | undefined {
    return this.#writeSinceMs;
  }

  /** Reads no further request until `response` has been sent. */
  holdRequests(response: ServerResponse): void {
    this.#state = 'answer';
    this.#expireAfter(ANSWER_STALL_MS);
    response.once('close', () => this.#resumeRequests());
  }

  /** Makes the present response a stream that lasts until either end closes. No request can follow it. */
  startStream(): void {
    this.#state = 'stream';
    if (this.#writeSinceMs === undefined) this.#deadline?.cancel();
    this.#handleReadable();
  }

  /** Sends `text`, then closes. */
  sendAndClose(text: string): void {
    this.#state = 'closing';
    this.#expireAfter(ANSWER_STALL_MS);
    this.end(text);
    this.#handleReadable();
  }

  /** Destroys the connection. If its answer is complete, sends it first. */
  destroyWhenSent(): void {
    const isBeingSent = this.writableEnded && !this.writableFinished;
    if (isBeingSent || this.#state === 'stream') this.once('finish', () => this.destroy());
    else this.destroy();
  }

  override _read(): void {
    if (this.#state === 'request') this.#requests.add(this.#readRequest);
  }

  override write(
    chunk: unknown,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    callback?: (error?: Error | null) => void,
  ): boolean {
    const hasRoom = super.write(chunk, encoding as BufferEncoding, callback);
    if (!hasRoom) this.#onBackedUp(this);
    return hasRoom;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#writeFrom(chunk, 0, done);
  }

  /** Writes small chunks together. Node writes each chunk of a stream with a frame around it. */
  override _writev(entries: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const [first, ...rest] = entries;
    if (first === undefined) return done();
    let bytes = first.chunk.length;
    let count = 1;
    for (const { chunk } of rest) {
      if (bytes + chunk.length > WRITE_BYTES) break;
      bytes += chunk.length;
      count += 1;
    }
    const together = entries.slice(0, count).map(({ chunk }) => chunk);
    this.#writeFrom(count === 1 ? first.chunk : Buffer.concat(together), 0, error => {
      if (error || count === entries.length) done(error);
      else this._writev(entries.slice(count), done);
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#state = 'closing';
    this.#expireAfter(LINGER_MS);
    this.#socket.end();
    this.#handleReadable();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#deadline?.cancel();
    this.#socket.destroy();
    done(error);
  }

  #writeFrom(bytes: Buffer, start: number, done: (error?: Error | null) => void): void {
    this.#writeSinceMs = this.#clock.monotonicMs();
    this.#expireAfter(ANSWER_STALL_MS);
    const end = start + WRITE_BYTES;
    this.#socket.write(bytes.subarray(start, end), error => {
      if (!error && end < bytes.length) return this.#writeFrom(bytes, end, done);
      this.#writeSinceMs = undefined;
      if (this.#state === 'stream') this.#deadline?.cancel();
      done(error);
    });
  }

  /** Handles bytes or the end of the socket, as the state requires. Also called after a change of the state. */
  #handleReadable(): void {
    switch (this.#state) {
      case 'request':
        this.#requests.add(this.#readRequest);
        return;
      case 'stream':
      case 'closing':
        while (this.#socket.read() !== null);
        return;
      case 'answer':
        // A read is needed to notice the end of the socket.
        if (this.#socket.readableLength === 0) this.#socket.read();
    }
  }

  /** Passes bytes on until they complete a request. `holdRequests` then changes the state. */
  #passRequestBytes(): void {
    while (this.#state === 'request' && !this.destroyed) {
      const slice = this.#socket.read(Math.min(SLICE_BYTES, this.#socket.readableLength || 1)) as Buffer | null;
      if (slice === null) {
        if (this.#hasPeerEnded) this.push(null);
        return;
      }
      this.#requestBytes += slice.length;
      if (this.#requestBytes > REQUEST_BYTES_MAX) {
        this.destroy();
        return;
      }
      if (!this.push(slice)) return;
    }
  }

  #resumeRequests(): void {
    // If no request may follow, Node ends the connection.
    if (this.#state !== 'answer' || this.writableEnded || this.destroyed) return;
    this.#state = 'request';
    this.#requestBytes = 0;
    this.#expireAfter(REQUEST_MS);
    this.#requests.add(this.#readRequest);
  }

  #handlePeerEnd(): void {
    this.#hasPeerEnded = true;
    if (this.#state === 'request') this.#requests.add(this.#readRequest);
    if (this.#state === 'stream' || this.#state === 'closing') this.destroy();
  }

  #expireAfter(ms: number): void {
    this.#deadline?.cancel();
    this.#deadline = this.#clock.after(ms, () => this.destroy());
  }
}
