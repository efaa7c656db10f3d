import { fstatSync, writeFileSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';

type StandardStream = NodeJS.WriteStream & { readonly fd: number };

/** Standard output or standard error. Once a write has failed, nothing more is written there; `onFailed` gets the error, once. */
export class Output {
  readonly #stream: StandardStream;
  readonly #onFailed: (error: NodeJS.ErrnoException) => void;
  readonly #isFile: boolean;
  #hasFailed = false;

  constructor(stream: StandardStream, onFailed: (error: NodeJS.ErrnoException) => void = () => undefined) {
    this.#stream = stream;
    this.#onFailed = onFailed;
    this.#isFile = isFile(stream);
    // What a pipe or a terminal does not take is known later.
    stream.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
  }

  get isTTY(): boolean {
    return this.#stream.isTTY;
  }

  get columns(): number {
    return this.#stream.columns;
  }

  write(text: string): void {
    if (this.#hasFailed) return;
    try {
      // Node's stream for files takes no notice where a disk takes only the beginning.
      if (this.#isFile) writeFileSync(this.#stream.fd, text);
      else this.#stream.write(text);
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
    }
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#onFailed(error);
  }
}

/** A file or a device, such as /dev/full; not a terminal, a pipe or a socket. */
function isFile({ fd, isTTY }: StandardStream): boolean {
  const stats = fstatSync(fd);
  return stats.isFile() || (stats.isCharacterDevice() && !isTTY);
}

/** `no space left on device (ENOSPC)` */
export function formatSystemError({ errno, code, message }: NodeJS.ErrnoException): string {
  const [, words] = getSystemErrorMap().get(errno ?? 0) ?? [];
  return words === undefined ? message : `${words} (${code})`;
}
