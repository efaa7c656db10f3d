/** Whether the leader before this member is known to have stopped (R-PROG-5). */

import type { Membership } from '@rankd/client';

/**
 * Follows the leaders of a group. A leader that said goodbye has stopped its program. After any other change the guard of the earlier leader
 * may still be killing a program.
 */
export class Predecessor {
  readonly #me: Membership;
  #leader: string | undefined;
  #hasLeft = false;

  /** Call it before the first connection. */
  constructor(me: Membership) {
    this.#me = me;
    me.on('joined', () => this.#record(false));
    me.on('rank', ({ cause }) => {
      // Several changes may arrive in one event, and `cause` is that of the last one. So compare the member that left with the last known
      // leader.
      this.#record(cause.kind === 'left' && cause.reason === 'LEFT' && cause.member === this.#leader);
    });
  }

  /** Whether the leader before the current one is known to have said goodbye. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  #record(hasLeft: boolean): void {
    const leader = this.#me.leader?.member;
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#hasLeft = hasLeft;
  }
}
