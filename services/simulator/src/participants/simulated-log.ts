import type { Coordinator, Effect, Entry } from '@rankd/server/dist/core/index.js';
import { LocalLog } from '@rankd/server/dist/log/local-log.js';
import type { AppliedListener } from '@rankd/server/dist/log/ordered-log.js';

/** Who sees what the log does. */
export interface LogProbe {
  /** An entry has been applied, and its effects have yet to be performed. */
  readonly applied: (entry: Entry, effects: readonly Effect[]) => void;
  /** Is this entry to be applied twice (I8)? */
  readonly doubles: (entry: Entry) => boolean;
  /** What applying it once more brought about; nobody performs it. */
  readonly doubled: (entry: Entry, effects: readonly Effect[]) => void;
}

/** The real log of one server, seen by the checker before anybody acts on an entry. */
export class SimulatedLog extends LocalLog {
  readonly #probe: LogProbe;

  constructor(coordinator: Coordinator, probe: LogProbe) {
    super(coordinator);
    this.#probe = probe;
  }

  override onApplied(perform: AppliedListener): void {
    super.onApplied((entry, effects, origin) => {
      this.#probe.applied(entry, effects);
      perform(entry, effects, origin);
      if (this.#probe.doubles(entry)) this.#probe.doubled(entry, this.coordinator.apply(entry));
    });
  }
}
