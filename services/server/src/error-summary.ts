import { types } from 'node:util';

/** Returns the first line of an error, at most 200 characters. Later lines are left out, because they may quote data. */
export function errorSummary(error: unknown): string {
  // Do not use `instanceof`: in jest, errors of the system come from another realm, for which it returns false.
  if (!types.isNativeError(error)) return 'unknown';
  const { message, name, code } = error as NodeJS.ErrnoException;
  // If a host name has several addresses, Node combines their errors into one. It has a code but no message.
  return (message === '' ? (code ?? name) : (message.split('\n', 1)[0] ?? name)).slice(0, 200);
}
