import { printable, reasonInWords, type Cause } from '@rankd/protocol';

const verbs: Readonly<Record<Cause['kind'], string>> = {
  joined: 'joined',
  left: 'left',
  moved: 'was moved by an administrator',
  away: 'went away',
  resumed: 'came back',
};

/** `client-1 left: connection closed` */
export function formatCause(cause: Cause): string {
  return `${printable(cause.name)} ${formatChange(cause)}`;
}

/** The same without who. */
export function formatChange({ kind, reason }: Cause): string {
  return `${verbs[kind]}${reason === undefined ? '' : `: ${printable(reasonInWords(reason))}`}`;
}
