/** The targets of a command to which the server did not send it. */

import type { ReceiptMessage, Target } from '@rankd/protocol';

/** A target that did not get the command. */
export interface UnsentTarget {
  /** The rank of the member, or the rank in `to`. */
  readonly rank?: number;
  /** The id of the member, or the id in `to`. */
  readonly member?: string;
  /** The name of the member, or the name in `to`. */
  readonly name?: string;
  /**
   * `OUTRANKED`: the sender itself or its superior. `AWAY`: the member has no session. `NO_SUCH_TARGET`: a rank, an id or a name in
   * `to` that matches no member.
   */
  readonly code: string;
}

/** The targets that did not get a command. The count includes those that the receipt does not list (R-CMD-3). */
export interface UnsentTargets {
  readonly unsent: readonly UnsentTarget[];
  readonly unsentCount: number;
}

/**
 * Returns the targets to which the server did not send the command of this receipt. A command to `all` is not meant for the superiors
 * of its sender, so they are left out.
 * @param to the target of the command
 * @param ownRank the rank of the sender when the server decided about the command: the number of its superiors
 */
export function unsentTargets(receipt: ReceiptMessage, to: Target | undefined, ownRank: number): UnsentTargets {
  const { refused, refusedCount, unmatched = [] } = receipt;
  const nobody = unmatched.map(element => unmatchedTarget(element, to));
  if (to !== 'all') return { unsent: [...refused, ...nobody], unsentCount: refusedCount + nobody.length };
  const others = refused.filter(({ code }) => code !== 'OUTRANKED');
  const listedSuperiors = refused.length - others.length;
  // The receipt lists at most 100 members. If it has omitted some, the own rank is the number of superiors.
  const isComplete = refused.length === refusedCount;
  const superiors = isComplete ? listedSuperiors : Math.max(listedSuperiors, Math.min(ownRank, refusedCount));
  return { unsent: others, unsentCount: refusedCount - superiors };
}

function unmatchedTarget(element: number | string, to: Target | undefined): UnsentTarget {
  const code = 'NO_SUCH_TARGET';
  if (typeof element === 'number') return { rank: element, code };
  const isId = typeof to === 'object' && 'members' in to;
  return isId ? { member: element, code } : { name: element, code };
}
