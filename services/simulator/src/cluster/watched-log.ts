import type { Entry } from '@rankd/server/dist/core/index.js';
import type { Groups, OrderedLog, Performer } from '@rankd/server/dist/log/ordered-log.js';

/** What is between a gateway and its log. */
export interface LogWitness {
  readonly proposes: (entry: Entry) => void;
  /** Before anybody acts on it. */
  readonly applied: Performer;
}

/** The log of one life of a server, seen by the checker on the way in and out. */
export class WatchedLog implements OrderedLog {
  readonly groups: Groups;
  readonly #log: OrderedLog;
  readonly #witness: LogWitness;

  constructor(log: OrderedLog, witness: LogWitness) {
    this.groups = log.groups;
    this.#log = log;
    this.#witness = witness;
  }

  append(entry: Entry): void {
    this.#witness.proposes(entry);
    this.#log.append(entry);
  }

  isCurrent(): boolean {
    return this.#log.isCurrent();
  }

  freeze(at: number): void {
    this.#log.freeze(at);
  }

  onFound(take: Parameters<OrderedLog['onFound']>[0]): void {
    this.#log.onFound(take);
  }

  onApplied(perform: Performer): void {
    this.#log.onApplied((entry, effects, origin) => {
      this.#witness.applied(entry, effects, origin);
      perform(entry, effects, origin);
    });
  }
}
