/** What must hold whatever happens (docs/reliability.md): I1 to I12, and that never two lead. */
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
  /** What a server of a cluster applies is what stands in the stream, and all of it. */
  | 'ORDER'
  /** An append stands in the epoch that it was meant for, or nowhere. */
  | 'FENCED'
  /** What a server proposes is applied once, in its order, where its life goes on. */
  | 'ONCE'
  /** With RANKD_LOG_ACK replicated, what a server has acted on outlives the primary. */
  | 'KEPT'
  /** Something threw that must not. */
  | 'NO-CRASH';

/** An invariant that does not hold: a fault in rankd, or in the simulator. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: Invariant;

  constructor(invariant: Invariant, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
  }
}
