/** Replaces files as a whole: a reader sees the old content or the new one. */

import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Replaces a file, or creates it. Writes a temporary file in the same folder, then renames it.
 * @param mode the permissions of the new file
 * @throws a system error. The old file is unchanged then
 */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  // The text may be a secret, and other users may write to the folder. They cannot guess the random name, and `wx` does not follow a link.
  const temporary = join(dirname(path), `.rankctl-${randomBytes(8).toString('hex')}.tmp`);
  try {
    await writeNew(temporary, text, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

/** Replaces one file many times. At most one write runs and one waits. A newer text replaces the text that waits. */
export class FileWriter {
  readonly #path: string;
  readonly #mode: number;
  #running: Promise<void> = Promise.resolve();
  #waiting: { text: string | undefined; readonly done: Promise<void> } | undefined;

  /** @param mode the permissions of the file */
  constructor(path: string, mode: number) {
    this.#path = path;
    this.#mode = mode;
  }

  /** Replaces the file. Resolves when this text or a newer one is written. @throws a system error */
  async write(text: string): Promise<void> {
    await this.#schedule(text);
  }

  /** Removes the file after all earlier writes. A file that is gone already is no error. @throws a system error */
  async remove(): Promise<void> {
    await this.#schedule(undefined);
  }

  async #schedule(text: string | undefined): Promise<void> {
    if (this.#waiting !== undefined) {
      this.#waiting.text = text;
      await this.#waiting.done;
      return;
    }
    const done = this.#running.then(async () => this.#perform());
    this.#waiting = { text, done };
    // The callers receive the error. The next write starts after a failed one too.
    this.#running = done.catch(() => undefined);
    await done;
  }

  async #perform(): Promise<void> {
    const text = this.#waiting?.text;
    this.#waiting = undefined;
    if (text === undefined) await rm(this.#path, { force: true });
    else await replaceFile(this.#path, text, this.#mode);
  }
}
