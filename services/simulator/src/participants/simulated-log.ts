/** The real log of a single server, with a probe. */

import type { Coordinator, Effect, Entry } from 'rankd/dist/core/index.js';
import { LocalLog } from 'rankd/dist/log/local-log.js';
import type { AppliedListener } from 'rankd/dist/log/ordered-log.js';

/** Observes the log of a server. */
export interface LogProbe {
  /** Called when an entry is applied, before its effects are performed. */
  readonly onApplied: (entry: Entry, effects: readonly Effect[]) => void;
  /** Returns whether this entry is applied twice (I8). */
  readonly shouldDouble: (entry: Entry) => boolean;
  /** Called when the entry was applied again. Its effects are not performed. */
  readonly onDoubled: (entry: Entry, effects: readonly Effect[]) => void;
}

/** The real log of a single server, which reports each applied entry to a probe before it is performed. */
export class SimulatedLog extends LocalLog {
  readonly #probe: LogProbe;

  constructor(coordinator: Coordinator, probe: LogProbe) {
    super(coordinator);
    this.#probe = probe;
  }

  override onApplied(perform: AppliedListener): void {
    super.onApplied((entry, effects, origin) => {
      this.#probe.onApplied(entry, effects);
      perform(entry, effects, origin);
      if (this.#probe.shouldDouble(entry)) this.#probe.onDoubled(entry, this.coordinator.apply(entry));
    });
  }
}
