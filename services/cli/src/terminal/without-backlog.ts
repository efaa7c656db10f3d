import type { Terminal } from './terminal.js';

/**
 * Returns a function that calls `show` if the output has a fast reader. While earlier output still waits for its reader, it drops the call,
 * and calls `show` once when all is written. So at most one roster waits in memory.
 */
export function withoutBacklog(terminal: Pick<Terminal, 'waitingBytes' | 'afterDrain'>, show: () => void): () => void {
  let isWaiting = false;
  return () => {
    if (isWaiting) return;
    if (terminal.waitingBytes === 0) {
      show();
      return;
    }
    isWaiting = true;
    terminal.afterDrain(() => {
      isWaiting = false;
      show();
    });
  };
}
