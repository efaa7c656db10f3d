import type { Clock, Timer } from '../clock.js';
import type { GroupEntry } from '../core/index.js';
import type { OrderedLog } from '../log/ordered-log.js';
import type { DeadlineTimers } from './liveness/deadline-timers.js';

/** An entry before its time is known. */
export type Proposal<E extends GroupEntry = GroupEntry> = E extends GroupEntry ? Omit<E, 'at'> : never;

export interface ProposalsPorts {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly log: Pick<OrderedLog, 'append'>;
  readonly timers: Pick<DeadlineTimers, 'after'>;
}

/** Appends the entries that this server proposes by itself, and adds to each the time at which it is proposed. */
export class Proposals {
  readonly #ports: ProposalsPorts;

  constructor(ports: ProposalsPorts) {
    this.#ports = ports;
  }

  propose(proposal: Proposal): void {
    const { clock, log } = this.#ports;
    log.append({ ...proposal, at: clock.wallMs() });
  }

  /** Proposes after `delayMs`, unless the returned timer is cancelled before. */
  proposeAfter(delayMs: number, proposal: Proposal): Timer {
    return this.#ports.timers.after(delayMs, () => this.propose(proposal));
  }
}
