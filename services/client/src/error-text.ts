/**
 * Returns the message of an error. An error may be any value, even one whose conversion to text throws. A host name with several addresses
 * fails with an AggregateError, which has one error for each address and no message.
 */
export function errorText(error: unknown): string {
  try {
    if (error instanceof AggregateError) return [...new Set(error.errors.map(errorText))].join('; ');
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'an error that cannot be shown as text';
  }
}
