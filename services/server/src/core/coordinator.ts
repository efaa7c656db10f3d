import type { Effect } from './effects.js';
import type { Entry, GroupEntry, JoinedEntry, RestoredEntry } from './entries.js';
import type { GroupLimits } from './group-limits.js';
import { Group } from './group.js';
import { seatOf } from './roster/member.js';
import type { CoordinatorSnapshot } from './snapshot.js';

/** What a server has to set its timers for in one group. */
export interface PendingEffects {
  readonly group: string;
  readonly effects: readonly Effect[];
}

/** A group whose order has begun anew, as if by this entry. */
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

  /** `epochLast`: no epoch up to this one is ever issued again. */
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

  /** From here on these bounds and times hold, in every group. */
  adoptLimits(limits: GroupLimits): void {
    Object.assign(this.#limits, limits);
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
    // R-BYE-2: nobody gets a place any more, those of the last order neither.
    if (entry.kind === 'restored' && this.#frozen) return [];
    const existing = this.#groups.get(entry.group);
    if (existing === undefined) return this.#applyToNew(entry);
    const effects = existing.apply(entry);
    if (existing.roster.size === 0) this.#groups.delete(entry.group);
    return effects;
  }

  /** R-CMD-3, R-ADMIN-1: a group that is not there has no members, which whoever asks is told. */
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
   * The end of the order has been lost: what was told of epochs up to `epochLost` may be told differently from here on. So
   * each of their groups begins another epoch with the seats that are left, as after a restart (R-VIEW-6, protocol: Terms):
   * no view, seq or fencing token of theirs is issued a second time, nor the epoch of a group of which nothing is left.
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
   * What timers are needed for at `at`, in the groups that need any: the `grace` of every away member, the `deadline` of every
   * open command, and the last `ask-to-stop` where the leader has no session; each with the ms that are left of it, at least 0.
   * For a server that has taken over a state whose timers were another's. Changes nothing.
   */
  pendingTimers(at: number): PendingEffects[] {
    const all = [...this.#groups.values()].map(group => ({ group: group.name, effects: group.pending(at) }));
    return all.filter(({ effects }) => effects.length > 0);
  }

  /** Everything that the effects of later entries depend on, but the limits. Shares nothing with this that will change. */
  snapshot(): CoordinatorSnapshot {
    const groups = [...this.#groups.values()].map(group => group.snapshot());
    return { epochLast: this.#epochLast, frozen: this.#frozen, groups };
  }

  /** Goes on where the snapshot was taken, under the same limits. Throws InvariantError where its parts do not fit together. */
  static fromSnapshot(limits: GroupLimits, { epochLast, frozen, groups }: CoordinatorSnapshot): Coordinator {
    const coordinator = new Coordinator(limits, epochLast);
    coordinator.#frozen = frozen;
    for (const group of groups) coordinator.#groups.set(group.name, Group.fromSnapshot(coordinator.#limits, group));
    return coordinator;
  }
}
