/** The invariants that the simulator checks (docs/reliability.md). */
export type Invariant =
  | 'I1'
  | 'I2'
  | 'I3'
  | 'I4'
  | 'I5'
  | 'I6'
  | 'I7'
  | 'I8'
  | 'I9'
  | 'I10'
  | 'I11'
  | 'I12'
  | 'ONE-LEADER'
  | 'FENCE'
  /** A server of a cluster applies exactly the records of the stream. */
  | 'ORDER'
  /** An append is written in its own epoch or not at all. */
  | 'FENCED'
  /** A proposal is applied once, in the order of proposals, unless the incarnation ends. */
  | 'ONCE'
  /** With RANKD_LOG_ACK=replicated, a record that a server has acted on survives the loss of the primary. */
  | 'KEPT'
  /** No unexpected error is thrown. */
  | 'NO-CRASH';

/** The error of a broken invariant: a fault in rankd or in the simulator. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: Invariant;

  constructor(invariant: Invariant, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
  }
}
