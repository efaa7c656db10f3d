/** Sockets in memory. */

import { Duplex } from 'node:stream';
import type { VirtualClock } from '../time/virtual-clock.js';
import { type PipeReader, type PipeSettings, SimulatedPipe, type StreamEnd } from './simulated-pipe.js';

/** The largest number of bytes that a socket of Node reads at once. */
const READ_BYTES_MAX = 65_536;
/** The network within one machine: no delay, and the buffers of two operating systems in each direction. */
export const loopback: PipeSettings = { delayMs: () => 0, windowBytes: 65_536, reading: 'whole' };

/** One end of a connection in memory. It behaves as a TCP socket with `allowHalfOpen`. */
export class InMemorySocket extends Duplex implements PipeReader {
  readonly #up: SimulatedPipe;
  readonly #down: SimulatedPipe;
  #endsWith: StreamEnd = 'fin';

  /**
   * @param up carries what this end writes
   * @param down carries what this end reads
   */
  constructor(up: SimulatedPipe, down: SimulatedPipe) {
    super({ allowHalfOpen: true });
    this.#up = up;
    this.#down = down;
    down.readTo(this);
  }

  /** Closes both directions with a RST. */
  resetAndDestroy(): this {
    this.#endsWith = 'rst';
    return this.destroy();
  }

  /** Stops the reading, because the process of this end is stopped. */
  stopReading(): void {
    this.#down.hold('stopped');
  }

  continueReading(): void {
    this.#down.release('stopped');
  }

  received(bytes: Buffer): void {
    for (let start = 0; start < bytes.length; start += READ_BYTES_MAX) {
      if (!this.push(bytes.subarray(start, start + READ_BYTES_MAX))) this.#down.hold('paused');
    }
  }

  ended(how: StreamEnd): void {
    if (how === 'fin') this.push(null);
    else this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }

  override _read(): void {
    this.#down.release('paused');
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#up.write(bytes);
    done();
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.#up.write(Buffer.concat(chunks.map(({ chunk }) => chunk)));
    done();
  }

  override _final(done: () => void): void {
    this.#up.end('fin');
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#down.abandon();
    this.#up.end(this.#endsWith);
    done(error);
  }
}

/** Returns the two ends of a connection in memory. */
export function connectInMemory(
  clock: VirtualClock,
  settings: PipeSettings = loopback,
): [InMemorySocket, InMemorySocket] {
  const [up, down] = [new SimulatedPipe(clock, settings), new SimulatedPipe(clock, settings)];
  return [new InMemorySocket(up, down), new InMemorySocket(down, up)];
}
