import { types } from 'node:util';

/** The first line of an error: what it is, and nothing that it quotes. */
export function errorSummary(error: unknown): string {
  // Errors of the system come from another realm in a test runner, where `instanceof` is false.
  if (!types.isNativeError(error)) return 'unknown';
  const { message, name, code } = error as NodeJS.ErrnoException;
  // Where a name stands for several addresses, the error of all of them has a code and no message.
  return (message === '' ? (code ?? name) : (message.split('\n', 1)[0] ?? name)).slice(0, 200);
}
