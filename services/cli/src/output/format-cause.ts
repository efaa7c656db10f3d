/** The causes of rank changes as text. */

import { printable, reasonInWords, type Cause } from '@rankd/protocol';

const verbs: Readonly<Record<Cause['kind'], string>> = {
  joined: 'joined',
  left: 'left',
  moved: 'was moved by an administrator',
  away: 'went away',
  resumed: 'came back',
};

/** Returns text such as `client-1 left: connection closed`. */
export function formatCause(cause: Cause): string {
  return `${printable(cause.name)} ${formatChange(cause)}`;
}

/** Returns the text without the name of the member. */
export function formatChange({ kind, reason }: Cause): string {
  if (kind === 'moved' && reason === 'RESIGNED') return reasonInWords(reason);
  return `${verbs[kind]}${reason === undefined ? '' : `: ${printable(reasonInWords(reason))}`}`;
}
