import { createInterface, type Interface } from 'node:readline';
import { printable } from '@rankd/protocol';
import { writeJson, type CommandContext } from '../commands/command-context.js';

/** What happened, for machines. */
export interface PrintedEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Lines that a person types, between lines that come by themselves: those do not tear what is being typed. */
export class InteractivePrompt {
  readonly #call: CommandContext;
  #lines: Interface | undefined;
  /** What is typed is answered in its order. */
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
    this.#lines.on('close', () => void this.#answered.then(leave));
    this.#lines.prompt();
  }

  /** What happened, for machines and for people. The sentence is one line, made printable. */
  print(event: PrintedEvent, sentence: string): void {
    this.show(event, printable(sentence));
  }

  /** The same with text that is printable already, and may have colours. */
  show(event: PrintedEvent, text: string): void {
    const { terminal, json } = this.#call;
    if (json) {
      writeJson(this.#call, event);
      return;
    }
    const isTyping = this.#lines?.terminal === true;
    // Back to the beginning of the line that is being typed, and away with it; readline shows it again below.
    terminal.write(`${isTyping ? '\r\x1b[K' : ''}${text}`);
    if (isTyping) this.#lines?.prompt(true);
  }

  async end(): Promise<void> {
    this.#lines?.close();
    await this.#answered;
    // A pipe that nobody closes would keep this process.
    process.stdin.destroy();
  }
}
