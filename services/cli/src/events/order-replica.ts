/** The order of a group's members, kept up to date from its changes. */

import type { Roster } from '@rankd/client/observer';
import type { Cause, NamedMember } from '@rankd/protocol';

/** The ranks that a change concerns. Unknown ranks are undefined. */
export interface ChangedRank {
  /** The rank before the change. Undefined for a member that has joined. */
  readonly was?: number | undefined;
  /** The rank after the change. Undefined for a member that has left. */
  readonly rank?: number | undefined;
}

type Named = Pick<NamedMember, 'member' | 'name'>;

/**
 * The order of the members. A change in the history has no ranks, so this class computes them from the order before the change: a new
 * member is last (R-JOIN-2). The new rank of a moved member is not known from the history. The order is then unknown until the next roster.
 */
export class OrderReplica {
  #order: Named[] | undefined;

  /** Whether the ranks are known. */
  get isKnown(): boolean {
    return this.#order !== undefined;
  }

  /** The member with rank 0. Undefined if it is unknown or if there is none. */
  get leader(): Named | undefined {
    return this.#order?.[0];
  }

  /** Replaces the order. */
  reset({ members }: Pick<Roster, 'members'>): void {
    this.#order = members.map(({ member, name }) => ({ member, name }));
  }

  /** Forgets the order. */
  forget(): void {
    this.#order = undefined;
  }

  /**
   * Applies a change and returns its ranks.
   * @param size the number of members after the change
   * @param movedTo the new rank of a moved member, if it is known
   */
  apply({ kind, member, name }: Cause, size: number, movedTo?: number): ChangedRank {
    const order = this.#order;
    if (order === undefined) return kind === 'joined' ? { rank: size - 1 } : {};
    const was = order.findIndex(each => each.member === member);
    const expected = { joined: order.length + 1, left: order.length - 1 }[kind as string] ?? order.length;
    if ((was === -1) !== (kind === 'joined') || expected !== size) {
      this.forget();
      return {};
    }
    switch (kind) {
      case 'joined':
        order.push({ member, name });
        return { rank: order.length - 1 };
      case 'left':
        order.splice(was, 1);
        return { was };
      case 'moved':
        return this.#move(order, was, movedTo);
      default:
        return { was, rank: was };
    }
  }

  #move(order: Named[], was: number, movedTo: number | undefined): ChangedRank {
    if (movedTo === undefined) {
      this.forget();
      return { was };
    }
    order.splice(movedTo, 0, ...order.splice(was, 1));
    return { was, rank: movedTo };
  }
}
