import { type Feature, features } from '@rankd/protocol';
import type { Coordinator, Entry, Group } from '../core/index.js';
import type { AcquireResult, AppliedListener, Groups, OrderedLog } from './ordered-log.js';

/**
 * The log of a single server. Applies each entry as soon as it is appended. If an entry is appended while another one is being applied, it
 * waits in a queue.
 */
export class LocalLog implements OrderedLog {
  readonly coordinator: Coordinator;
  readonly #unapplied: Entry[] = [];
  #onApplied: AppliedListener = () => undefined;
  #isApplying = false;
  #state: 'open' | 'closed' = 'open';

  constructor(coordinator: Coordinator) {
    this.coordinator = coordinator;
  }

  get groups(): Groups {
    return this.coordinator.groups;
  }

  onApplied(listener: AppliedListener): void {
    this.#onApplied = listener;
  }

  /** Calls the listener for the groups that exist now. */
  onGroupLoaded(listener: (group: Group) => void): void {
    for (const group of this.groups.values()) listener(group);
  }

  /** Ignores the listener, because this log never unloads a group. */
  onGroupsUnloaded(): void {
    return;
  }

  /** Calls `then` at once, because this log always has every group. */
  acquireGroup(_group: string, then: (reached: AcquireResult) => void): void {
    then('reached');
  }

  /** Calls `then` at once, because there are no other servers. */
  awaitServersOf(_group: string, then: (result: AcquireResult) => void): void {
    then('reached');
  }

  /** Returns all features. */
  featuresOf(): readonly Feature[] {
    return features;
  }

  releaseGroup(): void {
    return;
  }

  /** Always true: no other server can append to this log. */
  isCurrent(): boolean {
    return true;
  }

  /** Appends the entry that freezes the order, because the order ends with this server (R-BYE-2). */
  freezeOrder(at: number): void {
    this.append({ kind: 'frozen', at });
  }

  /** Closes the log. Entries that are appended later, for example by timers, are ignored. */
  close(): void {
    this.#state = 'closed';
  }

  /** Applies an entry and calls the applied listener. Then applies the entries that were appended during that call, in order. */
  append(entry: Entry): void {
    if (this.#state === 'closed') return;
    this.#unapplied.push(entry);
    if (this.#isApplying) return;
    this.#isApplying = true;
    try {
      for (let next = this.#unapplied.shift(); next !== undefined; next = this.#unapplied.shift()) {
        this.#onApplied(next, this.coordinator.apply(next), 'here');
      }
    } finally {
      this.#isApplying = false;
    }
  }
}
