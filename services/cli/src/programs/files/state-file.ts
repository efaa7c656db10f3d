/** The file of `--state-file`: the member's state for programs that read files (R-PROG-3). It is advisory. */

import type { SelfReport } from '../self-report.js';
import { checkReplaceable, unwritable } from './file-error.js';
import { FileWriter } from './replace-file.js';

/**
 * `validUntil` is written again only if it has changed by this much, ms. Smaller changes come from the drift between the wall clock and the
 * monotonic clock.
 */
const MOVED_MS = 100;
/** Every user may read it: it has no secret. */
const MODE = 0o644;

/** The content of the file. */
export interface StateReport extends SelfReport {
  /** Until when the member may act on its rank if no heartbeat renews its lease: wall clock, ms. Null while it must not act. */
  readonly validUntil: number | null;
}

/** What the file needs of its member. */
export interface StateFilePorts {
  readonly read: () => StateReport;
  /** Reports a failed write. Further failures are reported only after a write has succeeded. */
  readonly onFailure: (error: Error) => void;
}

/** Keeps the file equal to the state of the member. */
export class StateFile {
  readonly #path: string;
  readonly #writer: FileWriter;
  readonly #ports: StateFilePorts;
  #written: StateReport | undefined;
  #hasFailed = false;

  private constructor(path: string, ports: StateFilePorts) {
    this.#path = path;
    this.#writer = new FileWriter(path, MODE);
    this.#ports = ports;
  }

  /**
   * Writes the file for the first time.
   * @throws ProgramEnd 78 if it cannot be written
   */
  static async open(path: string, ports: StateFilePorts): Promise<StateFile> {
    await checkReplaceable('--state-file', path);
    const file = new StateFile(path, ports);
    try {
      await file.#write(ports.read());
    } catch (error) {
      throw unwritable('--state-file', path, error);
    }
    return file;
  }

  /** Replaces the file if the state has changed. Call it after each event of the member, and when its lease is renewed. */
  update(): void {
    const state = this.#ports.read();
    if (this.#written !== undefined && isSame(state, this.#written)) return;
    this.#write(state).then(
      () => (this.#hasFailed = false),
      (error: unknown) => this.#reportFailure(error),
    );
  }

  /** Removes the file. */
  async close(): Promise<void> {
    await this.#writer.remove().catch((error: unknown) => this.#reportFailure(error));
  }

  async #write(state: StateReport): Promise<void> {
    this.#written = state;
    await this.#writer.write(`${JSON.stringify(state)}\n`);
  }

  #reportFailure(error: unknown): void {
    // Forget the text, so that the next update writes again.
    this.#written = undefined;
    if (!this.#hasFailed) this.#ports.onFailure(unwritable('--state-file', this.#path, error));
    this.#hasFailed = true;
  }
}

function isSame({ validUntil, ...state }: StateReport, { validUntil: before, ...written }: StateReport): boolean {
  if ((validUntil === null) !== (before === null)) return false;
  if (Math.abs((validUntil ?? 0) - (before ?? 0)) >= MOVED_MS) return false;
  return JSON.stringify(state) === JSON.stringify(written);
}
