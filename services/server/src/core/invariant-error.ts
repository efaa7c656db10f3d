/** The error of a broken invariant of the core. Its cause is a fault in rankd. No message of a client can cause it. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}
