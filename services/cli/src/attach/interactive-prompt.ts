/** Reads lines from a terminal while other lines are printed. */

import { createInterface, type Interface } from 'node:readline';
import { printable } from '@rankd/protocol';
import { writeJson, type CommandContext } from '../commands/command-context.js';

/** An event for programs, printed as JSON. */
export interface PrintedEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Reads lines that a user types. The line that the user is typing stays complete when another line is printed. */
export class InteractivePrompt {
  readonly #call: CommandContext;
  #lines: Interface | undefined;
  /** Resolves when the lines so far are answered. Lines are answered in order. */
  #answered: Promise<void> = Promise.resolve();

  constructor(call: CommandContext) {
    this.#call = call;
  }

  /** Calls `answer` with each line, and `leave` when the input ends. */
  open(answer: (line: string) => Promise<void>, leave: () => void): void {
    const { terminal, json } = this.#call;
    const isInteractive = terminal.isInteractive && process.stdin.isTTY && !json;
    const output = isInteractive ? { output: process.stdout } : {};
    this.#lines = createInterface({ input: process.stdin, ...output, terminal: isInteractive, prompt: '> ' });
    this.#lines.on('line', line => {
      this.#answered = this.#answered.then(() => answer(line)).then(() => this.#lines?.prompt(true));
    });
    this.#lines.on('close', () => {
      // Since Node 26, a closed interface throws if it is asked to prompt.
      this.#lines = undefined;
      void this.#answered.then(leave);
    });
    this.#lines.prompt();
  }

  /** Prints an event as one line: JSON for programs, or the sentence for people. Control characters in the sentence are escaped. */
  print(event: PrintedEvent, sentence: string): void {
    this.show(event, printable(sentence));
  }

  /** Prints an event as `print` does, with text that is already printable and may have colours. */
  show(event: PrintedEvent, text: string): void {
    const { terminal, json } = this.#call;
    if (json) {
      writeJson(this.#call, event);
      return;
    }
    const isTyping = this.#lines?.terminal === true;
    // Clears the line that the user is typing. readline shows it again below.
    terminal.write(`${isTyping ? '\r\x1b[K' : ''}${text}`);
    if (isTyping) this.#lines?.prompt(true);
  }

  /** Stops reading. Resolves when every line so far is answered. */
  async end(): Promise<void> {
    this.#lines?.close();
    await this.#answered;
    // An open pipe would keep this process running.
    process.stdin.destroy();
  }
}
