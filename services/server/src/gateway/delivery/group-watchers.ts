/** The sessions that receive views about more than their own rank and the leader. */

import type { Session } from '../session/session.js';

/** The sessions that watch one group: observers, and members with `updates` size or roster. The group possibly does not exist. */
export class GroupWatchers {
  /** The watchers that receive a view at the end of the cycle of each change: observers, and members with `updates` roster. */
  readonly atOnce = new Set<Session>();
  /** The members and observers with `updates` size. They may receive a new size later (R-JOIN-1). */
  readonly ofSize = new Set<Session>();

  /** Adds a session that was admitted. */
  add(session: Session): void {
    const { state } = session;
    if (state.phase !== 'active' && state.phase !== 'observing') return;
    if (state.interest === 'size') this.ofSize.add(session);
    // An observer has no rank, so a change of ranks alone would not cause a view for it.
    if (state.interest === 'roster' || state.phase === 'observing') this.atOnce.add(session);
  }

  /** Removes an ended session. */
  delete(session: Session): void {
    this.atOnce.delete(session);
    this.ofSize.delete(session);
  }

  /** Whether no session watches the group. */
  get isEmpty(): boolean {
    return this.atOnce.size === 0 && this.ofSize.size === 0;
  }

  /** The number of observers. */
  get observerCount(): number {
    let count = 0;
    for (const { state } of this.atOnce) if (state.phase === 'observing') count += 1;
    return count;
  }
}
