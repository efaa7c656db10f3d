/** The error of a broken invariant of the core. It is a fault in rankd, never in a message of a client. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}
