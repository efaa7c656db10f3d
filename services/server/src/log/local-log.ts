import type { Coordinator, Entry, Group } from '../core/index.js';
import type { Groups, OrderedLog, AppliedListener, ReachResult } from './ordered-log.js';

/** The order of one server: a list in memory, applied at once. What performing an entry appends waits its turn. */
export class LocalLog implements OrderedLog {
  readonly coordinator: Coordinator;
  readonly #waiting: Entry[] = [];
  #perform: AppliedListener = () => undefined;
  #applying = false;

  constructor(coordinator: Coordinator) {
    this.coordinator = coordinator;
  }

  get groups(): Groups {
    return this.coordinator.groups;
  }

  onApplied(perform: AppliedListener): void {
    this.#perform = perform;
  }

  onFound(take: (group: Group) => void): void {
    for (const group of this.groups.values()) take(group);
  }

  /** It tells of all of them, always. */
  onLeft(): void {
    return;
  }

  reach(_group: string, then: (reached: ReachResult) => void): void {
    then('reached');
  }

  release(): void {
    return;
  }

  /** Nobody else could have gone on without it. */
  isCurrent(): boolean {
    return true;
  }

  /** R-BYE-2: with the server goes the order. */
  freeze(at: number): void {
    this.append({ kind: 'frozen', at });
  }

  append(entry: Entry): void {
    this.#waiting.push(entry);
    if (this.#applying) return;
    this.#applying = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#perform(next, this.coordinator.apply(next), 'here');
      }
    } finally {
      this.#applying = false;
    }
  }
}
