import type { Entry } from '@rankd/server/dist/core/index.js';
import type { AcquireResult, AppliedListener, OrderedLog } from '@rankd/server/dist/log/ordered-log.js';
import { RelayedLog } from './relayed-log.js';

/** What is between a gateway and its log. */
export interface LogProbe {
  readonly proposes: (entry: Entry) => void;
  /** Before anybody acts on it. */
  readonly applied: AppliedListener;
  /** It follows the group; and it does so no more. */
  readonly reached: () => void;
  readonly left: () => void;
}

/** The log of one life of a server, seen by the checker on the way in and out. */
export class WatchedLog extends RelayedLog {
  readonly #probe: LogProbe;

  constructor(log: OrderedLog, probe: LogProbe) {
    super(log);
    this.#probe = probe;
  }

  override append(entry: Entry): void {
    this.#probe.proposes(entry);
    super.append(entry);
  }

  override acquireGroup(group: string, then: (result: AcquireResult) => void): void {
    super.acquireGroup(group, result => {
      if (result === 'reached') this.#probe.reached();
      then(result);
    });
  }

  override onGroupsUnloaded(listener: Parameters<OrderedLog['onGroupsUnloaded']>[0]): void {
    super.onGroupsUnloaded(groups => {
      this.#probe.left();
      listener(groups);
    });
  }

  override onApplied(listener: AppliedListener): void {
    super.onApplied((entry, effects, origin) => {
      this.#probe.applied(entry, effects, origin);
      listener(entry, effects, origin);
    });
  }
}
