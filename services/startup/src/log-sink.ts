/** What waits for a descriptor that does not take it at the moment. Past this, lines are dropped and counted. */
export const BUFFER_BYTES_MAX = 1_048_576;
/** How much of one turn of the event loop is gathered before it is written. */
const GATHERED_CHARS_MAX = 65_536;
/** When a descriptor is tried again that is full (EAGAIN), and one that fails in another way, such as ENOSPC or EPIPE. */
const FULL_RETRY_MS = 20;
const FAILED_RETRY_MS = 1000;
/** How long a process that exits waits for a descriptor that is full. */
export const EXIT_FLUSH_MS = 500;
const EXIT_RETRY_MS = 5;

/** Writes what it can without waiting and returns the number of bytes; throws a system error where it can write nothing. */
export type WriteNow = (bytes: Uint8Array) => number;

type State =
  | { readonly kind: 'idle' }
  /** The lines of this turn are written after it. */
  | { readonly kind: 'gathering'; readonly timer: NodeJS.Timeout }
  /** The descriptor took nothing for the reason `code`; it is tried again. */
  | { readonly kind: 'blocked'; readonly timer: NodeJS.Timeout; readonly code: string | undefined };

/**
 * Writes the lines of one turn of the event loop with one call, after it. A descriptor that takes nothing neither blocks nor
 * ends the process: up to BUFFER_BYTES_MAX waits for it. When that is full, lines are dropped until all that waits has been
 * written, so that each gap in the output is as long as it is said to be; then `reportDropped` gets their number.
 */
export class LogSink {
  readonly #writeNow: WriteNow;
  #reportDropped: (count: number) => void = () => undefined;
  #state: State = { kind: 'idle' };
  /** What is left of the last write, and the lines since. */
  #rest: Uint8Array = Buffer.alloc(0);
  #lines = '';
  #bytes = 0;
  /** Since the last report, and since the start. */
  #gap = 0;
  #linesDropped = 0;

  constructor(writeNow: WriteNow) {
    this.#writeNow = writeNow;
  }

  /** Lines that were dropped since the start. */
  get linesDropped(): number {
    return this.#linesDropped;
  }

  /** `report` is called with the number of lines that were dropped, once lines are taken again. It may write one itself. */
  onDropped(report: (count: number) => void): void {
    this.#reportDropped = report;
  }

  /** `line` with its terminator. */
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

  /** Writes what the descriptor takes now, and never waits. */
  flushSync(): void {
    if (this.#state.kind !== 'idle') clearTimeout(this.#state.timer);
    this.#state = { kind: 'idle' };
    try {
      while (this.#bytes > 0) this.#writeSome();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const retryMs = isFull(code) ? FULL_RETRY_MS : FAILED_RETRY_MS;
      // It does not keep a process that has nothing else to do: that one flushes when it exits.
      this.#state = { kind: 'blocked', timer: setTimeout(() => this.flushSync(), retryMs).unref(), code };
      return;
    }
    const count = this.#gap;
    this.#gap = 0;
    if (count > 0) this.#reportDropped(count);
  }

  /** For a process that exits: the last lines, if the descriptor takes them within EXIT_FLUSH_MS. */
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

/** A reader that is only slow: it may take more at any moment. */
function isFull(code: string | undefined): boolean {
  return code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EBUSY';
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
