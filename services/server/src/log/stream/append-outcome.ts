/**
 * What became of an append, which is all or nothing.
 * - `ok`: it stands in the stream and, with ack `replicated`, at a replica, as does everything before it.
 * - `fenced`: a newer epoch exists; nothing was written.
 * - `unknown`: it may stand there, now or later, as long as no newer epoch begins: read on to find out, and append again only
 *   what readers know for the same. With ack `replicated` it may also stand at the primary alone; the next `ok` covers it.
 * - `refused`: nothing was written (READONLY, OOM, NOREPLICAS, not connected ...): may be tried again after a while.
 */
export type AppendOutcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** What the script of an append answers. */
export type AppendAnswer = 'ok' | 'fenced' | 'unbegun' | 'rewritten';

export function outcomeOf(answer: AppendAnswer): AppendOutcome {
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
