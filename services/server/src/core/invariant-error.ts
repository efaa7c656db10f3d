/** A rule of the core that does not hold: a fault in rankd, never in what a peer sent. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}
