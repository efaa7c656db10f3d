/** The first line of an error: what it is, and nothing that it quotes. */
export function errorSummary(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { message, name, code } = error as NodeJS.ErrnoException;
  // Where a name stands for several addresses, the error of all of them has a code and no message.
  return (message === '' ? (code ?? name) : (message.split('\n', 1)[0] ?? name)).slice(0, 200);
}
