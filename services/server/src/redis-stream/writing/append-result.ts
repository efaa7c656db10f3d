import type { AppendResult } from '../../cluster/stream-port.js';

/** What the script of an append answers. */
export type AppendAnswer = 'ok' | 'fenced' | 'unbegun' | 'rewritten';

export function appendResultOf(answer: AppendAnswer): AppendResult {
  switch (answer) {
    case 'ok':
    case 'fenced':
      return { kind: answer };
    case 'unbegun':
      return { kind: 'refused', reason: 'the epoch has not begun in this stream' };
    case 'rewritten':
      return { kind: 'refused', reason: 'the stream does not hold what was read of it' };
  }
}
