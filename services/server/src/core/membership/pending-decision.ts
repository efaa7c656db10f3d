/** R-LEAD-1: the decisions that may have to wait until the leader has stopped, and their form in a snapshot. */

import { assertNever } from '../assert-never.js';
import type { SnapshotRefs } from '../commands/snapshot-refs.js';
import type { Administrator, MovedEntry, RemovedEntry } from '../entries.js';
import type { Member } from '../roster/member.js';
import type { PendingDecisionSnapshot } from '../snapshot.js';

/**
 * A decision about a member. An administrator decides `move` and `remove`, the server decides `end`. A decision that takes rank 0 from the
 * leader waits until the leader has stopped (R-LEAD-1).
 */
export type PendingDecision =
  | { readonly kind: 'move'; readonly entry: MovedEntry }
  | { readonly kind: 'remove'; readonly entry: RemovedEntry }
  /** The server has ended the member's session. */
  | { readonly kind: 'end'; readonly member: Member; readonly reason: string };

/** Returns a decision as plain values. `refs` numbers the members. */
export function pendingDecisionSnapshot(decision: PendingDecision, refs: SnapshotRefs): PendingDecisionSnapshot {
  switch (decision.kind) {
    case 'move':
      return { kind: 'move', entry: copyOfMoved(decision.entry) };
    case 'remove':
      return { kind: 'remove', entry: copyOfRemoved(decision.entry) };
    case 'end':
      return { kind: 'end', member: refs.numberOf(decision.member), reason: decision.reason };
    default:
      return assertNever(decision);
  }
}

/**
 * Restores a decision from a snapshot.
 * @throws InvariantError if the snapshot does not contain the member.
 */
export function pendingDecisionOf(decision: PendingDecisionSnapshot, refs: SnapshotRefs): PendingDecision {
  return decision.kind === 'end' ? { ...decision, member: refs.member(decision.member) } : decision;
}

// These functions copy field by field, so that the JSON text of an entry is the same at every server.

function copyOfMoved({ kind, group, at, by, id, member, rank }: MovedEntry): MovedEntry {
  return { kind, group, at, by: copyOfAdmin(by), id, member, rank };
}

function copyOfRemoved({ kind, group, at, by, id, member, reason }: RemovedEntry): RemovedEntry {
  return { kind, group, at, by: copyOfAdmin(by), id, member, reason };
}

function copyOfAdmin({ session, id, name }: Administrator): Administrator {
  return { session, id, name };
}
