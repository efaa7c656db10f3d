import type { CommandResult } from './sheet.js';

interface Waiting {
  readonly resolve: (next: IteratorResult<CommandResult>) => void;
  readonly reject: (error: Error) => void;
}
type End = { readonly kind: 'open' } | { readonly kind: 'ended' } | { readonly kind: 'failed'; readonly error: Error };

/** Results as they come, for one `for await`. Holds no more than the command has recipients. */
export class ResultStream implements AsyncIterable<CommandResult>, AsyncIterator<CommandResult> {
  readonly #results: CommandResult[] = [];
  #waiting: Waiting[] = [];
  #end: End = { kind: 'open' };

  push(result: CommandResult): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#results.push(result);
    else waiting.resolve({ value: result, done: false });
  }

  end(): void {
    this.#end = { kind: 'ended' };
    for (const { resolve } of this.#takeWaiting()) resolve({ value: undefined, done: true });
  }

  fail(error: Error): void {
    this.#end = { kind: 'failed', error };
    for (const { reject } of this.#takeWaiting()) reject(error);
  }

  next(): Promise<IteratorResult<CommandResult>> {
    const result = this.#results.shift();
    if (result !== undefined) return Promise.resolve({ value: result, done: false });
    if (this.#end.kind === 'ended') return Promise.resolve({ value: undefined, done: true });
    if (this.#end.kind === 'failed') return Promise.reject(this.#end.error);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #takeWaiting(): readonly Waiting[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}
