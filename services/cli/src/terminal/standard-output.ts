/** Writes to standard output and standard error. */

import { fstatSync, writeFileSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { watchReaders } from './pipe-readers.js';
import { sizeOf } from './terminal-size.js';

/** How much output of a verb that does not end by itself may wait for its reader, bytes. More is dropped. A single result has no limit. */
export const OUTPUT_BYTES_MAX = 1024 * 1024;

type StandardStream = NodeJS.WriteStream & { readonly fd: number };

/** Standard output or standard error. After a write has failed, nothing more is written. `onFailed` is called once, with the error. */
export class Output {
  readonly #stream: StandardStream;
  readonly #onFailed: (error: NodeJS.ErrnoException) => void;
  readonly #isFile: boolean;
  #hasFailed = false;

  constructor(stream: StandardStream, onFailed: (error: NodeJS.ErrnoException) => void = () => undefined) {
    this.#stream = stream;
    this.#onFailed = onFailed;
    this.#isFile = isFile(stream);
    // A pipe or a terminal reports a failed write later.
    stream.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
  }

  /** Whether it is a terminal. */
  get isTTY(): boolean {
    return this.#stream.isTTY;
  }

  /** The width of the terminal. */
  get columns(): number {
    return sizeOf(this.#stream).columns;
  }

  /** Writes a text. Does nothing after a write has failed. */
  write(text: string): void {
    if (this.#hasFailed) return;
    try {
      // Node's stream for files ignores a write that the disk accepts only in part.
      if (this.#isFile) writeFileSync(this.#stream.fd, text);
      else this.#stream.write(text);
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
    }
  }

  /** How much of the text written so far waits in memory, bytes. */
  get waitingBytes(): number {
    return this.#isFile ? 0 : this.#stream.writableLength;
  }

  /** Calls `run` once, when nothing waits any more. It is never called if a write fails first. */
  afterDrain(run: () => void): void {
    if (this.#stream.writableNeedDrain) this.#stream.once('drain', run);
    else run();
  }

  /** Fails also when the last reader of a pipe closes it, and not only when the next text is written. Call it before the first write. */
  watchReaders(): void {
    watchReaders(this.#stream.fd, () => this.#fail(Object.assign(new Error('no reader'), { code: 'EPIPE' })));
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#onFailed(error);
  }
}

/** Returns whether it is a file, or a device such as /dev/full: no terminal, pipe or socket. */
function isFile({ fd, isTTY }: StandardStream): boolean {
  const stats = fstatSync(fd);
  return stats.isFile() || (stats.isCharacterDevice() && !isTTY);
}

/** Returns text such as `no space left on device (ENOSPC)`. */
export function formatSystemError({ errno, code, message }: NodeJS.ErrnoException): string {
  const [, words] = getSystemErrorMap().get(errno ?? 0) ?? [];
  return words === undefined ? message : `${words} (${code})`;
}
