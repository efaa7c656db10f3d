/** The entry point of the core. The coordinator applies each entry of the log to its group, and creates and deletes groups. */

import type { Effect } from './effects.js';
import type { Entry, GroupEntry, JoinedEntry, RestoredEntry } from './entries.js';
import type { GroupLimits } from './group-limits.js';
import { Group } from './group.js';
import { credibleEpoch, raisesEpoch } from './membership/epoch-claim.js';
import { seatOf, type Timekeeper } from './roster/member.js';
import type { CoordinatorSnapshot } from './snapshot.js';

/** The effects of one group for which a server has to set timers. */
export interface PendingEffects {
  readonly group: string;
  readonly effects: readonly Effect[];
}

/** The entry and the effects with which a group begins a new epoch. */
export interface Renewal {
  readonly entry: RestoredEntry;
  readonly effects: readonly Effect[];
}

/**
 * All groups of one log. A group exists while it has members. Each time a group is created, it begins a new epoch: one run of its order.
 * A later epoch has a larger number (docs/protocol.md, Glossary).
 */
export class Coordinator {
  readonly #limits: GroupLimits;
  readonly #groups = new Map<string, Group>();
  #epochLast: number;
  #timekeeper: Timekeeper;
  #frozen = false;
  /** The wall time of the last start of a server: the largest of all starts. 0 if the log contains none. */
  #startLast = 0;

  /** `epochLast` is the largest epoch that was issued before. This coordinator issues larger ones. */
  constructor(limits: GroupLimits, epochLast = 0, timekeeper: Timekeeper = 'servers') {
    this.#limits = { ...limits };
    this.#epochLast = epochLast;
    this.#timekeeper = timekeeper;
  }

  /** The limits that apply to all groups. */
  get limits(): GroupLimits {
    return this.#limits;
  }

  /** The largest epoch issued so far. */
  get epochLast(): number {
    return this.#epochLast;
  }

  /** Replaces the limits of all groups. The new limits apply from the next entry on. */
  adoptLimits(limits: GroupLimits): void {
    Object.assign(this.#limits, limits);
  }

  /** The groups that have members, by name. Callers must not change the map or its groups. */
  get groups(): ReadonlyMap<string, Group> {
    return this.#groups;
  }

  /**
   * Applies an entry to its group. Returns the effects in the order in which they must be performed. The entry `frozen` applies to all
   * groups (R-BYE-2).
   */
  apply(entry: Entry): Effect[] {
    if (entry.kind === 'frozen') {
      this.#frozen = true;
      for (const group of this.#groups.values()) group.freeze();
      return [];
    }
    // R-BYE-2: a frozen order admits no members, and restored seats are members too.
    if (entry.kind === 'restored' && this.#frozen) return [];
    const existing = this.#groups.get(entry.group);
    if (existing === undefined) return this.#applyToNew(entry);
    if (entry.kind === 'joined' && raisesEpoch(entry, existing)) return this.#joinAbove(existing, entry);
    const effects = existing.apply(entry);
    if (existing.roster.size === 0) this.#groups.delete(entry.group);
    return effects;
  }

  /**
   * Applies an entry to a group that does not exist. A join creates the group. A move, a removal or a command is rejected (R-CMD-3,
   * R-ADMIN-1).
   */
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
      const detail = `the server has ${this.#limits.groupsMax} of ${this.#limits.groupsMax} groups`;
      return [{ kind: 'turned-away', session, code: 'FULL', detail }];
    }
    return this.#create(entry, credibleEpoch(entry)).apply(entry);
  }

  /**
   * Applies a join whose client has held a later epoch of this group (R-JOIN-1): a server that has ended issued that epoch, and the store
   * has lost it. The group begins a larger epoch with the same seats, as after a restart (R-VIEW-6), so no fencing token is issued twice.
   * Requests of administrators are answered or decided again, and the waitlist stays.
   */
  #joinAbove(before: Group, entry: JoinedEntry): Effect[] {
    const { at } = entry;
    const ended = before.endCommands();
    const { group, effects } = this.#renew(before, at, credibleEpoch(entry));
    group.continueFrom(before);
    const joined = group.apply(entry);
    return [...ended, ...effects, ...joined, ...before.heldRequests.flatMap(request => group.apply(request))];
  }

