import { types } from 'node:util';

/** Returns the first line of an error, at most 200 characters. Later lines are left out, because they may quote data. */
export function errorSummary(error: unknown): string {
  // Errors of the system come from another realm in a test runner, where `instanceof` is false.
  if (!types.isNativeError(error)) return 'unknown';
  const { message, name, code } = error as NodeJS.ErrnoException;
  // For a host name with several addresses, Node combines the errors of all. The combined error has a code and no message.
  return (message === '' ? (code ?? name) : (message.split('\n', 1)[0] ?? name)).slice(0, 200);
}
