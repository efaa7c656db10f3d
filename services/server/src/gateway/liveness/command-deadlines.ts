import type { Timer } from '../../clock.js';
import type { DeadlineEffect, Group } from '../../core/index.js';
import type { Proposals } from '../proposals.js';

/** Proposes `expired` at the deadlines of open commands (R-CMD-6). */
export class CommandDeadlines {
  readonly #proposals: Pick<Proposals, 'proposeAfter'>;
  /** The timers by group and seq. Groups are held weakly, because the deadlines of a deleted group have no effect. */
  readonly #timers = new WeakMap<Group, Map<number, Timer>>();

  constructor(proposals: Pick<Proposals, 'proposeAfter'>) {
    this.#proposals = proposals;
  }

  /** Proposes `expired` for this command after its `deadlineMs`. */
  startTimer({ epoch, seq, deadlineMs }: DeadlineEffect, group: Group): void {
    const timer = this.#proposals.proposeAfter(deadlineMs, { kind: 'expired', group: group.name, epoch, seq });
    const timers = this.#timers.get(group);
    if (timers === undefined) this.#timers.set(group, new Map([[seq, timer]]));
    else timers.set(seq, timer);
  }

  /** Stops the timer of a command that has ended. */
  cancelTimer(seq: number, group: Group): void {
    const timers = this.#timers.get(group);
    timers?.get(seq)?.cancel();
    timers?.delete(seq);
  }

  /** Stops the timers of groups that have no session on this server. Other servers keep these deadlines. */
  cancelAll(groups: readonly Group[]): void {
    for (const group of groups) {
      for (const timer of this.#timers.get(group)?.values() ?? []) timer.cancel();
      this.#timers.delete(group);
    }
  }
}
