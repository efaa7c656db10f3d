/** The entry point of the core: applies each entry to its group, and creates and deletes groups. */

import type { Effect } from './effects.js';
import type { Entry, GroupEntry, JoinedEntry, RestoredEntry } from './entries.js';
import type { GroupLimits } from './group-limits.js';
import { Group } from './group.js';
import { seatOf } from './roster/member.js';
import type { CoordinatorSnapshot } from './snapshot.js';

/** The effects of one group whose timers a server has to set. */
export interface PendingEffects {
  readonly group: string;
  readonly effects: readonly Effect[];
}

/** A group that has begun a new epoch, with the entry and the effects that describe it. */
export interface Renewal {
  readonly entry: RestoredEntry;
  readonly effects: readonly Effect[];
}

/**
 * All groups of one log. A group exists while it has members, and each time it is created it begins a new, larger epoch
 * (protocol: Terms).
 */
export class Coordinator {
  readonly #limits: GroupLimits;
  readonly #groups = new Map<string, Group>();
  #epochLast: number;
  #frozen = false;

  /** Epochs that this coordinator issues are larger than `epochLast`. */
  constructor(limits: GroupLimits, epochLast = 0) {
    this.#limits = { ...limits };
    this.#epochLast = epochLast;
  }

  get limits(): GroupLimits {
    return this.#limits;
  }

  /** The largest epoch that was ever issued. */
  get epochLast(): number {
    return this.#epochLast;
  }

  /** Replaces the limits of all groups, from the next entry on. */
  adoptLimits(limits: GroupLimits): void {
    Object.assign(this.#limits, limits);
  }

  /** The groups that have members, by name. Callers must not change them. */
  get groups(): ReadonlyMap<string, Group> {
    return this.#groups;
  }

  /** Applies an entry to its group and returns the effects in order. The `frozen` entry applies to all groups (R-BYE-2). */
  apply(entry: Entry): Effect[] {
    if (entry.kind === 'frozen') {
      this.#frozen = true;
      for (const group of this.#groups.values()) group.freeze();
      return [];
    }
    // R-BYE-2: a frozen order admits no member, also none of the order before a restart.
    if (entry.kind === 'restored' && this.#frozen) return [];
    const existing = this.#groups.get(entry.group);
    if (existing === undefined) return this.#applyToNew(entry);
    const effects = existing.apply(entry);
    if (existing.roster.size === 0) this.#groups.delete(entry.group);
    return effects;
  }

  /** Applies an entry to a group that does not exist: a join creates it; other requests are rejected (R-CMD-3, R-ADMIN-1). */
  #applyToNew(entry: GroupEntry): Effect[] {
    switch (entry.kind) {
      case 'joined':
        return this.#join(entry);
      case 'restored':
        return entry.seats.length === 0 ? [] : this.#create(entry).apply(entry);
      case 'moved':
      case 'removed':
      case 'command': {
        const nobody = new Group(entry.group, 0, this.#limits);
        if (this.#frozen) nobody.freeze();
        return nobody.apply(entry);
      }
      default:
        return [];
    }
  }

  #join(entry: JoinedEntry): Effect[] {
    const { session } = entry.newcomer;
    if (this.#frozen) return [{ kind: 'turned-away', session, code: 'DRAINING', detail: entry.group }];
    if (this.#groups.size >= this.#limits.groupsMax) {
      const detail = `the server holds ${this.#limits.groupsMax} groups`;
      return [{ kind: 'turned-away', session, code: 'FULL', detail }];
    }
    return this.#create(entry).apply(entry);
  }

  #create(entry: GroupEntry): Group {
    this.#epochLast = Math.max(entry.at, this.#epochLast + 1);
    const group = new Group(entry.group, this.#epochLast, this.#limits);
    this.#groups.set(entry.group, group);
    return group;
  }

  /**
   * Handles the loss of the end of the order, which may have used epochs up to `epochLost`. Each group with such an epoch begins a new
   * epoch with its remaining seats, as after a restart (R-VIEW-6, protocol: Terms). So no view, seq or fencing token is issued twice,
   * and no epoch of a group that was lost as a whole. `at` is the time in milliseconds since 1970.
   */
  renewEpochs(at: number, epochLost: number): Renewal[] {
    this.#epochLast = Math.max(this.#epochLast, epochLost);
    const overtaken = [...this.#groups.values()].filter(({ epoch }) => epoch <= epochLost);
    return overtaken.map(({ name: group, roster }) => {
      const entry: RestoredEntry = { kind: 'restored', group, at, seats: roster.slice().map(seatOf) };
      return { entry, effects: this.#create(entry).apply(entry) };
    });
  }

  /**
   * Returns the effects that need a timer at the time `at`, for groups that have any: the `grace` of every away member, the `deadline` of
   * every open command, and the last `ask-to-stop` if the leader has no session. Each has its remaining milliseconds, at least 0. It
   * is for a server that takes over a state whose timers another server had set. Changes nothing.
   */
  pendingTimers(at: number): PendingEffects[] {
    const all = [...this.#groups.values()].map(group => ({ group: group.name, effects: group.pending(at) }));
    return all.filter(({ effects }) => effects.length > 0);
  }

  /** Returns the whole state except the limits, as plain values. Later entries do not change the returned object. */
  snapshot(): CoordinatorSnapshot {
    const groups = [...this.#groups.values()].map(group => group.snapshot());
    return { epochLast: this.#epochLast, frozen: this.#frozen, groups };
  }

  /** Creates a coordinator with the state of a snapshot. @throws InvariantError if the snapshot is inconsistent */
  static fromSnapshot(limits: GroupLimits, { epochLast, frozen, groups }: CoordinatorSnapshot): Coordinator {
    const coordinator = new Coordinator(limits, epochLast);
    coordinator.#frozen = frozen;
    for (const group of groups) coordinator.#groups.set(group.name, Group.fromSnapshot(coordinator.#limits, group));
    return coordinator;
  }
}
