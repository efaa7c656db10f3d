/** The results of one command as an async iterator. */

import type { CommandResult } from './sheet.js';

interface PendingRead {
  readonly resolve: (next: IteratorResult<CommandResult>) => void;
  readonly reject: (error: Error) => void;
}
type StreamState =
  { readonly kind: 'open' } | { readonly kind: 'ended' } | { readonly kind: 'failed'; readonly error: Error };

/** An async iterator over the results of one command. It holds at most one result for each recipient. */
export class ResultStream implements AsyncIterable<CommandResult>, AsyncIterator<CommandResult> {
  readonly #results: CommandResult[] = [];
  #pendingReads: PendingRead[] = [];
  #state: StreamState = { kind: 'open' };

  /** Adds a result. */
  push(result: CommandResult): void {
    const waiting = this.#pendingReads.shift();
    if (waiting === undefined) this.#results.push(result);
    else waiting.resolve({ value: result, done: false });
  }

  /** Ends the iteration after the results that are still unread. */
  end(): void {
    this.#state = { kind: 'ended' };
    for (const { resolve } of this.#removePendingReads()) resolve({ value: undefined, done: true });
  }

  /** Ends the iteration with an error, after the results that are still unread. */
  fail(error: Error): void {
    this.#state = { kind: 'failed', error };
    for (const { reject } of this.#removePendingReads()) reject(error);
  }

  next(): Promise<IteratorResult<CommandResult>> {
    const result = this.#results.shift();
    if (result !== undefined) return Promise.resolve({ value: result, done: false });
    if (this.#state.kind === 'ended') return Promise.resolve({ value: undefined, done: true });
    if (this.#state.kind === 'failed') return Promise.reject(this.#state.error);
    return new Promise((resolve, reject) => {
      this.#pendingReads.push({ resolve, reject });
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #removePendingReads(): readonly PendingRead[] {
    const waiting = this.#pendingReads;
    this.#pendingReads = [];
    return waiting;
  }
}
