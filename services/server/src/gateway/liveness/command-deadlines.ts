import type { Timer } from '../../clock.js';
import type { DeadlineEffect, Group } from '../../core/index.js';
import type { Proposals } from '../proposals.js';

/** Proposes `expired` at the deadlines of open commands (R-CMD-6). */
export class CommandDeadlines {
  readonly #proposals: Pick<Proposals, 'proposeAfter'>;
  /** By seq. Weakly held: no deadline matters when the group is over. */
  readonly #timers = new WeakMap<Group, Map<number, Timer>>();

  constructor(proposals: Pick<Proposals, 'proposeAfter'>) {
    this.#proposals = proposals;
  }

  startTimer({ epoch, seq, deadlineMs }: DeadlineEffect, group: Group): void {
    const timer = this.#proposals.proposeAfter(deadlineMs, { kind: 'expired', group: group.name, epoch, seq });
    const timers = this.#timers.get(group);
    if (timers === undefined) this.#timers.set(group, new Map([[seq, timer]]));
    else timers.set(seq, timer);
  }

  /** Every recipient of the command has ended. */
  cancelTimer(seq: number, group: Group): void {
    const timers = this.#timers.get(group);
    timers?.get(seq)?.cancel();
    timers?.delete(seq);
  }

  /** For groups without a session here: other servers keep their deadlines. */
  cancelAll(groups: readonly Group[]): void {
    for (const group of groups) {
      for (const timer of this.#timers.get(group)?.values() ?? []) timer.cancel();
      this.#timers.delete(group);
    }
  }
}
