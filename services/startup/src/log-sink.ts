/** Writes log lines without blocking, even if no process reads the output. */

/** The limit of unwritten bytes that are kept while the descriptor accepts none. Further lines are dropped and counted. */
export const BUFFER_BYTES_MAX = 1_048_576;
/** The lines of one round of the event loop are written together at its end, or earlier when they exceed this many characters. */
const GATHERED_CHARS_MAX = 65_536;
/** The delays before the next attempt: after a full descriptor (EAGAIN), and after another failure such as ENOSPC or EPIPE. */
const FULL_RETRY_MS = 20;
const FAILED_RETRY_MS = 1000;
/** How long a process that exits waits for a full descriptor. */
export const EXIT_FLUSH_MS = 500;
/** The delay between two attempts at exit. */
const EXIT_RETRY_MS = 5;

/**
 * Writes as many bytes as possible without waiting. Returns their number.
 * @throws a system error if it can write none.
 */
export type WriteNow = (bytes: Uint8Array) => number;

type State =
  | { readonly kind: 'idle' }
  /** Lines of this round of the event loop are waiting for its end. */
  | { readonly kind: 'gathering'; readonly timer: NodeJS.Timeout }
  /** The descriptor accepted no bytes, with the error `code`. The sink will try again. */
  | { readonly kind: 'blocked'; readonly timer: NodeJS.Timeout; readonly code: string | undefined };

/**
 * Writes the lines of one round of the event loop with one call at its end. If the descriptor accepts no bytes, the process continues, and
 * the sink keeps up to BUFFER_BYTES_MAX bytes. Past that it drops lines until all kept bytes are written. It then passes the number of
 * dropped lines to `onDropped`.
 */
export class LogSink {
  readonly #writeNow: WriteNow;
  #reportDropped: (count: number) => void = () => undefined;
  #state: State = { kind: 'idle' };
  /** The part of the last write that the descriptor did not accept. `#lines` are the lines after it. */
  #rest: Uint8Array = Buffer.alloc(0);
  #lines = '';
  #bytes = 0;
  /** The number of dropped lines since the last report. `#linesDropped` is the number since the start. */
  #gap = 0;
  #linesDropped = 0;

  constructor(writeNow: WriteNow) {
    this.#writeNow = writeNow;
  }

  /** The number of lines that were dropped since the start. */
  get linesDropped(): number {
    return this.#linesDropped;
  }

  /** Sets the function that is called with the number of dropped lines when lines are accepted again. It may write a line. */
  onDropped(report: (count: number) => void): void {
    this.#reportDropped = report;
  }

  /** Writes a line. `line` contains its line end. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#gap > 0 || this.#bytes + bytes > BUFFER_BYTES_MAX) {
      this.#gap += 1;
      this.#linesDropped += 1;
    } else {
      this.#bytes += bytes;
      this.#lines += line;
    }
    if (this.#state.kind === 'idle') this.#state = { kind: 'gathering', timer: setTimeout(() => this.flushSync(), 0) };
    if (this.#state.kind === 'gathering' && this.#lines.length >= GATHERED_CHARS_MAX) this.flushSync();
  }

  /** Writes the bytes that the descriptor accepts now. Never waits. */
  flushSync(): void {
    if (this.#state.kind !== 'idle') clearTimeout(this.#state.timer);
    this.#state = { kind: 'idle' };
    try {
      while (this.#bytes > 0) this.#writeSome();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const retryMs = isFull(code) ? FULL_RETRY_MS : FAILED_RETRY_MS;
      // The timer does not keep the process alive. A process that exits flushes the sink.
      this.#state = { kind: 'blocked', timer: setTimeout(() => this.flushSync(), retryMs).unref(), code };
      return;
    }
    const count = this.#gap;
    this.#gap = 0;
    if (count > 0) this.#reportDropped(count);
  }

  /** Writes the last lines of a process that exits. Waits at most EXIT_FLUSH_MS for a full descriptor. */
  flushAtExit(): void {
    const endMs = performance.now() + EXIT_FLUSH_MS;
    this.flushSync();
    while (this.#bytes > 0 && performance.now() < endMs) {
      if (this.#state.kind === 'blocked') {
        if (!isFull(this.#state.code)) return;
        sleepSync(EXIT_RETRY_MS);
      }
      this.flushSync();
    }
  }

  #writeSome(): void {
    if (this.#rest.length === 0) {
      this.#rest = Buffer.from(this.#lines);
      this.#lines = '';
    }
    const written = this.#writeNow(this.#rest);
    this.#rest = this.#rest.subarray(written);
    this.#bytes -= written;
  }
}

/** Whether the descriptor is full because its reader is slow. It may accept bytes again at any moment. */
function isFull(code: string | undefined): boolean {
  return code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EBUSY';
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
