/** Converts the reply of the append script. */

import type { AppendResult } from '../../cluster/stream-port.js';

/**
 * The reply of the append script. `unbegun`: the epoch has not begun. `rewritten`: the stream has lost the last record that the caller
 * has read.
 */
export type AppendAnswer = 'ok' | 'fenced' | 'unbegun' | 'rewritten';

/** Returns the result that the caller of an append receives. */
export function toAppendResult(answer: AppendAnswer): AppendResult {
  switch (answer) {
    case 'ok':
    case 'fenced':
      return { kind: answer };
    case 'unbegun':
      return { kind: 'refused', reason: 'the epoch has not begun in this stream' };
    case 'rewritten':
      return { kind: 'refused', reason: 'the stream no longer contains the last record that was read' };
  }
}
