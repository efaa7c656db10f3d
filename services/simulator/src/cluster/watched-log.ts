import type { Entry } from '@rankd/server/dist/core/index.js';
import type { OrderedLog, Performer } from '@rankd/server/dist/log/ordered-log.js';
import { RelayedLog } from './relayed-log.js';

/** What is between a gateway and its log. */
export interface LogWitness {
  readonly proposes: (entry: Entry) => void;
  /** Before anybody acts on it. */
  readonly applied: Performer;
}

/** The log of one life of a server, seen by the checker on the way in and out. */
export class WatchedLog extends RelayedLog {
  readonly #witness: LogWitness;

  constructor(log: OrderedLog, witness: LogWitness) {
    super(log);
    this.#witness = witness;
  }

  override append(entry: Entry): void {
    this.#witness.proposes(entry);
    super.append(entry);
  }

  override onApplied(perform: Performer): void {
    super.onApplied((entry, effects, origin) => {
      this.#witness.applied(entry, effects, origin);
      perform(entry, effects, origin);
    });
  }
}
