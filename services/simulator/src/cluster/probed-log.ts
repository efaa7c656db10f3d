/** A log that reports its calls to a probe. */

import type { Entry } from 'rankd/dist/core/index.js';
import type { AcquireResult, AppliedListener, OrderedLog } from 'rankd/dist/log/ordered-log.js';
import { LogDecorator } from './log-decorator.js';

/** Observes the calls between a gateway and its log. */
export interface LogProbe {
  readonly recordProposal: (entry: Entry) => void;
  /** Called before the gateway performs the effects. */
  readonly recordApplied: AppliedListener;
  /** Called when the server follows the group. */
  readonly recordAcquired: () => void;
  /** Called when the server no longer follows the group. */
  readonly recordUnloaded: () => void;
}

/** The log of an incarnation, which reports proposals and applied entries to a probe. */
export class ProbedLog extends LogDecorator {
  readonly #probe: LogProbe;

  constructor(log: OrderedLog, probe: LogProbe) {
    super(log);
    this.#probe = probe;
  }

  override append(entry: Entry): void {
    this.#probe.recordProposal(entry);
    super.append(entry);
  }

  override acquireGroup(group: string, then: (result: AcquireResult) => void): void {
    super.acquireGroup(group, result => {
      if (result === 'reached') this.#probe.recordAcquired();
      then(result);
    });
  }

  override onGroupsUnloaded(listener: Parameters<OrderedLog['onGroupsUnloaded']>[0]): void {
    super.onGroupsUnloaded(groups => {
      this.#probe.recordUnloaded();
      listener(groups);
    });
  }

  override onApplied(listener: AppliedListener): void {
    super.onApplied((entry, effects, origin) => {
      this.#probe.recordApplied(entry, effects, origin);
      listener(entry, effects, origin);
    });
  }
}
