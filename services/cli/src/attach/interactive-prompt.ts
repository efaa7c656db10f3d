/** Reads lines from a terminal while other lines are printed. */

import { clearScreenDown, createInterface, cursorTo, moveCursor, type Interface } from 'node:readline';
import { printable } from '@rankd/protocol';
import { writeJson, type CommandContext } from '../commands/command-context.js';
import { OUTPUT_BYTES_MAX } from '../terminal/standard-output.js';
import { inputLines } from './input-lines.js';

/** An event for programs, printed as JSON. */
export interface PrintedEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Reads lines that a user types. The line that the user is typing stays complete when another line is printed. */
export class InteractivePrompt {
  readonly #call: CommandContext;
  /** Set while the user types on a terminal. A pipe is read without it. */
  #lines: Interface | undefined;
  /** Resolves when the lines so far are answered. Lines are answered in order. */
  #answered: Promise<void> = Promise.resolve();
  #isEnding = false;
  /** How many lines were dropped since the output was last read to its end. */
  #dropped = 0;

  constructor(call: CommandContext) {
    this.#call = call;
  }

  /**
   * Calls `answer` with each line, and `leave` when the input ends. If the input cannot be read to its end, calls `fail` before `leave`.
   */
  open(answer: (line: string) => Promise<void>, leave: () => void, fail: (error: unknown) => void): void {
    const { terminal, json } = this.#call;
    if (terminal.isInteractive && process.stdin.isTTY && !json) this.#openPrompt(answer, leave);
    else this.#answered = this.#readInput(answer, leave, fail);
  }

  #openPrompt(answer: (line: string) => Promise<void>, leave: () => void): void {
    this.#lines = createInterface({ input: process.stdin, output: process.stdout, terminal: true, prompt: '> ' });
    this.#lines.on('line', line => {
      this.#answered = this.#answered.then(() => answer(line)).then(() => this.#lines?.prompt(true));
    });
    const endInput = (): void => {
      if (this.#lines === undefined) return;
      // Since Node 26, a closed interface throws if it is asked to prompt.
      this.#lines = undefined;
      void this.#answered.then(leave);
    };
    this.#lines.on('close', endInput);
    // The terminal has disappeared. Reading fails with EIO, and so does the end of raw mode when readline closes.
    this.#lines.on('error', endInput);
    this.#lines.prompt();
  }

  /** Answers each line before it reads the next, so the lines of a long file do not wait in memory. */
  async #readInput(
    answer: (line: string) => Promise<void>,
    leave: () => void,
    fail: (error: unknown) => void,
  ): Promise<void> {
    try {
      for await (const line of inputLines(process.stdin)) {
        if (this.#isEnding) break;
        await answer(line);
      }
    } catch (error) {
      // `end` destroys the input, which ends the reading with an error.
      if (!this.#isEnding) fail(error);
    }
    leave();
  }

  /** Prints an event as one line: JSON for programs, or the sentence for people. Control characters in the sentence are escaped. */
  print(event: PrintedEvent, sentence: string): void {
    this.show(event, printable(sentence));
  }

  /** Prints an event as `print` does, with text that is already printable and may have colours. */
  show(event: PrintedEvent, text: string): void {
    if (this.#call.terminal.waitingBytes >= OUTPUT_BYTES_MAX) this.#drop();
    else this.#write(event, text);
  }

  #write(event: PrintedEvent, text: string): void {
    const { terminal, json } = this.#call;
    if (json) {
      writeJson(this.#call, event);
      return;
    }
    if (this.#lines !== undefined) clearTyped(this.#lines);
    terminal.write(text);
    this.#lines?.prompt(true);
  }

  /** Drops a line whose reader is too slow. Prints how many lines were dropped when the reader has read the earlier ones. */
  #drop(): void {
    this.#dropped += 1;
    if (this.#dropped > 1) return;
    this.#call.terminal.afterDrain(() => {
      const count = this.#dropped;
      this.#dropped = 0;
      this.#write({ event: 'dropped', count }, `${count} lines were not printed: the output was read too slowly`);
    });
  }

  /** Stops reading. Resolves when every line so far is answered. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#lines?.close();
    // An open pipe would keep this process running.
    process.stdin.destroy();
    await this.#answered;
  }
}

/** Clears the line that the user is typing, which may take several rows of the terminal. readline shows it again below. */
function clearTyped(lines: Interface): void {
  moveCursor(process.stdout, 0, -lines.getCursorPos().rows);
  cursorTo(process.stdout, 0);
  clearScreenDown(process.stdout);
}
