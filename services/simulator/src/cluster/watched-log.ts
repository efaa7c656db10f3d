import type { Entry } from '@rankd/server/dist/core/index.js';
import type { OrderedLog, AppliedListener, ReachResult } from '@rankd/server/dist/log/ordered-log.js';
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

  override reach(group: string, then: (reached: ReachResult) => void): void {
    super.reach(group, reached => {
      if (reached === 'reached') this.#probe.reached();
      then(reached);
    });
  }

  override onLeft(drop: Parameters<OrderedLog['onLeft']>[0]): void {
    super.onLeft(groups => {
      this.#probe.left();
      drop(groups);
    });
  }

  override onApplied(perform: AppliedListener): void {
    super.onApplied((entry, effects, origin) => {
      this.#probe.applied(entry, effects, origin);
      perform(entry, effects, origin);
    });
  }
}
