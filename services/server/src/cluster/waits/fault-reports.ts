/** Reports why this server cannot use the cluster log: once for each cause, and when it is over. */

import type { ServerEvent } from '../../server-event.js';

/** What does not work at present. `all`: this server is not in the cluster. Otherwise the subject is one shard, or the whole log. */
export type FaultSubject = 'all' | 'acknowledgements' | `shard ${number}`;

/** Reports each fault of a subject once, although attempts repeat, and reports its end. */
export class FaultReports {
  readonly #watch: (event: Extract<ServerEvent, { event: 'log.unusable' | 'log.usable' }>) => void;
  readonly #reasons = new Map<FaultSubject, string>();

  constructor(watch: (event: Extract<ServerEvent, { event: 'log.unusable' | 'log.usable' }>) => void) {
    this.#watch = watch;
  }

  /** The reason of the last fault of a subject. Undefined if there is none. */
  reasonOf(subject: FaultSubject): string | undefined {
    return this.#reasons.get(subject);
  }

  /** Records a fault. Reports it unless the last fault of the subject had the same text. Numbers in the text may differ. */
  recordFault(subject: FaultSubject, reason: string): void {
    const before = this.#reasons.get(subject);
    this.#reasons.set(subject, reason);
    if (before === undefined || causeOf(before) !== causeOf(reason)) this.#watch({ event: 'log.unusable', reason });
  }

  /** Records that a subject works. Reports it if it had a fault. */
  recordEnd(subject: FaultSubject): void {
    const reason = this.#reasons.get(subject);
    if (this.#reasons.delete(subject) && reason !== undefined) this.#watch({ event: 'log.usable', reason });
  }

  /** Forgets all faults without a report, because this incarnation has ended. */
  clear(): void {
    this.#reasons.clear();
  }
}

function causeOf(reason: string): string {
  return reason.replace(/\d+/g, 'n');
}