  /** Begins a new epoch of a group, above `epochHeld`, with its seats. All members are away. */
  #renew(before: Group, at: number, epochHeld = 0): Renewal & { readonly group: Group } {
    const seats = before.roster.slice().map(seatOf);
    const entry: RestoredEntry = { kind: 'restored', group: before.name, at, seats };
    const group = this.#create(entry, epochHeld);
    const effects = group.apply(entry);
    // Release 0.1 forgets the earlier secrets.
    if (this.#timekeeper === 'servers') group.keepSecrets(before);
    return { group, entry, effects };
  }

  #create(entry: GroupEntry, epochHeld = 0): Group {
    this.#epochLast = Math.max(entry.at, this.#epochLast + 1, epochHeld + 1);
    const group = new Group(entry.group, this.#epochLast, this.#limits, this.#timekeeper);
    this.#groups.set(entry.group, group);
    return group;
  }

  /**
   * Handles the loss of the end of the log. The lost entries may have used epochs up to `epochLost`. Each group with such an epoch begins
   * a new epoch with its remaining seats, as after a restart (R-VIEW-6). Groups that are created later get larger epochs too. So no view,
   * seq or fencing token is issued twice. `at` is the time in milliseconds since 1970. Returns one renewal for each group that
   * begins a new epoch.
   */
  renewEpochs(at: number, epochLost: number): Renewal[] {
    this.#epochLast = Math.max(this.#epochLast, epochLost);
    const overtaken = [...this.#groups.values()].filter(({ epoch }) => epoch <= epochLost);
    return overtaken.map(group => this.#renew(group, at));
  }

  /**
   * A server has started at the wall time `since`. From now on each group may begin another epoch because of a hello (R-JOIN-1). Has no
   * effect if this start is known already, because the server only joins the shard again. In format 1 of the log no hello has this effect.
   */
  recordStart(since: number): void {
    if (since <= this.#startLast || this.#timekeeper === 'entries') return;
    this.#startLast = since;
    for (const group of this.#groups.values()) group.openEpochClaims();
  }

  /**
   * From now on servers measure durations, because the format of the log has entries with measured durations. Returns the effects with
   * which their timers begin, for each group that has any. Returns none if servers measured before. `at` is a wall time in milliseconds.
   */
  adoptServerClocks(at: number): PendingEffects[] {
    if (this.#timekeeper === 'servers') return [];
    this.#timekeeper = 'servers';
    return this.#effectsOf(group => group.adoptServerClocks(at));
  }

  /**
   * Returns the effects that need a timer, for each group that has any. These are the `grace` of every away member, the `deadline` of every
   * open command, and the last `ask-to-stop` if the asked leader has no session. Each effect contains its whole duration, because the state
   * does not contain when it began. In format 1 of the log, an effect about an absence contains the duration that is left at the wall time
   * `at`. A server calls this when it takes over a state whose timers another server had set. The state does not change.
   */
  pendingTimers(at: number): PendingEffects[] {
    return this.#effectsOf(group => group.pending(at));
  }

  #effectsOf(effectsFor: (group: Group) => readonly Effect[]): PendingEffects[] {
    const all = [...this.#groups.values()].map(group => ({ group: group.name, effects: effectsFor(group) }));
    return all.filter(({ effects }) => effects.length > 0);
  }

  /** Returns the state as plain values, without the limits. Later entries do not change the returned object. */
  snapshot(): CoordinatorSnapshot {
    const groups = [...this.#groups.values()].map(group => group.snapshot());
    const [epochLast, frozen, timekeeper] = [this.#epochLast, this.#frozen, this.#timekeeper];
    return { epochLast, frozen, timekeeper, startLast: this.#startLast, groups };
  }

  /**
   * Creates a coordinator with the state of a snapshot.
   * @throws InvariantError if the snapshot refers to a member that it does not contain.
   */
  static fromSnapshot(
    limits: GroupLimits,
    { epochLast, frozen, timekeeper, startLast, groups }: CoordinatorSnapshot,
  ): Coordinator {
    const coordinator = new Coordinator(limits, epochLast, timekeeper);
    coordinator.#frozen = frozen;
    coordinator.#startLast = startLast;
    for (const group of groups) {
      coordinator.#groups.set(group.name, Group.fromSnapshot(coordinator.#limits, group, timekeeper));
    }
    return coordinator;
  }
}
