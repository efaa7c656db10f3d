import type { Effect } from './effects.js';
import type { Entry, GroupEntry } from './entries.js';
import { Group, type CoreLimits } from './group.js';

/**
 * All groups of one log. A group exists while it has members, and each time it is created it begins a new, larger epoch
 * (protocol: Terms).
 */
export class Coordinator {
  readonly limits: CoreLimits;
  readonly #groups = new Map<string, Group>();
  #epochLast: number;
  #frozen = false;

  /** `epochLast`: no epoch up to this one is ever issued again. */
  constructor(limits: CoreLimits, epochLast = 0) {
    this.limits = limits;
    this.#epochLast = epochLast;
  }

  get groups(): ReadonlyMap<string, Group> {
    return this.#groups;
  }

  apply(entry: Entry): Effect[] {
    if (entry.kind === 'frozen') {
      this.#frozen = true;
      for (const group of this.#groups.values()) group.freeze();
      return [];
    }
    const existing = this.#groups.get(entry.group);
    if (existing === undefined) return this.#applyToNew(entry);
    const effects = existing.apply(entry);
    if (existing.roster.size === 0) this.#groups.delete(entry.group);
    return effects;
  }

  #applyToNew(entry: GroupEntry): Effect[] {
    if (entry.kind !== 'joined') return [];
    const { session } = entry.newcomer;
    if (this.#frozen) return [{ kind: 'turned-away', session, code: 'DRAINING', detail: entry.group }];
    if (this.#groups.size >= this.limits.groupsMax) {
      const detail = `the server holds ${this.limits.groupsMax} groups`;
      return [{ kind: 'turned-away', session, code: 'FULL', detail }];
    }
    this.#epochLast = Math.max(entry.at, this.#epochLast + 1);
    const group = new Group(entry.group, this.#epochLast, this.limits);
    this.#groups.set(entry.group, group);
    return group.apply(entry);
  }
}
