/** Proposals: entries that this server appends by itself, such as a passed deadline. */

import type { Clock, Timer } from '../clock.js';
import type { GroupEntry } from '../core/index.js';
import type { OrderedLog } from '../log/ordered-log.js';
import type { DeadlineTimers } from './liveness/deadline-timers.js';

/** An entry without its time. */
export type Proposal<E extends GroupEntry = GroupEntry> = E extends GroupEntry ? Omit<E, 'at'> : never;

/** The parts of the server that Proposals uses. */
export interface ProposalsPorts {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly log: Pick<OrderedLog, 'append'>;
  readonly timers: Pick<DeadlineTimers, 'after'>;
}

/** Appends the entries that this server proposes by itself. Adds to each the time at which it is proposed. */
export class Proposals {
  readonly #ports: ProposalsPorts;

  constructor(ports: ProposalsPorts) {
    this.#ports = ports;
  }

  /** Appends the entry now. */
  propose(proposal: Proposal): void {
    const { clock, log } = this.#ports;
    log.append({ ...proposal, at: clock.wallMs() });
  }

  /** Appends the entry after `delayMs`. Returns a timer with which it can be cancelled before that. */
  proposeAfter(delayMs: number, proposal: Proposal): Timer {
    return this.#ports.timers.after(delayMs, () => this.propose(proposal));
  }
}
