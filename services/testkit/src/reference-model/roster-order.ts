/** A second implementation of the order of members. Tests compare the core with it. */

/** One change of the roster. `rank` is the member's rank after the change; for `left`, the rank before it. */
export interface ReferenceChange<M> {
  readonly kind: 'joined' | 'left' | 'moved' | 'away' | 'resumed';
  readonly member: M;
  readonly rank: number;
}

/**
 * Returns the roster after a change, by rank (R-JOIN-2, R-VIEW-1). A member that joins is last. A member that leaves leaves no gap. A move
 * changes only the ranks between the old and the new one. A member that is away or resumes keeps its rank. A member that is restored after
 * a restart is away and is appended last. Members are compared by identity.
 */
export function rosterAfter<M>(before: readonly M[], { kind, member, rank }: ReferenceChange<M>): readonly M[] {
  const others = before.filter(each => each !== member);
  switch (kind) {
    case 'joined':
      return [...before, member];
    case 'left':
      return others;
    case 'moved':
      return [...others.slice(0, rank), member, ...others.slice(rank)];
    case 'away':
      return others.length === before.length ? [...before, member] : before;
    case 'resumed':
      return before;
  }
}
