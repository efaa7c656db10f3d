/** R-CMD-6: the timers for the deadlines of open commands. */

import type { Clock, Timer } from '../../clock.js';
import type { DeadlineEffect, Group } from '../../core/index.js';
import type { Proposals } from '../proposals.js';

/** The parts of the server that CommandDeadlines uses. */
export interface CommandDeadlinesPorts {
  readonly proposals: Pick<Proposals, 'proposeAfter'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** An open command: when it was accepted, by the monotonic clock of this server, and the timer of its deadline. */
interface RunningCommand {
  readonly acceptedMs: number;
  readonly timer: Timer;
}

/** Measures how long commands are open. Proposes `expired` at their deadlines (R-CMD-6). */
export class CommandDeadlines {
  readonly #ports: CommandDeadlinesPorts;
  /** The open commands by group and seq. Groups are held weakly, because the deadlines of a deleted group have no effect. */
  readonly #running = new WeakMap<Group, Map<number, RunningCommand>>();

  constructor(ports: CommandDeadlinesPorts) {
    this.#ports = ports;
  }

  /** Proposes `expired` for this command after its `deadlineMs`. */
  startTimer({ epoch, seq, deadlineMs }: DeadlineEffect, group: Group): void {
    const { proposals, clock } = this.#ports;
    const timer = proposals.proposeAfter(deadlineMs, { kind: 'expired', group: group.name, epoch, seq });
    const command = { acceptedMs: clock.monotonicMs(), timer };
    const running = this.#running.get(group);
    if (running === undefined) this.#running.set(group, new Map([[seq, command]]));
    else running.set(seq, command);
  }

  /** Returns how long ago this server saw that the command was accepted, in whole milliseconds. 0 for a command that is not open. */
  elapsedMs(seq: number, group: Group): number {
    const command = this.#running.get(group)?.get(seq);
    return command === undefined ? 0 : Math.floor(this.#ports.clock.monotonicMs() - command.acceptedMs);
  }

  /** Stops the timer of a command that has ended. Returns how long it was open, in whole milliseconds. */
  endCommand(seq: number, group: Group): number {
    const openMs = this.elapsedMs(seq, group);
    const running = this.#running.get(group);
    running?.get(seq)?.timer.cancel();
    running?.delete(seq);
    return openMs;
  }

  /** Stops the timers of groups that have no session on this server. Other servers keep these deadlines. */
  cancelAll(groups: readonly Group[]): void {
    for (const group of groups) {
      for (const { timer } of this.#running.get(group)?.values() ?? []) timer.cancel();
      this.#running.delete(group);
    }
  }
}
