/** A connection of the side port, with its deadlines and its limit of one request at a time. */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../clock.js';
import type { LoopQueue } from './loop-queue.js';

/** A connection that has not sent a whole request this long after it was opened, or after the last answer, is destroyed. */
const REQUEST_MS = 10_000;
/** An answer is destroyed if the peer accepts none of it for this long. The time restarts with every `WRITE_BYTES`. */
const ANSWER_STALL_MS = 10_000;
/** A peer has this long to close its end after the server has closed its own. */
const LINGER_MS = 1000;
/** A request of more bytes than this is not answered. Node's own limit of 16 KiB counts the head, but not blank lines before it. */
const REQUEST_BYTES_MAX = 32_768;
/** The shortest request of HTTP/1 has 18 bytes. Of this many bytes at most one can be the last byte of a request. */
const SLICE_BYTES = 16;
/** The most that is given to the operating system in one write: the peer's progress shows after each write only. */
const WRITE_BYTES = 262_144;

/**
 * - `request`: waits for the rest of a request.
 * - `answer`: one request is being answered. Bytes that the peer sends stay unread.
 * - `stream`: the answer continues. Bytes that the peer sends are discarded, so that the server sees the peer's end.
 * - `closing`: the last byte has been queued. Bytes that the peer sends are discarded.
 */
type State = 'request' | 'answer' | 'stream' | 'closing';

/** What a connection shares with the others of its port. */
export interface HttpConnectionParts {
  readonly clock: Clock;
  readonly requests: LoopQueue;
  /** Called when `connection` holds more unread bytes than its stream buffers. */
  readonly onBackedUp: (connection: HttpConnection) => void;
}

/**
 * A connection of the side port as `node:http` sees it. Node reads ahead: it parses as many pipelined requests as one read brings,
 * and keeps a response for each. This stream passes bytes on only while no request is being answered, in slices too short for
 * two requests. It also has the deadlines, since Node's own end a connection without destroying it.
 */
export class HttpConnection extends Duplex {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #requests: LoopQueue;
  readonly #onBackedUp: (connection: HttpConnection) => void;
  readonly #readRequest = (): void => this.#passRequestBytes();
  #state: State = 'request';
  /** Bytes passed on since the last answer. */
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
    // `close` follows and is handled below.
    socket.on('error', () => undefined);
    socket.on('close', () => this.destroy());
  }

  /** Whether the peer has closed its end, as far as the server has read. */
  get hasPeerEnded(): boolean {
    return this.#hasPeerEnded;
  }

  /** Since when the operating system has not accepted the oldest write. Undefined if none is waiting. */
  get writeSinceMs(): number | undefined {
    return this.#writeSinceMs;
  }

  /** Reads no further request until `response` is sent whole. */
  holdRequests(response: ServerResponse): void {
    this.#state = 'answer';
    this.#expireAfter(ANSWER_STALL_MS);
    response.once('close', () => this.#resumeRequests());
  }

  /** Lets the present response continue until either end closes. It is the last one of this connection. */
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

  /** Destroys the connection: at once, or if its answer has been ended, when that is sent. */
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

  /** Small chunks, such as the frame around a chunk of a stream, go in one write. */
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

  /** Handles bytes or the end of the socket. Also called when a new state treats them differently. */
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
        // Only a read notices the end.
        if (this.#socket.readableLength === 0) this.#socket.read();
    }
  }

  /** Passes bytes on until they complete a request: then `holdRequests` has changed the state. */
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
    // Node ends the connection if no further request may follow.
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
