/**
 * Ends a switch over a union: a case that the switch does not handle is a compile error.
 * @throws Error if an unhandled case is reached at run time all the same.
 */
export function assertNever(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
