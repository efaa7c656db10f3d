/** The file of `--seat-file`: the member's seat over a restart of rankctl (R-PROG-10). */

import { readFile, rm, stat } from 'node:fs/promises';
import type { SeatClaim } from '@rankd/client';
import { limits } from '@rankd/protocol';
import { configurationEnd, exitCodes, ProgramEnd } from '../program-end.js';
import { checkReplaceable, unreadable, unwritable } from './file-error.js';
import { replaceFile } from './replace-file.js';

/** Only the user of rankctl may read it: it has the secret of the seat. */
const MODE = 0o600;
/** A larger file is not a seat file, bytes. */
const FILE_BYTES_MAX = 4096;

/** Whether a program that was started under this seat may still run. */
export type ProgramState = 'running' | 'ended';

/** The content of the file. */
interface StoredSeat {
  readonly group: string;
  readonly claim: SeatClaim;
  readonly program: ProgramState;
}

/** Keeps the claim of a seat in a file. */
export class SeatFile {
  readonly #path: string;
  readonly #group: string;
  #claim: SeatClaim | undefined;
  #program: ProgramState;
  #changes: Promise<void> = Promise.resolve();
  /** The content that this process has written last. */
  #written: string | undefined;

  private constructor(path: string, group: string, stored: StoredSeat | undefined) {
    this.#path = path;
    this.#group = group;
    this.#claim = stored?.claim;
    this.#program = stored?.program ?? 'ended';
  }

  /**
   * Reads the file, if there is one, and checks that it can be replaced.
   * @param group the group that the member will join
   * @throws ProgramEnd 78 if it cannot be read or replaced, is no seat file, or has the seat of another group
   */
  static async open(path: string, group: string): Promise<SeatFile> {
    await checkReplaceable('--seat-file', path);
    const stored = await readSeat(path);
    if (stored !== undefined && stored.group !== group) {
      const reason = `has a seat of group ${JSON.stringify(stored.group)}, not of ${JSON.stringify(group)}`;
      throw configurationEnd(`--seat-file ${JSON.stringify(path)} ${reason}: use another file for each group`);
    }
    const file = new SeatFile(path, group, stored);
    await file.#checkWritable();
    return file;
  }

  /** The claim with which the member takes its seat back. Undefined if there is none. */
  get claim(): SeatClaim | undefined {
    return this.#claim;
  }

  /** Whether a program that was started under this seat may still run. */
  get program(): ProgramState {
    return this.#program;
  }

  /**
   * Stores the claim of a new `welcome`. This process has the seat then, so it replaces what another process has written. A program of that
   * process may still run.
   * @throws ProgramEnd 78 if the file cannot be written
   */
  async keepClaim(claim: SeatClaim): Promise<void> {
    await this.#inTurn(async () => this.#replaceClaim(claim));
  }

  /**
   * Stores whether the program runs. Await it before the program starts, so that the file never has `ended` while a program may run.
   * @throws ProgramEnd 78 if the file cannot be written; 1 if another process has written it since: that process has the seat
   */
  async recordProgram(state: ProgramState): Promise<void> {
    await this.#inTurn(async () => this.#replaceState(state));
  }

  /**
   * Removes the file, because the member has left. Does nothing if another process has written it since.
   * @throws ProgramEnd 78 if it cannot be removed
   */
  async remove(): Promise<void> {
    await this.#inTurn(async () => {
      this.#claim = undefined;
      if (await this.#isOwn()) await this.#attempt(async () => rm(this.#path, { force: true }));
    });
  }

  /** Runs one change after the other: each compares the file with the last change. */
  async #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => undefined);
    await done;
  }

  async #replaceClaim(claim: SeatClaim): Promise<void> {
    this.#claim = claim;
    if (!(await this.#isOwn()) && (await readSeat(this.#path).catch(() => undefined))?.program === 'running') {
      this.#program = 'running';
    }
    await this.#write();
  }

  async #replaceState(state: ProgramState): Promise<void> {
    if (this.#claim === undefined) return;
    if (!(await this.#isOwn())) {
      const reason = 'was replaced by another process, which has the seat now: each member needs a file of its own';
      throw new ProgramEnd(exitCodes.failed, `--seat-file ${JSON.stringify(this.#path)} ${reason}`);
    }
    if (this.#program === state) return;
    this.#program = state;
    await this.#write();
  }

  /** Whether the file is what this process has written last, or is gone. */
  async #isOwn(): Promise<boolean> {
    const content = await readFile(this.#path, 'utf8').catch(() => undefined);
    return content === undefined || content === this.#written;
  }

  async #write(): Promise<void> {
    if (this.#claim === undefined) return;
    const seat: StoredSeat = { group: this.#group, claim: this.#claim, program: this.#program };
    await this.#writeText(`${JSON.stringify(seat)}\n`);
  }

  async #writeText(text: string): Promise<void> {
    await this.#attempt(async () => replaceFile(this.#path, text, MODE));
    this.#written = text;
  }

  /** Checks that the file can be written: replaces it with the same content, or creates an empty file and removes it. */
  async #checkWritable(): Promise<void> {
    if (this.#claim !== undefined) {
      await this.#write();
      return;
    }
    await this.#writeText('');
    await this.remove();
  }

  async #attempt(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw unwritable('--seat-file', this.#path, error);
    }
  }
}

/** Returns the seat of a file. Undefined if there is no file, or if it is empty. */
async function readSeat(path: string): Promise<StoredSeat | undefined> {
  const text = await readText(path);
  if (text === undefined || text.trim() === '') return undefined;
  const seat = parseSeat(text);
  if (seat === undefined) {
    throw configurationEnd(
      `--seat-file ${JSON.stringify(path)} is not a seat file of rankctl: name another file, or remove it`,
    );
  }
  return seat;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    return size > FILE_BYTES_MAX ? 'too large' : await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable('--seat-file', path, error);
    // If the folder is missing too, the first write fails.
    return undefined;
  }
}

function parseSeat(text: string): StoredSeat | undefined {
  try {
    const { group, claim, program } = JSON.parse(text) as Partial<Record<keyof StoredSeat, unknown>>;
    const isSeat =
      isText(group, limits.wordCharsMax) && isClaim(claim) && (program === 'running' || program === 'ended');
    return isSeat ? { group, claim, program } : undefined;
  } catch {
    return undefined;
  }
}

function isClaim(value: unknown): value is SeatClaim {
  if (typeof value !== 'object' || value === null) return false;
  const { member, secret } = value as Partial<Record<keyof SeatClaim, unknown>>;
  return isText(member, limits.wordCharsMax) && isText(secret, limits.secretCharsMax);
}

function isText(value: unknown, charsMax: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= charsMax;
}
