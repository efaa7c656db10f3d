/**
 * Ends a switch over a union: a case that the switch does not handle is a compile error.
 * @throws Error if the program reaches an unhandled case, for example because a value has a wrong type.
 */
export function assertNever(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
